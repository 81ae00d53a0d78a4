import assert from 'node:assert/strict';
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import { test } from 'node:test';
import * as jose from 'jose';
import { basic, clients, credentials, eventually, overBoth } from './wire.mjs';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

overBoth((issuer) => {
  const asBasic = (fields = {}) => issuer.clientCredentials(fields, basic('cc-basic', clients['cc-basic'].secret));

  test('client_secret_basic', async () => {
    const { status, json, headers } = await asBasic({ scope: 'read_content' });
    assert.equal(status, 200);
    assert.deepEqual([json.token_type, json.expires_in, json.scope], ['Bearer', 600, 'read_content']);
    assert.match(headers['cache-control'], /no-store/);
  });

  test('client_secret_basic wants id and secret form-encoded', async () => {
    const id = Object.keys(clients).find((each) => each.includes(':'));
    const { secret } = clients[id];
    assert.equal((await issuer.clientCredentials({}, basic(id, secret))).status, 200);
    const raw = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
    assert.equal((await issuer.clientCredentials({}, raw)).status, 401);
  });

  test('client_secret_post; no scope asked, none in the answer', async () => {
    const { status, json } = await issuer.clientCredentials(credentials('cc-post'));
    assert.equal(status, 200);
    assert.equal(json.scope, undefined);
  });

  test('a wrong secret is 401 invalid_client, with a challenge if it came as Basic', async () => {
    const inBody = await issuer.clientCredentials({ client_id: 'cc-post', client_secret: 'wrong' });
    assert.deepEqual([inBody.status, inBody.json.error], [401, 'invalid_client']);
    const inHeader = await issuer.clientCredentials({}, basic('cc-basic', 'wrong'));
    assert.equal(inHeader.status, 401);
    assert.match(inHeader.headers['www-authenticate'], /^Basic/);
  });

  test('a scope that the client may not have is refused, an unknown one dropped', async () => {
    const refused = await issuer.clientCredentials({ ...credentials('cc-narrow'), scope: 'execute_trades' });
    assert.deepEqual([refused.status, refused.json.error], [400, 'invalid_scope']);
    const dropped = await issuer.clientCredentials({ ...credentials('cc-post'), scope: 'no_such_scope' });
    assert.deepEqual([dropped.status, dropped.json.scope], [200, undefined]);
  });

  test('a client without the grant is refused', async () => {
    assert.equal((await issuer.clientCredentials({ client_id: 'native' })).status, 400);
  });

  test('client_secret_jwt', async () => {
    const assertion = await makeAssertion('cc-secret-jwt', 'HS256', issuer.tokenEndpoint);
    assert.equal((await withAssertion(assertion, { client_id: 'cc-secret-jwt' })).status, 200);
  });

  for (const algorithm of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
    test(`private_key_jwt ${algorithm}, for the issuer, without client_id`, async () => {
      const assertion = await makeAssertion(`cc-pkjwt-${algorithm.toLowerCase()}`, algorithm, issuer.origin);
      assert.equal((await withAssertion(assertion)).status, 200);
    });
  }

  test('an assertion is good once, and only for this server', async () => {
    const once = await makeAssertion('cc-pkjwt-es256', 'ES256', issuer.tokenEndpoint);
    assert.equal((await withAssertion(once)).status, 200);
    assert.equal((await withAssertion(once)).status, 401);
    const elsewhere = await makeAssertion('cc-pkjwt-es256', 'ES256', 'https://elsewhere.invalid');
    assert.equal((await withAssertion(elsewhere)).status, 401);
  });

  test('a resource gives a JWT, signed as it asks, that the API takes', async () => {
    const fields = { ...credentials('cc-post'), scope: 'read_content' };
    const { json } = await issuer.clientCredentials({ ...fields, resource: 'urn:session:api' });
    const { payload, protectedHeader } = await issuer.verifyJwt(json.access_token, 'urn:session:api');
    assert.deepEqual([protectedHeader.typ, protectedHeader.alg], ['at+jwt', 'RS256']);
    assert.deepEqual([payload.client_id, payload.scope], ['cc-post', 'read_content']);
    assert.equal((await issuer.api(json.access_token)).status, 200);

    const es256 = await issuer.clientCredentials({ ...fields, resource: 'urn:session:api:es256' });
    const verified = await issuer.verifyJwt(es256.json.access_token, 'urn:session:api:es256');
    assert.equal(verified.protectedHeader.alg, 'ES256');

    const unknown = await issuer.clientCredentials({ ...fields, resource: 'urn:nope' });
    assert.deepEqual([unknown.status, unknown.json.error], [400, 'invalid_target']);
  });

  test('short tokens die, opaque or JWT; long ones are long', async () => {
    const opaque = await issuer.clientCredentials(credentials('cc-short'));
    const jwt = await issuer.clientCredentials({ ...credentials('cc-post'), resource: 'urn:session:api:short' });
    for (const { json } of [opaque, jwt]) {
      assert.equal(json.expires_in, 3);
      const dead = await eventually(() => issuer.api(json.access_token), ({ status }) => status !== 200);
      assert.equal(dead.status, 401);
      assert.match(dead.headers['www-authenticate'], /^Bearer error="invalid_token"/);
    }
    assert.equal((await issuer.clientCredentials(credentials('cc-long'))).json.expires_in, 86400);
  });

  test('an opaque token is introspected and revoked', async () => {
    const { access_token: token } = (await asBasic()).json;
    assert.equal((await issuer.api(token)).status, 200);
    const live = (await issuer.introspect(token)).json;
    assert.deepEqual([live.active, live.client_id], [true, 'cc-basic']);

    const revoked = await issuer.revoke(token);
    assert.deepEqual([revoked.status, revoked.text], [200, '']);
    assert.equal((await issuer.introspect(token)).json.active, false);
    assert.equal((await issuer.api(token)).status, 401);
    assert.equal((await issuer.revoke('never-issued')).status, 200);
  });

  test('a JWT access token cannot be introspected', async () => {
    const { json } = await issuer.clientCredentials({ ...credentials('cc-post'), resource: 'urn:session:api' });
    const { status, json: answer } = await issuer.introspect(json.access_token);
    assert.deepEqual([status, answer.error], [400, 'unsupported_token_type']);
  });

  function withAssertion(assertion, fields = {}) {
    return issuer.clientCredentials({ ...fields, client_assertion_type: JWT_BEARER, client_assertion: assertion });
  }
});

async function makeAssertion(id, alg, audience) {
  const { secret, key_file: file, kid } = clients[id];
  const key = secret ? new TextEncoder().encode(secret) : await jose.importPKCS8(fs.readFileSync(file, 'utf8'), alg);
  return new jose.SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg, kid, typ: 'JWT' })
    .setIssuer(id).setSubject(id).setAudience(audience)
    .setIssuedAt().setExpirationTime('60s')
    .sign(key);
}
