import assert from 'node:assert/strict';
import { test } from 'node:test';
import { control, overBoth, post, request } from './wire.mjs';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

overBoth((issuer) => {
  const begin = async () => {
    const fields = { client_id: 'device', scope: 'openid read_content offline_access' };
    return (await post(`${issuer.origin}/device/auth`, fields)).json;
  };
  const poll = ({ device_code }) => issuer.token({ grant_type: GRANT, client_id: 'device', device_code });

  test('a person approves through the pages', async () => {
    const device = await begin();
    assert.ok(device.user_code && device.verification_uri_complete);
    assert.equal(device.interval, undefined);
    assert.equal((await poll(device)).json.error, 'authorization_pending');

    const { verification_uri: uri, user_code } = device;
    const jar = new Map();
    const [, xsrf] = /name="xsrf" value="([^"]+)"/.exec((await request('GET', uri, { jar })).text);
    await post(uri, { xsrf, user_code }, { jar });
    let page = await post(uri, { xsrf, user_code, confirm: 'yes' }, { jar });
    for (let url = uri; page.headers.location;) {
      url = new URL(page.headers.location, url).href;
      page = await request('GET', url, { jar });
    }
    assert.equal(page.status, 200);

    const { status, json } = await poll(device);
    assert.equal(status, 200);
    assert.ok(json.refresh_token);
    assert.equal((await poll(device)).json.error, 'invalid_grant');
  });

  test('the control port denies and approves', async () => {
    const denied = await begin();
    assert.deepEqual(await control('POST', '/device', { on: issuer.scheme, user_code: denied.user_code, action: 'deny' }), { ok: true });
    assert.equal((await poll(denied)).json.error, 'access_denied');
    const approved = await begin();
    await control('POST', '/device', { on: issuer.scheme, user_code: approved.user_code });
    assert.equal((await poll(approved)).status, 200);
    assert.deepEqual(await control('POST', '/device', { on: issuer.scheme, user_code: 'BBBB-BBBB' }), { ok: false });
  });

  test('fast polling is never told to slow down', async () => {
    const device = await begin();
    for (let polls = 0; polls < 3; polls += 1) assert.equal((await poll(device)).json.error, 'authorization_pending');
  });
});
