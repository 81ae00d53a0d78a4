import assert from 'node:assert/strict';
import * as crypto from 'node:crypto';
import { test } from 'node:test';
import * as jose from 'jose';
import { credentials, overBoth, request, sha256 } from './wire.mjs';

const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true });
const jwk = await jose.exportJWK(publicKey);

overBoth((issuer) => {
  const bound = async (proof) => issuer.clientCredentials(credentials('cc-dpop'), proof && { dpop: proof });
  const withNonce = async (nonce) => (
    issuer.clientCredentials(credentials('cc-dpop-nonce'), { dpop: await prove('POST', issuer.tokenEndpoint, { nonce }) })
  );
  const call = async (path, token, claims = {}) => {
    const dpop = await prove('GET', `${issuer.origin}${path.split('?')[0]}`, { ath: sha256(token), ...claims });
    return request('GET', `${issuer.origin}${path}`, { headers: { authorization: `DPoP ${token}`, dpop } });
  };

  test('a bound client needs a proof: a fresh one, used once', async () => {
    assert.equal((await bound()).status, 400);
    const proof = await prove('POST', issuer.tokenEndpoint);
    const { status, json } = await bound(proof);
    assert.deepEqual([status, json.token_type], [200, 'DPoP']);
    assert.equal((await bound(proof)).status, 400);
    const old = await bound(await prove('POST', issuer.tokenEndpoint, { iat: Math.floor(Date.now() / 1000) - 4000 }));
    assert.deepEqual([old.status, old.json.error], [400, 'use_dpop_nonce']);
  });

  test('the API takes a bound token with its proof, not as a Bearer token', async () => {
    const { access_token: token } = (await bound(await prove('POST', issuer.tokenEndpoint))).json;
    assert.equal((await call('/api/v1/x?a=1', token)).status, 200);
    assert.equal((await issuer.api(token)).status, 401);
    assert.equal((await call('/api/v1/x', token, { ath: sha256('another') })).status, 401);
    const jti = crypto.randomUUID();
    assert.equal((await call('/api/v1/x', token, { jti })).status, 200);
    assert.equal((await call('/api/v1/x', token, { jti })).status, 401);
  });

  test('the API asks for a nonce, once', async () => {
    const { access_token: token } = (await bound(await prove('POST', issuer.tokenEndpoint))).json;
    const asked = await call('/api/nonce/x', token);
    assert.equal(asked.status, 401);
    assert.match(asked.headers['www-authenticate'], /^DPoP error="use_dpop_nonce"/);
    const nonce = asked.headers['dpop-nonce'];
    assert.equal((await call('/api/nonce/x', token, { nonce })).status, 200);
    assert.equal((await call('/api/nonce/x', token, { nonce })).status, 401);
  });

  test('the token endpoint asks for a nonce, again when it is stale', async () => {
    const asked = await withNonce();
    assert.deepEqual([asked.status, asked.json.error], [400, 'use_dpop_nonce']);
    const granted = await withNonce(asked.headers['dpop-nonce']);
    assert.deepEqual([granted.status, granted.json.token_type], [200, 'DPoP']);
    const stale = await withNonce('bogus');
    assert.equal(stale.json.error, 'use_dpop_nonce');
    assert.ok(stale.headers['dpop-nonce']);
  });

  test('a public client must refresh with the same key', async () => {
    const proof = async () => ({ dpop: await prove('POST', issuer.tokenEndpoint) });
    const granted = await issuer.authorize('native-dpop');
    const { json } = await issuer.exchange('native-dpop', granted, await proof());
    assert.equal(json.token_type, 'DPoP');
    assert.equal((await issuer.refresh('native-dpop', json.refresh_token)).status, 400);
    assert.equal((await issuer.refresh('native-dpop', json.refresh_token, await proof())).status, 200);
  });
});

function prove(htm, htu, { iat, ...claims } = {}) {
  return new jose.SignJWT({ htm, htu, jti: crypto.randomUUID(), ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
    .setIssuedAt(iat)
    .sign(privateKey);
}
