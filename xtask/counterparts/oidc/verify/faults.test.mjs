import assert from 'node:assert/strict';
import { test } from 'node:test';
import { control, credentials, eventually, overBoth, ready } from './wire.mjs';

const path = ready.token_path;

overBoth((issuer) => {
  const token = () => issuer.clientCredentials(credentials('cc-post'));

  test('a status, as often as scripted', async () => {
    await control('POST', '/faults', [{ path, status: 503, headers: { 'retry-after': '1' }, times: 2 }]);
    const answers = [await token(), await token(), await token()];
    assert.deepEqual(answers.map(({ status }) => status), [503, 503, 200]);
    assert.equal(answers[0].headers['retry-after'], '1');
  });

  for (const action of ['reset', 'drop_response', 'truncate']) {
    test(`${action}: no whole answer`, async () => {
      await control('POST', '/faults', { path, action });
      await assert.rejects(token(), { code: 'ECONNRESET' });
      assert.equal((await token()).status, 200);
    });
  }

  test('hold: answers once the faults are cleared', async () => {
    await control('DELETE', '/log');
    await control('POST', '/faults', { path, action: 'hold' });
    const held = token();
    const first = await Promise.race([held, arrived()]);
    assert.equal(first, 'arrived');
    await control('DELETE', '/faults');
    assert.equal((await held).status, 200);
  });

  test('a rotation answered into the void kills the grant at the retry', async () => {
    const { json } = await issuer.exchange('native', await issuer.authorize('native'));
    await control('POST', '/faults', { path, action: 'drop_response' });
    await assert.rejects(issuer.refresh('native', json.refresh_token));
    assert.equal((await issuer.refresh('native', json.refresh_token)).json.error, 'invalid_grant');
  });

  test('the log has each request, and can be emptied', async () => {
    await control('DELETE', '/log');
    await token();
    await issuer.clientCredentials({ client_id: 'cc-post', client_secret: 'wrong' });
    const log = (await control('GET', '/log')).map(({ t, ...entry }) => entry);
    const request = { on: issuer.scheme, method: 'POST', url: path, dpop: false };
    assert.deepEqual(log.slice(0, 2), [request, request]);
    assert.deepEqual([log[2].event, log[2].error], ['grant.error', 'invalid_client']);
    await control('DELETE', '/log');
    assert.deepEqual(await control('GET', '/log'), []);
  });
});

test('a mistyped fault is refused', async () => {
  assert.match((await control('POST', '/faults', { path, action: 'rest' })).error, /no action "rest"/);
  assert.match((await control('POST', '/faults', { action: 'reset' })).error, /needs a path/);
  assert.match((await control('POST', '/faults', { path })).error, /needs a status/);
});

async function arrived() {
  await eventually(() => control('GET', '/log'), (log) => log.some(({ url }) => url === path));
  return 'arrived';
}
