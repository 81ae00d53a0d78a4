// oidc-provider, configured to do all that a client of it can be tested for.
import * as crypto from 'node:crypto';
import { errors, Provider } from 'oidc-provider';
import { SCOPES } from './clients.mjs';

/** PingFederate's path, so that gs_quant itself can be pointed here. */
export const TOKEN_PATH = '/as/token.oauth2';

const DAY = 86400;
const FAILURES = [
  'grant.error', 'authorization.error', 'introspection.error', 'revocation.error', 'userinfo.error',
  'pushed_authorization_request.error', 'device_authorization.error', 'end_session.error',
];

/** A provider for one issuer. `mtlsOrigin`, if it has one, is where it asks for client certificates. */
export function makeProvider({ issuer, mtlsOrigin, clients, signingKeys, resources, journal }) {
  const provider = new Provider(issuer, {
    clients: structuredClone(clients),
    jwks: { keys: signingKeys.map((key) => key.privateJwk) },
    scopes: SCOPES,
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    cookies: { keys: [crypto.randomBytes(32).toString('hex')] },
    // By default a token of 3 s would be good for 18 s.
    clockTolerance: 0,
    clientAuthMethods: [
      'none', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt',
      'tls_client_auth', 'self_signed_tls_client_auth',
    ],
    extraClientMetadata: { properties: ['x_access_ttl', 'x_refresh_ttl', 'x_dpop_nonce'], validator() {} },
    routes: { token: TOKEN_PATH },
    discovery: mtlsOrigin ? { mtls_endpoint_aliases: mtlsEndpoints(mtlsOrigin) } : {},
    findAccount: (ctx, subject) => findAccount(subject),
    // By default confidential clients keep theirs, and only requests for offline_access get one.
    rotateRefreshToken: () => true,
    issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
    ttl: lifetimes(),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true, charset: 'base-20', mask: '****-****' },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      userinfo: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      dPoP: {
        enabled: true,
        nonceSecret: crypto.randomBytes(32),
        requireNonce: (ctx) => ctx.oidc.client?.x_dpop_nonce === true,
      },
      mTLS: mutualTls(),
      resourceIndicators: resourceIndicators(resources),
    },
  });

  provider.on('server_error', (ctx, error) => console.error('server_error', error.stack));
  for (const event of FAILURES) {
    provider.on(event, (ctx, { error, error_description, error_detail }) => {
      journal.push({ t: Date.now(), event, error, error_description, detail: error_detail });
    });
  }
  return provider;
}

/** Everybody has an account, except `nobody`. */
function findAccount(subject) {
  if (subject === 'nobody') return undefined;
  const claims = { sub: subject, name: `User ${subject}`, email: `${subject}@session.test` };
  return { accountId: subject, claims: async () => claims };
}

function lifetimes() {
  const accessToken = (otherwise) => (ctx, token, client) => (
    token.resourceServer?.accessTokenTTL ?? client?.x_access_ttl ?? otherwise
  );
  return {
    AccessToken: accessToken(3600),
    ClientCredentials: accessToken(600),
    RefreshToken: (ctx, token, client) => client?.x_refresh_ttl ?? 14 * DAY,
    AuthorizationCode: 60,
    DeviceCode: 30,
    Grant: 14 * DAY,
    IdToken: 3600,
    Interaction: 600,
    Session: DAY,
  };
}

function mtlsEndpoints(origin) {
  return {
    token_endpoint: `${origin}${TOKEN_PATH}`,
    revocation_endpoint: `${origin}/token/revocation`,
    introspection_endpoint: `${origin}/token/introspection`,
  };
}

/** RFC 8705. The listener asks for a certificate and takes any; what it is worth is decided here. */
function mutualTls() {
  const certificate = (ctx) => ctx.socket.getPeerX509Certificate?.();
  return {
    enabled: true,
    tlsClientAuth: true,
    selfSignedTlsClientAuth: true,
    certificateBoundAccessTokens: true,
    getCertificate: certificate,
    certificateAuthorized: (ctx) => ctx.socket.authorized === true,
    certificateSubjectMatches(ctx, property, expected) {
      const { subject, subjectAltName } = certificate(ctx);
      switch (property) {
        case 'tls_client_auth_subject_dn':
          // Node has one attribute a line, in the certificate's order; RFC 4514 writes the last first.
          return subject.split('\n').reverse().join(',') === expected;
        case 'tls_client_auth_san_dns':
          return (subjectAltName ?? '').split(', ').includes(`DNS:${expected}`);
        default:
          return false;
      }
    },
  };
}

function resourceIndicators(resources) {
  return {
    enabled: true,
    defaultResource: async () => undefined,
    useGrantedResource: async () => true,
    async getResourceServerInfo(ctx, resource) {
      if (!Object.hasOwn(resources, resource)) throw new errors.InvalidTarget();
      return { scope: SCOPES.join(' '), audience: resource, ...resources[resource] };
    },
  };
}
