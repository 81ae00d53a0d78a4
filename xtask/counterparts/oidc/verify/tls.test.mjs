import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { describe, test } from 'node:test';
import { bearer, clients, post, ready, request } from './wire.mjs';

const METADATA = '/.well-known/openid-configuration';

describe('client certificates', () => {
  const token = (client_id, files, origin = ready.mtls_base) => (
    post(origin + ready.token_path, { grant_type: 'client_credentials', client_id }, { tls: files && read(files) })
  );

  test('by subject: the token is bound to the certificate', async () => {
    const certificate = clients['cc-tls'];
    const { status, json } = await token('cc-tls', certificate);
    assert.equal(status, 200);
    const headers = bearer(json.access_token);
    const bound = await request('GET', `${ready.mtls_base}/api/v1/x`, { headers, tls: read(certificate) });
    assert.equal(bound.status, 200);
    assert.equal((await request('GET', `${ready.issuer_https}/api/v1/x`, { headers })).status, 401);
  });

  test('by alternative name', async () => {
    assert.equal((await token('cc-tls-san', clients['cc-tls-san'])).status, 200);
  });

  test('self-signed, by the registered key', async () => {
    assert.equal((await token('cc-self-signed', clients['cc-self-signed'])).status, 200);
    assert.equal((await token('cc-self-signed', clients['cc-tls'])).status, 401);
  });

  test('none, or the same subject from another authority, is refused', async () => {
    assert.equal((await token('cc-tls')).status, 401);
    assert.equal((await token('cc-tls', ready.wrong_client_cert)).status, 401);
  });

  test('the plain https port asks for none', async () => {
    assert.equal((await token('cc-tls', clients['cc-tls'], ready.issuer_https)).status, 401);
  });
});

describe('bad server certificates', () => {
  const codes = { wrong_host: 'ERR_TLS_CERT_ALTNAME_INVALID', expired: 'CERT_HAS_EXPIRED', self_signed: 'DEPTH_ZERO_SELF_SIGNED_CERT' };
  for (const [kind, code] of Object.entries(codes)) {
    test(kind, () => assert.rejects(request('GET', ready.bad_tls[kind] + METADATA), { code }));
  }

  test('another authority', async () => {
    const tls = { ca: fs.readFileSync(ready.other_ca_pem) };
    await assert.rejects(request('GET', ready.issuer_https + METADATA, { tls }), /certificate/);
  });
});

function read({ cert_file: cert, key_file: key }) {
  return { cert: fs.readFileSync(cert), key: fs.readFileSync(key) };
}
