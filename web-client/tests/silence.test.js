import { test } from 'node:test';
import assert from 'node:assert/strict';
import { hear, WATCH_MS } from '../public/js/state/silence.js';

const WIDE = 2_000_000;

/**
 * Looks at a link for so long; how often, and when first, it was taken for lost.
 * @param {number} forMs @param {(ms: number) => number} receivedAt bytes that have arrived by then @param {number | null} [downBps] known of the link
 * @param {(ms: number) => number} [toldAt] when the server last said anything
 */
function watch(forMs, receivedAt, downBps = WIDE, toldAt = () => 0) {
  /** @type {number[]} */
  const lost = [];
  /** @type {import('../public/js/state/silence.js').Silence | null} */
  let silence = null;
  for (let atMs = 0; atMs <= forMs; atMs += WATCH_MS) {
    const next = hear(silence, receivedAt(atMs), atMs, { atMs: toldAt(atMs), downBps });
    if (next.isLost && !silence?.isLost) lost.push(atMs);
    silence = next;
  }
  return lost;
}

/** A hundred bytes each 20 ms but where `isDown`. @param {(ms: number) => boolean} isDown */
const voice = (isDown) => (/** @type {number} */ untilMs) => {
  let bytes = 0;
  for (let atMs = 0; atMs <= untilMs; atMs += 20) bytes += isDown(atMs) ? 0 : 100;
  return bytes;
};

test('a network that is gone is noticed within 0.8 s', () => {
  const [firstMs = Infinity] = watch(12_000, voice((ms) => ms > 10_000));
  assert.ok(firstMs <= 10_800, `${firstMs}`);
});

test('loss in bursts, and a way of any length, is no loss of the network', () => {
  assert.deepEqual(watch(60_000, voice((ms) => ms % 1_000 < 400)), []);
  assert.deepEqual(watch(60_000, voice((ms) => ms % 5_000 < 500)), []);
});

test('a link that stalls for 0.9 s now and then is given up once, not each time', () => {
  const lost = watch(60_000, voice((ms) => ms > 5_000 && ms % 5_000 < 900));
  assert.ok(lost.length <= 1, `${lost}`);
});

test('a message that takes its time on a thin link is no loss of the network', () => {
  const behindMessages = voice((ms) => ms % 20_000 > 18_900);
  assert.deepEqual(watch(60_000, behindMessages, 70_000), []);
  assert.equal(watch(60_000, behindMessages, WIDE).length, 1);
  const [firstMs = Infinity] = watch(12_000, voice((ms) => ms > 10_000), 70_000);
  assert.ok(firstMs <= 11_600, `${firstMs}`);
});

test('a link of which nothing is known may be thin', () => {
  assert.deepEqual(watch(60_000, voice((ms) => ms % 20_000 > 18_900), null), []);
  const [firstMs = Infinity] = watch(12_000, voice((ms) => ms > 10_000), null);
  assert.ok(firstMs <= 11_800, `${firstMs}`);
});

test('messages that come instead of media say that the network is there', () => {
  const pauses = voice((ms) => ms % 20_000 > 18_900);
  assert.equal(watch(19_900, pauses, WIDE).length, 1);
  assert.deepEqual(watch(19_900, pauses, WIDE, (ms) => (ms > 19_100 ? 19_100 : 18_000)), []);
});

test('who hears one report a second alone is not taken for lost', () => {
  assert.deepEqual(watch(60_000, (ms) => 100 * Math.floor((ms + 3_000) / 1_000)).slice(1), []);
});

test('a browser that counts nothing is not judged by it', () => {
  assert.deepEqual(watch(10_000, () => 0), []);
});
