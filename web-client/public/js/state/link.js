/**
 * What the check of the link before a call concludes from what it measured: which rung of the bandwidth ladder this link will carry, and what
 * limits it. Pure. A rung needs what it needs in the call (state/bandwidth.js); nobody is kept out by what is said here.
 */
import { DEAD_RATIO, HEAVY_LOSS, LIGHT_LOSS, NEEDS_BPS, RUNGS } from './bandwidth.js';
import { LEAST_BITRATE } from './speech.js';

/** @typedef {import('../protocol/types.js').Rung} Rung */
/** @typedef {'udp' | 'tcp' | 'turn'} Transport `tcp` is ICE-TCP, `turn` TURN over TLS */
/** @typedef {'slow_up' | 'slow_down' | 'lossy' | 'patchy' | 'far' | 'udp_blocked' | 'media_blocked' | 'unreachable'} Why */

/**
 * @typedef {object} Measured null: it could not be measured
 * @property {Transport | null} transport that media came through by; null: by none
 * @property {number | null} rttMs without load
 * @property {number | null} upBps
 * @property {number | null} downBps
 * @property {number | null} lossUp share of packets, 0..1
 * @property {number | null} lossDown
 * @property {readonly [number, number] | null} lossSpread between these the greater of the two lies, 19 times of 20; unknown of what was kept
 */
/** @typedef {Pick<Measured, 'lossUp' | 'lossDown' | 'lossSpread'>} Loss */
/** @typedef {{rung: Rung, why: Why | null}} Verdict */
/**
 * @typedef {object} Sample one transfer
 * @property {number} bytes that were asked for
 * @property {number} arrived of them: fewer where the transfer was cut off, and of what was on its way up then nobody knows
 * @property {number} ms from the request to the last byte's answer, or to the cut: what was held up on the way and came all at once was no faster for that
 */
/**
 * @typedef {object} Counted packets since the trial began
 * @property {number} sent
 * @property {number | null} missed by the server, as far as it has reported
 * @property {number} reportedMs when that was; any clock
 * @property {number} received
 * @property {number} lost of the whole way
 */

/** Nothing answered. @type {Readonly<Measured>} */
export const SILENCE = Object.freeze({ transport: null, rttMs: null, upBps: null, downBps: null, lossUp: null, lossDown: null, lossSpread: null });

/** The last is a second of what full video needs; a slow link is measured by the first ones, and costs nobody more than those. */
const SAMPLE_BYTES = [4, 16, 64, 128].map((kib) => kib * 1024);
/** So long a transfer, without the round trip, says how fast a link is. */
const LONG_ENOUGH_MS = 400;
/** One so short says more of the round trip's jitter. */
const TOO_SHORT_MS = 100;
const MOST_TRIES = 3;
/** From here on people begin to speak at the same time (ITU-T G.114 counts half of it, one way, as too much). */
const FAR_MS = 600;

/** Of three round trips two are as good as the same: neither was held up. @param {readonly number[]} pings milliseconds */
export function isAgreed(pings) {
  const [shortest = 0, next = Infinity] = [...pings].sort((one, other) => one - other);
  return pings.length >= 3 && next <= shortest * 1.25 + 10;
}

/**
 * One that was held up, by a lost packet that was waited for, is taken again: three times in a row is seldom.
 * @param {readonly Sample[]} samples so far, of one direction @param {number} rttMs @returns {number | null} bytes of the next one; null: that will do
 */
export function nextSample(samples, rttMs) {
  const last = samples.at(-1);
  if (!last || last.ms - rttMs < LONG_ENOUGH_MS) return SAMPLE_BYTES.find((bytes) => bytes > (last?.bytes ?? 0)) ?? null;
  const smaller = samples.filter(({ bytes }) => bytes < last.bytes).at(-1);
  const isHeldUp = smaller === undefined || rateIn(last, rttMs) < rateIn(smaller, rttMs) / 2;
  return isHeldUp && samples.filter(({ bytes }) => bytes === last.bytes).length < MOST_TRIES ? last.bytes : null;
}

/**
 * What a link carried once, it carries; what it was only asked for, it may not. Where nothing arrived at all, no more than was asked for.
 * @param {readonly Sample[]} samples @param {number} rttMs @returns {number | null}
 */
export function rateOf(samples, rttMs) {
  const carried = samples.filter(({ arrived }) => arrived > 0);
  const telling = carried.filter(({ ms }) => ms - rttMs >= TOO_SHORT_MS);
  const counted = telling.length > 0 ? telling : carried.slice(-1);
  if (counted.length > 0) return Math.round(Math.max(...counted.map((sample) => rateIn(sample, rttMs))));
  const [first] = samples;
  return first ? Math.round(rateIn({ ...first, arrived: first.bytes }, rttMs)) : null;
}

/** @param {Sample} sample @param {number} rttMs */
const rateIn = ({ arrived, ms }, rttMs) => (arrived * 8_000) / Math.max(1, ms - rttMs);

