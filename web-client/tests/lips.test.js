import { test } from 'node:test';
import assert from 'node:assert/strict';
import { buffersOf, pictureWaits, settled } from '../public/js/state/lips.js';

const SLOTS = {
  audio: [{ mid: '4', track: 'p2/microphone' }, { mid: '5', track: 'p1/microphone' }, { mid: '6', track: 'p2/stethoscope' }],
  video: [{ mid: '10', track: 'p1/camera' }, { mid: '11', track: 'p2/camera' }, { mid: '12', track: 'p2/exam' }, { mid: '13', track: null }, { mid: '14', track: 'p3/camera' }],
};

/** What a browser counts. @param {Record<string, number>} heldMs by mid, of each sample @param {number} count */
const look = (heldMs, count) => buffersOf([
  { type: 'outbound-rtp', mid: '0' },
  ...Object.entries(heldMs).map(([mid, ms]) => ({ type: 'inbound-rtp', mid, jitterBufferDelay: (ms * count) / 1000, jitterBufferEmittedCount: count })),
]);

/** @param {Record<string, number>} heldMs of the last second's samples @param {Record<string, number>} earlierMs */
function waits(heldMs, earlierMs = heldMs) {
  const before = look(earlierMs, 48_000);
  const last = look(heldMs, 48_000);
  const now = new Map([...last].map(([mid, { heldS, count }]) => [mid, { heldS: heldS + (before.get(mid)?.heldS ?? 0), count: count + (before.get(mid)?.count ?? 0) }]));
  return Object.fromEntries(pictureWaits(SLOTS, before, now));
}

test('a person\'s pictures wait for their voice, whichever slots carry them, less what they take longer in any case', () => {
  assert.deepEqual(waits({ 4: 580, 5: 180, 6: 900 }), { 10: 120, 11: 520, 12: 520, 13: null, 14: null });
});

test('what the sound was held for before the last second does not count', () => {
  assert.equal(waits({ 4: 220 }, { 4: 1_000 })[11], 160);
});

test('a picture whose sound hardly waits is shown at once, and none waits for long', () => {
  assert.deepEqual([waits({ 4: 70 })[11], waits({ 4: 90 })[11], waits({ 4: 9_000 })[11]], [null, 40, 2_000]);
});

test('a voice of which nothing came holds nobody up', () => {
  const silent = look({ 4: 600 }, 48_000);
  assert.equal(pictureWaits(SLOTS, silent, silent).get('11'), null);
  assert.equal(pictureWaits(SLOTS, new Map(), silent).get('11'), null);
});

test('a picture does not follow each step of its sound, but what would be seen', () => {
  assert.deepEqual([settled(200, 240), settled(200, 280), settled(200, 120)], [200, 200, 200]);
  assert.deepEqual([settled(200, 320), settled(200, 80)], [320, 80]);
  assert.deepEqual([settled(null, 120), settled(120, null)], [120, null], 'it begins to wait, and ends');
});
