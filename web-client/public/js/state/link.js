/**
 * What the check of the link before a call concludes from what it measured: which rung of the bandwidth ladder this link will carry, and what
 * limits it. Pure. A rung needs what it needs in the call (state/bandwidth.js); nobody is kept out by what is said here.
 */
import { DEAD_RATIO, HEAVY_LOSS, NEEDS_BPS, RUNGS } from './bandwidth.js';
import { speechBitrate } from './speech.js';

/** @typedef {import('../protocol/types.js').Rung} Rung */
/** @typedef {'udp' | 'tcp' | 'turn'} Transport `tcp` is ICE-TCP, `turn` TURN over TLS */
/** @typedef {'slow_up' | 'slow_down' | 'lossy' | 'far' | 'udp_blocked' | 'media_blocked' | 'unreachable'} Why */

/**
 * @typedef {object} Measured null: it could not be measured
 * @property {Transport | null} transport that media came through by; null: by none
 * @property {number | null} rttMs without load
 * @property {number | null} upBps
 * @property {number | null} downBps
 * @property {number | null} lossUp share of packets, 0..1
 * @property {number | null} lossDown
 */
/** @typedef {{rung: Rung, why: Why | null}} Verdict */
/** @typedef {{bytes: number, ms: number}} Sample one transfer, from the request to the last byte's answer */

/** Nothing answered. @type {Readonly<Measured>} */
export const SILENCE = Object.freeze({ transport: null, rttMs: null, upBps: null, downBps: null, lossUp: null, lossDown: null });

/** The last is a second of what full video needs; a slow link is measured by the first ones, and costs nobody more than those. */
const SAMPLE_BYTES = [4, 16, 64, 128].map((kib) => kib * 1024);
/** So long a transfer, without the round trip, says how fast a link is. */
const LONG_ENOUGH_MS = 400;
/** From here on people begin to speak at the same time (ITU-T G.114 counts half of it, one way, as too much). */
const FAR_MS = 600;

/** @param {readonly Sample[]} samples so far, of one direction @param {number} rttMs @returns {number | null} bytes of the next one; null: that will do */
export function nextSample(samples, rttMs) {
  const last = samples.at(-1);
  if (last && last.ms - rttMs >= LONG_ENOUGH_MS) return null;
  return SAMPLE_BYTES[samples.length] ?? null;
}

/** @param {readonly Sample[]} samples @param {number} rttMs @returns {number | null} by the largest */
export function rateOf(samples, rttMs) {
  const last = samples.at(-1);
  return last ? Math.round((last.bytes * 8_000) / Math.max(1, last.ms - rttMs)) : null;
}

/**
 * What was lost on either half of the way, by what was lost on all of it and what the server missed.
 * @param {{sent: number, lossUp: number | null, received: number, lost: number}} counted @returns {{lossUp: number | null, lossDown: number | null}}
 */
export function lossOf({ sent, lossUp, received, lost }) {
  if (sent === 0) return { lossUp: null, lossDown: null };
  const whole = received === 0 ? 1 : lost / (received + lost);
  const up = Math.min(whole, lossUp ?? 0);
  return { lossUp: lossUp === null ? null : hundredths(up), lossDown: hundredths(up < 1 ? (whole - up) / (1 - up) : 0) };
}

/** @param {number} share */
const hundredths = (share) => Math.round(share * 100) / 100;

/** @param {Measured} measured @returns {Verdict} */
export function judge({ transport, rttMs, upBps, downBps, lossUp, lossDown }) {
  if (rttMs === null) return { rung: 'phone', why: 'unreachable' };
  const [up, down] = [upBps ?? Infinity, downBps ?? Infinity];
  const byRate = rungOfRate(Math.min(up, down));
  const slow = up <= down ? 'slow_up' : 'slow_down';
  // Where even sound has little room, media may just not have come through in time.
  if (transport === null) return { rung: 'phone', why: upBps === null || isBelow(byRate, 'stills') ? slow : 'media_blocked' };
  const loss = Math.max(lossUp ?? 0, lossDown ?? 0);
  if (loss >= DEAD_RATIO) return { rung: 'phone', why: 'lossy' };
  // No picture, and no stills beside sound that is lost. What slows pages down then is the loss, which speech in a call is repaired of.
  if (loss >= HEAVY_LOSS) return { rung: 'audio', why: 'lossy' };
  if (byRate !== 'full') return { rung: byRate, why: slow };
  return { rung: 'full', why: rttMs > FAR_MS ? 'far' : transport === 'udp' ? null : 'udp_blocked' };
}

/** @param {number} bps @returns {Rung} */
function rungOfRate(bps) {
  if (bps < speechBitrate([0])) return 'phone';
  return RUNGS.find((rung) => bps >= NEEDS_BPS[rung]) ?? 'audio';
}

/** @param {Rung} one @param {Rung} other */
const isBelow = (one, other) => RUNGS.indexOf(one) > RUNGS.indexOf(other);

/** As the server keeps it. @typedef {{transport: Transport | null, rtt_ms: number | null, up_bps: number | null, down_bps: number | null, lost_up_percent: number | null, lost_down_percent: number | null}} Written */

const MOST_BPS = 2 ** 32 - 1;

/** @param {Measured} measured @returns {Written} */
export function written({ transport, rttMs, upBps, downBps, lossUp, lossDown }) {
  const bounded = (/** @type {number | null} */ value, most = MOST_BPS) => value && Math.min(most, value);
  const percent = (/** @type {number | null} */ share) => share && Math.round(share * 100);
  return { transport, rtt_ms: bounded(rttMs, 60_000), up_bps: bounded(upBps), down_bps: bounded(downBps), lost_up_percent: percent(lossUp), lost_down_percent: percent(lossDown) };
}

/** @param {Written} kept @returns {Measured} */
export function read({ transport, rtt_ms, up_bps, down_bps, lost_up_percent, lost_down_percent }) {
  const share = (/** @type {number | null} */ percent) => percent && percent / 100;
  return { transport, rttMs: rtt_ms, upBps: up_bps, downBps: down_bps, lossUp: share(lost_up_percent), lossDown: share(lost_down_percent) };
}
