// A protected API beside the provider. Takes Bearer tokens, DPoP-bound ones (RFC 9449) and certificate-bound ones
// (RFC 8705); answers with what it saw. Below `/api/nonce/` a DPoP proof needs a nonce of ours.
import * as crypto from 'node:crypto';
import * as jose from 'jose';

const PROOF_AGE = 60; // seconds
const PROOF_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'];

/** A handler for the API at `origin`, which takes the tokens of `provider`. */
export function makeApi({ provider, origin, signingKeys, resources }) {
  const tokens = new Tokens(provider, signingKeys, Object.keys(resources));
  const proofs = new Proofs(origin);

  return async function answer(request, response) {
    const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ');
    const withProof = scheme.toLowerCase() === 'dpop';
    try {
      if (!token) throw new Refusal('', 'no token');
      const claims = await tokens.check(token);
      if (claims.cnf?.jkt) {
        if (!withProof) throw new Refusal('invalid_token', 'a DPoP-bound token needs the DPoP scheme');
        await proofs.check(request, token, claims.cnf.jkt);
      } else if (withProof) {
        throw new Refusal('invalid_token', 'not DPoP bound');
      }
      if (claims.cnf?.['x5t#S256']) checkCertificate(request, claims.cnf['x5t#S256']);

      const answer = { ok: true, method: request.method, path: request.url, claims, body: await text(request) };
      return reply(response, 200, answer, { 'x-dash-requestid': crypto.randomUUID() });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, message, headers } = error;
      const challenge = `${withProof ? 'DPoP' : 'Bearer'}${code && ` error="${code}", error_description="${message}"`}`;
      return reply(response, 401, { error: code, error_description: message }, { 'www-authenticate': challenge, ...headers });
    }
  };
}

class Tokens {
  constructor(provider, signingKeys, audience) {
    this.provider = provider;
    this.expected = { issuer: provider.issuer, audience, typ: 'at+jwt' };
    this.keys = jose.createLocalJWKSet({ keys: signingKeys.map((key) => key.publicJwk) });
  }

  check(token) {
    return token.split('.').length === 3 ? this.#checkJwt(token) : this.#checkOpaque(token);
  }

  async #checkJwt(token) {
    try {
      return (await jose.jwtVerify(token, this.keys, this.expected)).payload;
    } catch (error) {
      throw new Refusal('invalid_token', error.message);
    }
  }

  async #checkOpaque(value) {
    const token = await this.provider.AccessToken.find(value) ?? await this.provider.ClientCredentials.find(value);
    if (!token?.isValid) throw new Refusal('invalid_token', 'unknown, expired or revoked');
    const { accountId, clientId, scope, aud, exp, jkt, 'x5t#S256': x5t } = token;
    const bound = jkt || x5t;
    return {
      sub: accountId ?? clientId, client_id: clientId, scope, aud, exp, ...(bound && { cnf: { jkt, 'x5t#S256': x5t } }),
    };
  }
}

/** DPoP proofs: each is good once, for one method and URL, with one token. */
class Proofs {
  #seen = new Set();

  #nonces = new Set();

  constructor(origin) {
    this.origin = origin;
  }

  async check(request, token, thumbprint) {
    const claims = await this.#claims(request.headers.dpop ?? '', thumbprint);
    const url = `${this.origin}${request.url.split('?')[0]}`;
    const refuseUnless = (good, why) => { if (!good) throw new Refusal('invalid_dpop_proof', why); };
    refuseUnless(claims.htm === request.method && claims.htu === url, `htm/htu mismatch (want ${request.method} ${url})`);
    refuseUnless(claims.ath === sha256(token), 'ath mismatch');
    refuseUnless(Math.abs(Date.now() / 1000 - claims.iat) <= PROOF_AGE, 'iat');
    refuseUnless(!this.#seen.has(claims.jti), 'jti replayed');
    this.#seen.add(claims.jti);

    if (request.url.startsWith('/api/nonce/') && !this.#nonces.delete(claims.nonce)) {
      const nonce = crypto.randomBytes(12).toString('base64url');
      this.#nonces.add(nonce);
      throw new Refusal('use_dpop_nonce', 'nonce required', { 'dpop-nonce': nonce });
    }
  }

  async #claims(proof, thumbprint) {
    try {
      const { payload, protectedHeader } = await jose.jwtVerify(proof, jose.EmbeddedJWK, {
        typ: 'dpop+jwt',
        algorithms: PROOF_ALGORITHMS,
      });
      if (await jose.calculateJwkThumbprint(protectedHeader.jwk) !== thumbprint) throw new Error('jkt mismatch');
      return payload;
    } catch (error) {
      throw new Refusal('invalid_dpop_proof', error.message);
    }
  }
}

class Refusal extends Error {
  constructor(code, description, headers = {}) {
    super(description);
    this.code = code;
    this.headers = headers;
  }
}

function checkCertificate(request, thumbprint) {
  const certificate = request.socket.getPeerX509Certificate?.();
  if (!certificate || sha256(certificate.raw) !== thumbprint) throw new Refusal('invalid_token', 'certificate binding');
}

function sha256(bytes) {
  return crypto.createHash('sha256').update(bytes).digest('base64url');
}

async function text(request) {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

function reply(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
