import assert from 'node:assert/strict';
import * as crypto from 'node:crypto';
import { test } from 'node:test';
import { basic, bearer, clients, eventually, form, overBoth, post, request } from './wire.mjs';

overBoth((issuer) => {
  const tokens = async (client, options, headers) => (
    (await issuer.exchange(client, await issuer.authorize(client, options), headers)).json
  );

  test('code and PKCE, to any loopback port, give all three tokens', async () => {
    const granted = await issuer.authorize('native', { redirect: 'http://127.0.0.1:43210/callback' });
    assert.ok(granted.code && granted.stateKept);
    assert.equal(granted.iss, issuer.origin);
    const { status, json } = await issuer.exchange('native', granted);
    assert.equal(status, 200);
    assert.ok(json.access_token && json.refresh_token);
    const { payload } = await issuer.verifyJwt(json.id_token, 'native');
    assert.deepEqual([payload.nonce, payload.sub], ['n-1', 'alice']);
  });

  test('a code used again is refused, and takes the first tokens with it', async () => {
    const granted = await issuer.authorize('native');
    const { json } = await issuer.exchange('native', granted);
    const again = await issuer.exchange('native', granted);
    assert.deepEqual([again.status, again.json.error], [400, 'invalid_grant']);
    assert.equal((await issuer.api(json.access_token)).status, 401);
  });

  test('PKCE is required, and checked', async () => {
    const granted = await issuer.authorize('native', { redirect: 'http://[::1]:5555/callback' });
    const verifier = crypto.randomBytes(32).toString('base64url');
    assert.equal((await issuer.exchange('native', { ...granted, verifier })).json.error, 'invalid_grant');
    const without = await issuer.authorize('native', { more: { code_challenge: '', code_challenge_method: '' } });
    assert.equal(without.error, 'invalid_request');
  });

  test('login_hint=deny refuses at the redirect', async () => {
    const refused = await issuer.authorize('native', { more: { login_hint: 'deny' } });
    assert.equal(refused.error, 'access_denied');
  });

  for (const redirect of ['http://127.0.0.1:4000/other', 'http://localhost:4000/callback']) {
    test(`${redirect} is not registered: a page, no redirect`, async () => {
      const { page, code } = await issuer.authorize('native', { redirect });
      assert.deepEqual([page.status, code], [400, undefined]);
    });
  }

  test('refresh tokens rotate; reuse of an old one revokes the grant', async () => {
    const first = await tokens('native');
    const { status, json: second } = await issuer.refresh('native', first.refresh_token);
    assert.equal(status, 200);
    assert.notEqual(second.refresh_token, first.refresh_token);
    assert.ok(second.id_token);

    const me = await request('GET', `${issuer.origin}/me`, { headers: bearer(second.access_token) });
    assert.deepEqual([me.json.sub, me.json.name], ['alice', 'User alice']);

    for (const { refresh_token: old } of [first, second]) {
      assert.equal((await issuer.refresh('native', old)).json.error, 'invalid_grant');
    }
    assert.equal((await issuer.api(second.access_token)).status, 401);
  });

  test('a short refresh token dies', async () => {
    const { refresh_token: short, expires_in: lifetime } = await tokens('native-rt-short');
    assert.equal(lifetime, 3);
    await eventually(() => issuer.introspect(short), ({ json }) => !json.active);
    assert.equal((await issuer.refresh('native-rt-short', short)).json.error, 'invalid_grant');
  });

  test('a resource gives a JWT beside the ID token', async () => {
    const json = await tokens('native', { more: { resource: 'urn:session:api:short' } });
    assert.equal(json.access_token.split('.').length, 3);
    assert.equal(json.expires_in, 3);
    assert.ok(json.id_token);
  });

  test('a confidential client logs out; its offline refresh token lives on', async () => {
    const authentication = basic('web', clients.web.secret);
    const granted = await issuer.authorize('web', { redirect: 'http://127.0.0.1:8765/callback' });
    const { status, json } = await issuer.exchange('web', granted, authentication);
    assert.equal(status, 200);

    const { jar } = granted;
    const bye = { id_token_hint: json.id_token, post_logout_redirect_uri: 'http://127.0.0.1:8765/bye', state: 'L1' };
    const page = await request('GET', `${issuer.origin}/session/end?${form(bye)}`, { jar });
    const [, xsrf] = /name="xsrf" value="([^"]+)"/.exec(page.text);
    const left = await post(`${issuer.origin}/session/end/confirm`, { xsrf, logout: 'yes' }, { jar });
    assert.deepEqual([left.status, left.headers.location], [303, 'http://127.0.0.1:8765/bye?state=L1']);
    assert.equal((await issuer.refresh('web', json.refresh_token, authentication)).status, 200);
  });

  test('pushed authorization requests, required where registered so', async () => {
    const granted = await issuer.authorize('native-par', { pushed: true });
    assert.equal(granted.pushing.status, 201);
    assert.equal((await issuer.exchange('native-par', granted)).status, 200);
    assert.equal((await issuer.authorize('native-par')).code, undefined);
  });
});
