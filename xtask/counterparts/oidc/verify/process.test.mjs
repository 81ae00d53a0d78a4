import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test } from 'node:test';
import { end, ready } from './wire.mjs';

test('says one line, ends when its stdin closes, and leaves nothing behind', async () => {
  assert.ok(fs.existsSync(ready.dir));
  const { code, lines } = await end();
  assert.equal(code, 0);
  assert.equal(lines.length, 1);
  assert.ok(!fs.existsSync(ready.dir));
});
