import { test } from 'node:test';
import assert from 'node:assert/strict';
import { HEAVY_LOSS, LIGHT_LOSS, NEEDS_BPS } from '../public/js/state/bandwidth.js';
import { SILENCE, atLeast, isAgreed, isInDoubt, judge, lossOf, nextSample, rateOf, read, waysOf, written } from '../public/js/state/link.js';

/** @typedef {import('../public/js/state/link.js').Measured} Measured */

/** @type {Measured} */
const GOOD = { transport: 'udp', rttMs: 80, upBps: 5_000_000, downBps: 9_000_000, lossUp: 0, lossDown: 0.01, lossSpread: null };

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
  assert.deepEqual(said({ lossUp: HEAVY_LOSS - 0.01 }), { rung: 'full', why: 'patchy' });
  assert.deepEqual(said({ lossDown: LIGHT_LOSS, downBps: 300_000 }), { rung: 'small', why: 'patchy' });
  assert.deepEqual(said({ lossDown: LIGHT_LOSS - 0.01 }), { rung: 'full', why: null });
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

/** @param {number} bytes @param {number} ms @returns {import('../public/js/state/link.js').Sample} a transfer that ended */
const whole = (bytes, ms) => ({ bytes, arrived: bytes, ms });

/** How a link of this rate is measured. @param {number} bps @param {number} rttMs */
function measure(bps, rttMs) {
  /** @type {import('../public/js/state/link.js').Sample[]} */
  const samples = [];
  for (let bytes = nextSample(samples, rttMs); bytes !== null; bytes = nextSample(samples, rttMs)) samples.push(whole(bytes, rttMs + (bytes * 8_000) / bps));
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

test('a round trip is asked for again until two are the same, since each may be held up', () => {
  assert.equal(isAgreed([83, 84]), false, 'three at least');
  assert.equal(isAgreed([83, 84, 300]), true);
  assert.equal(isAgreed([300, 172, 420]), false);
  assert.equal(isAgreed([300, 172, 420, 85]), false);
  assert.equal(isAgreed([300, 172, 420, 85, 88]), true);
  assert.equal(isAgreed([1, 9, 4]), true, 'next to the server');
});

test('a transfer that a lost packet held up is taken again, and the best one counts', () => {
  const rttMs = 80;
  const clean = whole(4 * 1024, rttMs + 110);
  const heldUp = whole(16 * 1024, rttMs + 1_900);
  assert.equal(nextSample([clean], rttMs), 16 * 1024);
  assert.equal(nextSample([clean, heldUp], rttMs), 16 * 1024);
  assert.equal(nextSample([clean, heldUp, heldUp, heldUp], rttMs), null, 'so it is slow');
  const passed = whole(16 * 1024, rttMs + 437);
  assert.equal(nextSample([clean, heldUp, passed], rttMs), null);
  assert.ok(Math.abs((rateOf([clean, heldUp, passed], rttMs) ?? 0) - 300_000) < 3_000);
  assert.equal(nextSample([heldUp], rttMs), 16 * 1024, 'the first has nothing to be compared with');
});

/** @param {readonly (readonly [number, number])[]} arrivals ms since the request, bytes @param {number} bytes @param {number} [cutMs] */
function transfer(arrivals, bytes, cutMs = Infinity) {
  const seen = arrivals.filter(([at]) => at <= cutMs);
  return { bytes, arrived: seen.reduce((sum, [, more]) => sum + more, 0), ms: Math.min(cutMs, arrivals.at(-1)?.[0] ?? Infinity) };
}

/** What leaves a queue of 300 kbit/s that a round trip of 80 ms lies before, in segments; one is lost and waited for, and what came meanwhile comes with it. @param {number} bytes @param {number} [lostAt] @param {number} [waitMs] */
function segments(bytes, lostAt = Infinity, waitMs = 0) {
  const on = Array.from({ length: Math.ceil(bytes / 1_400) }, (_, at) => Math.min(1_400, bytes - at * 1_400));
  let sent = 0;
  return on.map((size, at) => {
    const ms = 80 + ((sent += size) * 8) / 300;
    return /** @type {const} */ ([at < lostAt ? ms : Math.max(ms, waitMs), size]);
  });
}

test('a transfer that was cut off counts with what of it had arrived, and one that was held up makes no link faster', () => {
  const rttMs = 80;
  const small = transfer(segments(4_096), 4_096);
  const heldUp = transfer(segments(16_384, 2, 1_410), 16_384);
  assert.equal(heldUp.ms, 1_410, 'ten segments at once');
  // 300 kbit/s that lose 3 %, as a page measured them: the last transfer up had not ended after two seconds, and was said to be 0.47 Mbit/s.
  const left = 2_000 - small.ms - heldUp.ms;
  const cutUp = { bytes: 16_384, arrived: 0, ms: left };
  assert.ok(Math.abs((rateOf([small, heldUp, cutUp], rttMs) ?? 0) / 300_000 - 1) < 0.01);
  assert.equal(rateOf([small, heldUp, cutUp], rttMs), rateOf([small, heldUp], rttMs), 'nobody knows what of it arrived');
  for (const cut of [transfer(segments(65_536), 65_536, 1_300), transfer(segments(65_536, 20, 1_250), 65_536, 1_300), transfer(segments(16_384), 16_384, left)]) {
    assert.ok(cut.arrived > 0 && cut.arrived < cut.bytes);
    for (const samples of [[small, heldUp, cut], [heldUp, cut], [cut]]) assert.ok((rateOf(samples, rttMs) ?? Infinity) < 303_000, `${rateOf(samples, rttMs)}`);
  }
  assert.ok((rateOf([transfer(segments(65_536), 65_536, 1_300)], rttMs) ?? 0) > 285_000, 'what arrived of it tells');
  assert.equal(rateOf([{ bytes: 4_096, arrived: 0, ms: 2_000 }], rttMs), 17_067, 'not even the first: less than that');
});

test('a lossy link that TCP calls slow is filled with silence, and carries what comes of it', () => {
  const slow = { ...GOOD, upBps: 17_000, downBps: 400_000, lossDown: 0.08 };
  assert.equal(isInDoubt(slow), true);
  assert.equal(isInDoubt({ ...slow, lossDown: LIGHT_LOSS - 0.01 }), false, 'there TCP is believed');
  assert.equal(isInDoubt({ ...slow, lossDown: HEAVY_LOSS }), false, 'there is no picture whatever it carries');
  assert.equal(isInDoubt({ ...slow, upBps: NEEDS_BPS.small }), false);
  const filled = atLeast(slow, 230, 800);
  assert.deepEqual([filled.upBps, filled.downBps], [184_000, 400_000]);
  assert.deepEqual(judge(filled), { rung: 'small', why: 'patchy' });
});

test('silence takes as many ways as a link has room for, and one on a link that nobody could measure', () => {
  assert.equal(waysOf({ upBps: 5e6, downBps: 5e6 }), 4);
  assert.equal(waysOf({ upBps: 300_000, downBps: 250_000 }), 4);
  assert.equal(waysOf({ upBps: 110_000, downBps: 5e6 }), 2);
  assert.equal(waysOf({ upBps: 20_000, downBps: 5e6 }), 1);
  assert.equal(waysOf({ upBps: null, downBps: 5e6 }), 1);
});

/** @typedef {import('../public/js/state/link.js').Counted} Counted */

/** @param {Partial<Counted>} counted */
const shared = (counted) => {
  const { lossUp, lossDown } = lossOf([{ sent: 100, missed: 0, reportedMs: 1, received: 100, lost: 0, ...counted }]);
  return { lossUp, lossDown };
};

test('losses of the whole way are shared out between its two halves', () => {
  assert.deepEqual(shared({}), { lossUp: 0, lossDown: 0 });
  assert.deepEqual(shared({ missed: 20, received: 64, lost: 36 }), { lossUp: 0.2, lossDown: 0.2 });
  assert.deepEqual(shared({ received: 70, lost: 30 }), { lossUp: 0, lossDown: 0.3 });
  assert.deepEqual(shared({ missed: 40, received: 70, lost: 30 }), { lossUp: 0.3, lossDown: 0 }, 'the two were not counted over the same packets');
  assert.deepEqual(shared({ missed: null, received: 70, lost: 30 }), { lossUp: null, lossDown: 0.3 });
  assert.deepEqual(shared({ received: 0, lost: 0 }), { lossUp: 0, lossDown: 1 }, 'nothing came');
  assert.deepEqual(shared({ sent: 0, missed: null, received: 0 }), { lossUp: null, lossDown: null }, 'nothing was sent');
  assert.deepEqual(lossOf([]), { lossUp: null, lossDown: null, lossSpread: null });
});

test('what the server missed is a share of what had been sent when it said so', () => {
  const reported = { sent: 500, missed: 50, reportedMs: 7, received: 430, lost: 50 };
  assert.equal(lossOf([reported, { ...reported, sent: 800, received: 720, lost: 80 }]).lossUp, 0.1);
});

/** 800 packets of a link, counted 16 times; each is lost by itself, or eight at once. @param {number} share @param {() => number} random @param {number} together @returns {Counted[]} */
function trial(share, random, together = 1) {
  const counted = { sent: 0, missed: 0, reportedMs: 0, received: 0, lost: 0 };
  return Array.from({ length: 16 }, (_, at) => {
    for (let group = 0; group < 48 / together; group++) counted[random() < share ? 'lost' : 'received'] += together;
    return { ...counted, sent: (at + 1) * 48, reportedMs: at };
  });
}

/** The same numbers each time (mulberry32). @param {number} seed */
const seeded = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};

