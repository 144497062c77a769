import { test } from 'node:test';
import assert from 'node:assert/strict';
import { HEAVY_LOSS, NEEDS_BPS } from '../public/js/state/bandwidth.js';
import { SILENCE, judge, lossOf, nextSample, rateOf, read, written } from '../public/js/state/link.js';

/** @typedef {import('../public/js/state/link.js').Measured} Measured */

/** @type {Measured} */
const GOOD = { transport: 'udp', rttMs: 80, upBps: 5_000_000, downBps: 9_000_000, lossUp: 0, lossDown: 0.01 };

/** @param {Partial<Measured>} other */
const said = (other) => judge({ ...GOOD, ...other });

test('a good link carries full video, and nothing is said against it', () => {
  assert.deepEqual(judge(GOOD), { rung: 'full', why: null });
});

test('a slow link gets the rung that it carries in the call, whichever direction is the slower one', () => {
  for (const rung of /** @type {const} */ (['full', 'small', 'stills'])) {
    const [enough, tooLittle] = [NEEDS_BPS[rung], NEEDS_BPS[rung] - 1];
    assert.equal(said({ upBps: enough }).rung, rung);
    assert.notEqual(said({ upBps: tooLittle }).rung, rung);
    assert.notEqual(said({ downBps: tooLittle }).rung, rung);
  }
  assert.deepEqual(said({ upBps: 110_000 }), { rung: 'stills', why: 'slow_up' });
  assert.deepEqual(said({ downBps: 200_000 }), { rung: 'small', why: 'slow_down' });
  assert.deepEqual(said({ downBps: 40_000 }), { rung: 'audio', why: 'slow_down' });
  assert.deepEqual(said({ upBps: 8_000 }), { rung: 'phone', why: 'slow_up' });
});

test('what is lost takes the moving picture first and then the call, and is named before the rate', () => {
  assert.deepEqual(said({ lossUp: HEAVY_LOSS }), { rung: 'audio', why: 'lossy' });
  assert.deepEqual(said({ lossDown: 0.2, downBps: 300_000 }), { rung: 'audio', why: 'lossy' });
  assert.deepEqual(said({ lossDown: 0.6 }), { rung: 'phone', why: 'lossy' });
  assert.deepEqual(said({ lossUp: 0.2, upBps: 10_000 }), { rung: 'audio', why: 'lossy' }, 'pages suffer more than speech');
  assert.deepEqual(said({ lossUp: HEAVY_LOSS - 0.01 }), { rung: 'full', why: null });
});

test('a detour and a long way are said where nothing worse is', () => {
  assert.deepEqual(said({ transport: 'tcp' }), { rung: 'full', why: 'udp_blocked' });
  assert.deepEqual(said({ transport: 'turn' }), { rung: 'full', why: 'udp_blocked' });
  assert.deepEqual(said({ rttMs: 900 }), { rung: 'full', why: 'far' });
  assert.deepEqual(said({ rttMs: 900, transport: 'tcp', upBps: 300_000 }), { rung: 'small', why: 'slow_up' });
});

test('a network without a way for media is told apart from one without a server', () => {
  assert.deepEqual(said({ transport: null }), { rung: 'phone', why: 'media_blocked' });
  assert.deepEqual(said({ transport: null, upBps: 30_000 }), { rung: 'phone', why: 'slow_up' });
  assert.deepEqual(said({ transport: null, upBps: null, downBps: null }), { rung: 'phone', why: 'slow_up' }, 'there was no time to say more');
  assert.deepEqual(judge(SILENCE), { rung: 'phone', why: 'unreachable' });
});

test('what could not be measured is not held against the link', () => {
  assert.deepEqual(said({ lossUp: null, lossDown: null, upBps: null }), { rung: 'full', why: null });
});

/** How a link of this rate is measured. @param {number} bps @param {number} rttMs */
function measure(bps, rttMs) {
  /** @type {import('../public/js/state/link.js').Sample[]} */
  const samples = [];
  for (let bytes = nextSample(samples, rttMs); bytes !== null; bytes = nextSample(samples, rttMs)) samples.push({ bytes, ms: rttMs + (bytes * 8_000) / bps });
  return { bps: rateOf(samples, rttMs), bytes: samples.reduce((sum, sample) => sum + sample.bytes, 0) };
}

test('a rate is measured over a long way too, with few bytes of a slow link and never more than 220 kB', () => {
  for (const rttMs of [2, 80, 600]) {
    for (const bps of [50_000, 110_000, 400_000, 1_200_000, 20_000_000]) {
      const measured = measure(bps, rttMs);
      assert.ok(Math.abs((measured.bps ?? 0) / bps - 1) < 0.01, `${bps} over ${rttMs} ms: ${measured.bps}`);
      assert.ok(measured.bytes <= (bps < 200_000 ? 21_000 : 220_000), `${measured.bytes} bytes at ${bps}`);
    }
  }
  assert.equal(rateOf([], 80), null);
});

test('losses of the whole way are shared out between its two halves', () => {
  assert.deepEqual(lossOf({ sent: 100, lossUp: 0, received: 100, lost: 0 }), { lossUp: 0, lossDown: 0 });
  assert.deepEqual(lossOf({ sent: 100, lossUp: 0.2, received: 64, lost: 36 }), { lossUp: 0.2, lossDown: 0.2 });
  assert.deepEqual(lossOf({ sent: 100, lossUp: 0, received: 70, lost: 30 }), { lossUp: 0, lossDown: 0.3 });
  assert.deepEqual(lossOf({ sent: 100, lossUp: 0.4, received: 70, lost: 30 }), { lossUp: 0.3, lossDown: 0 }, 'the two were not counted over the same second');
  assert.deepEqual(lossOf({ sent: 100, lossUp: null, received: 70, lost: 30 }), { lossUp: null, lossDown: 0.3 });
  assert.deepEqual(lossOf({ sent: 100, lossUp: 0, received: 0, lost: 0 }), { lossUp: 0, lossDown: 1 }, 'nothing came');
  assert.deepEqual(lossOf({ sent: 0, lossUp: null, received: 0, lost: 0 }), { lossUp: null, lossDown: null }, 'nothing was sent');
});

test('what was measured is read as it was written', () => {
  assert.deepEqual(read(written(GOOD)), GOOD);
  assert.deepEqual(read(written(SILENCE)), SILENCE);
  assert.equal(written({ ...GOOD, downBps: 9e12, rttMs: 1e6 }).down_bps, 2 ** 32 - 1);
});
