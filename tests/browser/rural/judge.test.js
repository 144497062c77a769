import assert from 'node:assert/strict';
import { test } from 'node:test';

import { alike, frozen, judge } from './judge.js';

/** Loudness like speech's: syllables of changing length. @param {number} at */
const speech = (at) => (Math.sin(at / 130) + Math.sin(at / 410) + Math.sin(at / 70) > 0 ? 0.2 : 0.001);
/** @param {number} from @param {number} lag @returns {[number, number][]} */
const notes = (from, lag) => Array.from({ length: 400 }, (_, index) => [from + index * 21.3, speech(from + index * 21.3 - lag)]);

test('a sound that comes later is found where it lies', () => {
  const { lag_ms, likeness } = alike(notes(1_000, 0), notes(1_010, 740));
  assert.ok(lag_ms !== null && Math.abs(lag_ms - 740) <= 40, `${lag_ms}`);
  assert.ok(likeness !== null && likeness > 0.8);
});

test('silence is like nothing', () => {
  const silence = notes(1_000, 0).map(([at]) => /** @type {[number, number]} */ ([at, 0]));
  assert.deepEqual(alike(notes(1_000, 0), silence), { lag_ms: null, likeness: 0 });
});

test('a picture that stands for half a second is frozen, at the edges of the window too', () => {
  assert.equal(frozen([100, 200, 900, 1_000], 0, 1_100), 700);
  assert.equal(frozen([], 0, 3_000), 3_000);
  assert.equal(frozen([600], 0, 900), 600);
});

test('figures are of the window and not of the call', () => {
  const noted = (/** @type {object} */ more) => ({ from: 0, to: 1_000, frames: [], sent: [], heard: [], totals: {}, ...more });
  const frames = [100, 300, 500, 700, 900].map((at) => ({ at, delay_ms: at === 300 ? null : 150, height: 360 }));
  const totals = { 'in.audio.totalSamplesReceived': 96_000, 'in.audio.concealedSamples': 4_800 };
  const before = { 'in.audio.totalSamplesReceived': 48_000, 'in.audio.concealedSamples': 2_400 };
  const figures = judge(noted({}), noted({ frames, totals }), before);
  assert.equal(figures.concealed_percent, 5);
  assert.deepEqual([figures.frames_per_s, figures.frozen_percent, figures.picture_delay_ms, figures.height], [5, 0, 150, 360]);
});
