import { test } from 'node:test';
import assert from 'node:assert/strict';
import { deflated, inflated, inOrder } from '../public/js/protocol/deflate.js';

const LONG = 'a=rtcp-fb:96 transport-cc\r\n'.repeat(1_000);

test('what repeats itself becomes short and comes back whole', async () => {
  const frame = await deflated(LONG);
  assert.ok(frame instanceof Uint8Array && frame.length < LONG.length / 10);
  assert.equal(await inflated(frame.buffer), LONG);
});

test('what fits a packet stays as it is', () => {
  assert.equal(deflated('{"type":"leave"}'), '{"type":"leave"}');
  assert.equal(inflated('{"type":"pong"}'), '{"type":"pong"}');
});

test('what is no DEFLATE is rejected', async () => {
  await assert.rejects(async () => inflated(new Uint8Array(100).fill(255).buffer));
});

test('what is short waits for what is long and was said before', async () => {
  /** @type {string[]} */
  const taken = [];
  /** @type {() => void} */
  let finish = () => {};
  const slow = new Promise((/** @type {(value: string) => void} */ resolve) => (finish = () => resolve('long')));
  const say = inOrder((/** @type {string} */ word) => taken.push(word), () => taken.push('missed'));
  say('at once');
  assert.deepEqual(taken, ['at once']);
  say(slow);
  say('short');
  say(Promise.reject(new Error('no DEFLATE')));
  say('last');
  assert.deepEqual(taken, ['at once']);
  finish();
  await new Promise((resume) => setTimeout(resume));
  assert.deepEqual(taken, ['at once', 'long', 'short', 'missed', 'last']);
  say('again at once');
  assert.equal(taken.at(-1), 'again at once');
});
