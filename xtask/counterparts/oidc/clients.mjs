// Who may ask for tokens: one client for each grant and each kind of client authentication.
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';

/** What a Marquee application may ask for. */
const MARQUEE_SCOPES = [
  'read_content', 'read_financial_data', 'read_product_data', 'read_user_profile',
  'modify_content', 'modify_financial_data', 'modify_product_data', 'modify_user_profile',
  'run_analytics', 'execute_trades',
];

export const SCOPES = ['openid', 'offline_access', 'profile', 'email', ...MARQUEE_SCOPES];

// Both change when they are form-encoded, as RFC 6749 section 2.3.1 asks for inside Basic.
const AWKWARD_ID = 'cc basic:special+id';
const awkwardSecret = () => `p%40ss word:+/=&?#~${newSecret()}`;

// RFC 8252 section 7.3: the port of a loopback redirect is ignored.
const LOOPBACK_REDIRECTS = ['http://127.0.0.1/callback', 'http://[::1]/callback'];
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/**
 * The registrations, as oidc-provider takes them. Three properties are ours: `x_access_ttl` and `x_refresh_ttl`
 * set lifetimes in seconds, `x_dpop_nonce` makes the token endpoint insist on a nonce.
 */
export function registerClients({ keys, certificate, shortTtl }) {
  return [
    service('cc-basic', 'client_secret_basic'),
    service(AWKWARD_ID, 'client_secret_basic', { client_secret: awkwardSecret() }),
    service('cc-post', 'client_secret_post'),
    service('gs-app', 'client_secret_post', { scope: MARQUEE_SCOPES.join(' ') }),
    service('cc-short', 'client_secret_post', { x_access_ttl: shortTtl }),
    service('cc-long', 'client_secret_post', { x_access_ttl: 86400 }),
    service('cc-narrow', 'client_secret_post', { scope: 'read_content' }),
    service('cc-secret-jwt', 'client_secret_jwt', { token_endpoint_auth_signing_alg: 'HS256' }),
    ...Object.values(keys).map((key) => service(privateKeyClientId(key), 'private_key_jwt', {
      token_endpoint_auth_signing_alg: key.alg,
      jwks: { keys: [key.publicJwk] },
    })),
    service('cc-dpop', 'client_secret_post', { dpop_bound_access_tokens: true }),
    service('cc-dpop-nonce', 'client_secret_post', { dpop_bound_access_tokens: true, x_dpop_nonce: true }),
    service('cc-tls', 'tls_client_auth', {
      tls_client_auth_subject_dn: 'CN=session-client,O=session-test',
      tls_client_certificate_bound_access_tokens: true,
    }),
    service('cc-tls-san', 'tls_client_auth', { tls_client_auth_san_dns: 'client.session.test' }),
    service('cc-self-signed', 'self_signed_tls_client_auth', {
      jwks: { keys: [certificateJwk(certificate('client-self-signed.pem'))] },
      tls_client_certificate_bound_access_tokens: true,
    }),

    nativeApp('native'),
    nativeApp('native-short', { x_access_ttl: shortTtl }),
    nativeApp('native-rt-short', { x_access_ttl: shortTtl, x_refresh_ttl: shortTtl * 2 }),
    nativeApp('native-dpop', { dpop_bound_access_tokens: true }),
    nativeApp('native-dpop-nonce', { dpop_bound_access_tokens: true, x_dpop_nonce: true }),
    nativeApp('native-par', { require_pushed_authorization_requests: true }),
    nativeApp('web', {
      application_type: 'web',
      token_endpoint_auth_method: 'client_secret_basic',
      client_secret: newSecret(),
      redirect_uris: ['http://127.0.0.1:8765/callback', 'http://localhost:8765/callback'],
      post_logout_redirect_uris: ['http://127.0.0.1:8765/bye'],
    }),
    nativeApp('device', {
      grant_types: [DEVICE_GRANT, 'refresh_token'],
      response_types: [],
      redirect_uris: [],
      post_logout_redirect_uris: [],
    }),

    // What a resource server introspects tokens with.
    service('rs', 'client_secret_basic'),
  ];
}

/** What a test needs to know to act as each client, by client id. */
export function describeClients(clients, { keys, certificate }) {
  const described = Object.fromEntries(clients.map((client) => [client.client_id, describe(client)]));
  for (const key of Object.values(keys)) {
    Object.assign(described[privateKeyClientId(key)], { alg: key.alg, kid: key.kid, key_file: key.file });
  }
  const certificates = { 'cc-tls': 'client', 'cc-tls-san': 'client', 'cc-self-signed': 'client-self-signed' };
  for (const [id, name] of Object.entries(certificates)) {
    Object.assign(described[id], certificateFiles(certificate, name));
  }
  return described;
}

export function certificateFiles(certificate, name) {
  return { cert_file: certificate(`${name}.pem`), key_file: certificate(`${name}.key`) };
}

function service(client_id, token_endpoint_auth_method, more = {}) {
  const withSecret = token_endpoint_auth_method.startsWith('client_secret');
  return {
    client_id,
    token_endpoint_auth_method,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    ...(withSecret && { client_secret: newSecret() }),
    ...more,
  };
}

function nativeApp(client_id, more = {}) {
  return {
    client_id,
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: LOOPBACK_REDIRECTS,
    post_logout_redirect_uris: ['http://127.0.0.1/bye'],
    ...more,
  };
}

function describe(client) {
  return {
    auth: client.token_endpoint_auth_method,
    grants: client.grant_types,
    secret: client.client_secret,
    access_ttl: client.x_access_ttl,
    refresh_ttl: client.x_refresh_ttl,
    ...(client.dpop_bound_access_tokens && { dpop: client.x_dpop_nonce ? 'nonce' : 'required' }),
  };
}

function privateKeyClientId({ alg }) {
  return `cc-pkjwt-${alg.toLowerCase()}`;
}

function certificateJwk(file) {
  const certificate = new crypto.X509Certificate(fs.readFileSync(file));
  return { ...certificate.publicKey.export({ format: 'jwk' }), x5c: [certificate.raw.toString('base64')] };
}

function newSecret() {
  return crypto.randomBytes(32).toString('base64url');
}