/** A second of silence, with what is around its packets. */
const WAY_PACKETS = 50;
const WAY_BPS = 32_000;
/** More must not be taken of a link whose losses are looked for: it would lose by that. */
const WAYS_SHARE = 0.8;
/** Enough to tell losses by. */
const LISTENING_WAYS = 4;
/** Together they need more than sound and a small picture do. */
export const MOST_WAYS = 6;

/** How many ways at once the silence may take. @param {Pick<Measured, 'upBps' | 'downBps'>} measured */
export function waysOf({ upBps, downBps }) {
  return Math.min(LISTENING_WAYS, Math.max(1, Math.floor((WAYS_SHARE * Math.min(upBps ?? 0, downBps ?? 0)) / WAY_BPS)));
}

/** By TCP, which says of a link that loses packets less than it carries. @param {Pick<Measured, 'upBps' | 'downBps'>} measured */
export const isCalledSlow = ({ upBps, downBps }) => Math.min(upBps ?? 0, downBps ?? 0) < NEEDS_BPS.small;

/** Whether there may be more than TCP says. @param {Measured} measured */
export function isInDoubt(measured) {
  const loss = Math.max(measured.lossUp ?? 0, measured.lossDown ?? 0);
  return loss >= LIGHT_LOSS && loss < HEAVY_LOSS && isCalledSlow(measured);
}

/** With what was seen of the silence, which comes by both halves of the way. @template {Pick<Measured, 'upBps' | 'downBps'>} M @param {M} measured @param {number} packets @param {number} ms @returns {M} */
export function atLeast(measured, packets, ms) {
  const bps = Math.round(((packets * WAY_BPS) / WAY_PACKETS) * (1000 / ms));
  return { ...measured, upBps: Math.max(measured.upBps ?? 0, bps), downBps: Math.max(measured.downBps ?? 0, bps) };
}

/**
 * What was lost on either half of the way, by what was lost on all of it and what the server missed.
 * @param {readonly Counted[]} counted one after the other @returns {Loss}
 */
export function lossOf(counted) {
  const last = counted.at(-1);
  if (!last || last.sent === 0) return { lossUp: null, lossDown: null, lossSpread: null };
  const whole = last.received === 0 ? 1 : shareLost(last);
  // As much had been sent, when the server said so for the last time.
  const reported = counted.find(({ reportedMs }) => reportedMs === last.reportedMs) ?? last;
  const missed = last.missed === null || reported.sent === 0 ? null : last.missed / reported.sent;
  const up = Math.min(whole, missed ?? 0);
  const down = up < 1 ? (whole - up) / (1 - up) : 0;
  const packets = up >= down ? reported.sent : last.received + last.lost;
  return { lossUp: missed === null ? null : hundredths(up), lossDown: hundredths(down), lossSpread: spreadOf(Math.max(up, down), packets / clusteringOf(counted)) };
}

/** @param {{received: number, lost: number}} counted */
const shareLost = ({ received, lost }) => lost / Math.max(1, received + lost);

/** @param {number} share */
const hundredths = (share) => Math.round(share * 100) / 100;

/** The interval of Wilson's score, for 95 %. @param {number} share @param {number} packets that were lost or not by themselves @returns {readonly [number, number]} */
function spreadOf(share, packets) {
  const z = 1.96;
  const weight = (z * z) / Math.max(1, packets);
  const centre = (share + weight / 2) / (1 + weight);
  const half = (Math.sqrt(share * (1 - share) * weight + (weight * weight) / 4)) / (1 + weight);
  return [hundredths(Math.max(0, centre - half)), hundredths(Math.min(1, centre + half))];
}

/** How much more the losses differ from one moment to the next than if each packet were lost by itself; at least 1. @param {readonly Counted[]} counted */
function clusteringOf(counted) {
  const last = counted.at(-1);
  const share = last ? shareLost(last) : 0;
  if (share === 0 || share === 1) return 1;
  const moments = counted.slice(1).map(({ received, lost }, at) => ({ received: received - (counted[at]?.received ?? 0), lost: Math.max(0, lost - (counted[at]?.lost ?? 0)) }));
  const heard = moments.filter((moment) => moment.received + moment.lost > 0);
  const unrest = heard.reduce((sum, moment) => {
    const packets = moment.received + moment.lost;
    return sum + (moment.lost - share * packets) ** 2 / (share * (1 - share) * packets);
  }, 0);
  return Math.max(1, unrest / Math.max(1, heard.length - 1));
}

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
  if (loss >= LIGHT_LOSS) return { rung: byRate, why: 'patchy' };
  if (byRate !== 'full') return { rung: byRate, why: slow };
  return { rung: 'full', why: rttMs > FAR_MS ? 'far' : transport === 'udp' ? null : 'udp_blocked' };
}

/** @param {number} bps @returns {Rung} */
function rungOfRate(bps) {
  if (bps < LEAST_BITRATE) return 'phone';
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
  return { transport, rttMs: rtt_ms, upBps: up_bps, downBps: down_bps, lossUp: share(lost_up_percent), lossDown: share(lost_down_percent), lossSpread: null };
}
