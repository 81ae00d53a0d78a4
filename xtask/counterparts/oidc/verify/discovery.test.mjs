import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overBoth, ready, request } from './wire.mjs';

overBoth((issuer) => {
  test('OpenID discovery names what there is', async () => {
    const { json } = await request('GET', `${issuer.origin}/.well-known/openid-configuration`);
    assert.equal(json.issuer, issuer.origin);
    assert.equal(json.token_endpoint, issuer.tokenEndpoint);
    assert.ok(json.device_authorization_endpoint);
    assert.ok(json.pushed_authorization_request_endpoint);
    assert.ok(json.dpop_signing_alg_values_supported.length > 0);
    assert.equal(json.token_endpoint_auth_methods_supported.length, 7);
    const mtls = json.mtls_endpoint_aliases?.token_endpoint;
    assert.equal(mtls, issuer.scheme === 'https' ? ready.mtls_base + ready.token_path : undefined);
  });

  test('RFC 8414 metadata is served too', async () => {
    const { status } = await request('GET', `${issuer.origin}/.well-known/oauth-authorization-server`);
    assert.equal(status, 200);
  });

  test('the key set has a public key for each algorithm, and no private part', async () => {
    const { json } = await request('GET', `${issuer.origin}/jwks`);
    assert.deepEqual(json.keys.map((key) => key.alg).sort(), ['ES256', 'EdDSA', 'PS256', 'RS256']);
    assert.ok(json.keys.every((key) => !key.d));
  });
});