test('0, 3, 8 and 15 % are told apart, and the spread holds the truth about as often as it says', () => {
  const random = seeded(1);
  const midway = [-1, 0.015, 0.055, 0.115, 1];
  for (const [at, share] of [0, 0.03, 0.08, 0.15].entries()) {
    const trials = Array.from({ length: 200 }, () => lossOf(trial(share, random)));
    const [from, to] = [midway[at] ?? 0, midway[at + 1] ?? 1];
    const told = trials.filter(({ lossDown }) => lossDown !== null && lossDown > from && lossDown < to).length;
    assert.ok(told >= 195, `${share} was told from the others ${told} times of 200`);
    const held = trials.filter(({ lossSpread }) => lossSpread && lossSpread[0] <= share && share <= lossSpread[1]).length;
    assert.ok(held >= 184, `the spread held ${share} ${held} times of 200`);
  }
});

test('where packets are lost eight at a time the spread is wider, and still holds the truth', () => {
  const random = seeded(2);
  const trials = Array.from({ length: 200 }, () => lossOf(trial(0.08, random, 8)));
  const width = trials.reduce((sum, { lossSpread }) => sum + ((lossSpread?.[1] ?? 0) - (lossSpread?.[0] ?? 0)), 0) / trials.length;
  assert.ok(width > 0.08, `${width}`);
  const held = trials.filter(({ lossSpread }) => lossSpread && lossSpread[0] <= 0.08 && lossSpread[1] >= 0.08).length;
  assert.ok(held >= 176, `the spread held it ${held} times of 200`);
});

test('what was measured is read as it was written', () => {
  assert.deepEqual(read(written(GOOD)), GOOD);
  assert.deepEqual(read(written(SILENCE)), SILENCE);
  assert.equal(written({ ...GOOD, downBps: 9e12, rttMs: 1e6 }).down_bps, 2 ** 32 - 1);
});
