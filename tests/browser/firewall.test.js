/** Networks that let little out: the journeys of `journeys/firewall.js`, inside a clinic of their own. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { runInside } from './harness/firewall.js';

const skip = process.getuid?.() === 0 ? false : 'a network namespace needs root';

test('people join through networks that let little out', { timeout: 300_000, skip }, async () => {
  const inside = fileURLToPath(new URL('./journeys/firewall.js', import.meta.url));
  const code = await runInside(inside, (text) => process.stdout.write(text));
  assert.equal(code, 0, 'the journeys inside the clinic passed');
});
