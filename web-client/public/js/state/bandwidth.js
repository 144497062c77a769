/**
 * The bandwidth ladder (signaling/PROTOCOL.md "Bandwidth ladder"): what this person sends, by what the uplink carries. Pure: samples of
 * statistics come in once a second, a rung comes out.
 *
 * A rung down when it no longer fits, as far down as needed. A rung up when the estimate says so; and, since an estimate never grows far beyond
 * what is sent, also by trying, each time later when the try failed.
 */

import { OFFERED } from './largest.js';

/** @typedef {import('../protocol/types.js').Rung} Rung */

/**
 * @typedef {object} Sample over about a second
 * @property {number | null} estimateBps what the uplink is believed to carry
 * @property {boolean} isBrowsers the browser believes so; else the server, since it has seen a queue stand, or nobody
 * @property {number | null} downBps what the own downlink is believed to carry
 * @property {number} sentBps
 * @property {number} loss share of what was sent that was lost, 0..1
 * @property {number} soundLoss of the sound, what stayed lost
 * @property {number} airLoss of the sound, what the way there lost before anything was repaired, although nothing waits there
 * @property {boolean} waits packets wait on the way there
 * @property {number} concealed share of what is heard that was made up, 0..1
 * @property {boolean} isWatched somebody displays a picture of this person's
 * @property {boolean} isHeard anything at all comes from the server
 */

/**
 * @typedef {object} Bandwidth
 * @property {Rung} rung
 * @property {number} sinceMs when this rung was reached
 * @property {number} atMs of the last sample
 * @property {number | null} tightSinceMs the rung has not fitted since
 * @property {number | null} roomySinceMs there has been room since
 * @property {number | null} deadSinceMs nobody hears anybody since
 * @property {number | null} vainSinceMs the sound has paid for a try since
 * @property {Rung} returnsTo from the telephone
 * @property {boolean} isTry it was reached although nobody knew that it fits
 * @property {number} patienceMs of room before a higher rung is tried
 */

/** From the most to the least. @type {readonly Rung[]} */
export const RUNGS = ['full', 'small', 'stills', 'audio', 'phone'];

/** What a rung needs, sound included. @type {Record<Rung, number>} */
export const NEEDS_BPS = { full: 1_100_000, small: 150_000, stills: 60_000, audio: 0, phone: 0 };

/** A browser's own estimate is still growing: from 300 kbit/s, in Chromium. */
const RAMP_MS = 8_000;
/** A rung is reached from this share of its need on. */
const REACHES = 1.15;
/**
 * A picture that is sent goes on with less than it takes to begin: the lower two layers, or the least that encoders make, and the sound. An estimate is no higher
 * than what is sent makes it, and a false alarm leaves 0.85 of that: 100 kbit/s of 300 where nothing is lost; much loss alone makes 60 (docs/adr/0016).
 * Whatever is sent stays within the estimate.
 */
const FULL_GOES_ON_BPS = 600_000;
const SMALL_GOES_ON_BPS = 45_000;
/** Where packets wait the estimate knows the link. */
const SMALL_GOES_ON_BESIDE_A_QUEUE_BPS = 120_000;
const TIGHT_MS = 3_000;
const ROOMY_MS = 5_000;
const FIRST_PATIENCE_MS = 15_000;
const MOST_PATIENCE_MS = 120_000;
/** From here on a link that no queue fills is one that loses. */
const LOSSY = 0.04;
/** A picture must not take from speech what it loses. */
export const HEAVY_LOSS = 0.15;
/** Beside stills, that much of the sound may be lost. */
const STILLS_LOSS = 0.05;
/** From here on a picture shows it. */
export const LIGHT_LOSS = 0.03;
/** From here on words are missed. */
export const DEAD_RATIO = 0.5;
const DEAD_MS = 10_000;
const ALIVE_MS = 5_000;

/** @type {Readonly<Bandwidth>} */
export const TOP = Object.freeze({ rung: 'full', sinceMs: 0, atMs: 0, tightSinceMs: null, roomySinceMs: null, deadSinceMs: null, vainSinceMs: null, returnsTo: 'audio', isTry: false, patienceMs: FIRST_PATIENCE_MS });

/** @param {number} nowMs @returns {Bandwidth} of a new connection */
export const begin = (nowMs) => ({ ...TOP, sinceMs: nowMs, atMs: nowMs });

/** @param {Bandwidth} before @param {Sample} sample @param {number} nowMs @returns {Bandwidth} */
export function observe(before, sample, nowMs) {
  if (!sample.isHeard) return withoutNetwork(before, nowMs);
  const dead = sample.soundLoss >= DEAD_RATIO || sample.concealed >= DEAD_RATIO;
  const state = {
    ...before,
    // What nobody displays is not sent, and an estimate does not grow: that time does not count.
    sinceMs: before.sinceMs + (sendsVideo(before.rung) && !sample.isWatched ? nowMs - before.atMs : 0),
    atMs: nowMs,
    deadSinceMs: since(before.deadSinceMs, dead, nowMs),
    tightSinceMs: since(before.tightSinceMs, isTight(before.rung, sample), nowMs),
    roomySinceMs: since(before.roomySinceMs, !dead && hasRoom(before.rung, sample), nowMs),
    vainSinceMs: since(before.vainSinceMs, before.isTry && (sample.waits || sample.soundLoss >= STILLS_LOSS), nowMs),
  };
  if (state.rung === 'phone') return dead || !lasts(state.sinceMs, ALIVE_MS, nowMs) ? state : reach(state, state.returnsTo, nowMs);
  if (lasts(state.deadSinceMs, DEAD_MS, nowMs)) return { ...reach(state, 'phone', nowMs), returnsTo: 'audio' };
  const isKnown = !sample.isBrowsers || lasts(state.sinceMs, RAMP_MS, nowMs) || isHopeless(state, sample);
  if (isKnown && lasts(state.tightSinceMs, TIGHT_MS, nowMs)) return down(state, sample, nowMs);
  if (!isKnown && lasts(state.vainSinceMs, TIGHT_MS, nowMs)) return fall(state, RUNGS[RUNGS.indexOf(state.rung) + 1] ?? 'audio', nowMs);
  const above = RUNGS[RUNGS.indexOf(state.rung) - 1];
  if (above === undefined || !lasts(state.roomySinceMs, ROOMY_MS, nowMs)) return state;
  const isKnownToFit = sample.estimateBps !== null && sample.estimateBps >= NEEDS_BPS[above] * REACHES;
  if (isKnownToFit) return reach(state, above, nowMs);
  return lasts(state.roomySinceMs, state.patienceMs, nowMs) ? { ...reach(state, above, nowMs), isTry: true } : state;
}

/**
 * Nothing comes: that says nothing of how much the link carries once it is back, and an estimate must then grow anew.
 * @param {Bandwidth} before @param {number} nowMs @returns {Bandwidth}
 */
function withoutNetwork(before, nowMs) {
  const deadSinceMs = before.deadSinceMs ?? nowMs;
  const state = { ...before, atMs: nowMs, deadSinceMs, tightSinceMs: null, roomySinceMs: null };
  if (before.rung === 'phone') return state;
  if (lasts(deadSinceMs, DEAD_MS, nowMs)) return { ...reach(state, 'phone', nowMs), returnsTo: before.rung };
  return { ...state, sinceMs: nowMs };
}

/** @param {Rung} rung @returns {boolean} the camera's picture moves */
export const sendsVideo = (rung) => rung === 'full' || rung === 'small';

/**
 * What a section's encodings become: those that somebody watches, as far as the rung allows.
 * @param {Rung} rung @param {readonly {rid?: string, maxBitrate?: number, scaleResolutionDownBy?: number}[]} layers as they were first set, lowest first
 * @param {readonly string[]} wanted rids; any entry stands for a layer without one @param {Room} [room] @param {Pick<import('./largest.js').Largest, 'isOffered' | 'isWide'>} [largest] of three
 * @returns {{active: boolean, maxBitrate?: number, maxFramerate?: number, scaleResolutionDownBy?: number}[]}
 */
export function encodingsOf(rung, layers, wanted, room = ANY_ROOM, { isOffered, isWide } = OFFERED) {
  const encodings = withoutSizes(rung, layers, wanted, room);
  const sized = encodings.map((encoding, at) => {
    const scaleResolutionDownBy = layers[at]?.scaleResolutionDownBy;
    return scaleResolutionDownBy === undefined ? encoding : { ...encoding, scaleResolutionDownBy };
  });
  const [lowest, middle, largest] = sized;
  if (rung !== 'full' || !lowest || !middle || !largest) return sized;
  const isSeen = middle.active || largest.active;
  const inPlace = isWide ? { active: isSeen, maxBitrate: wideBps(room), scaleResolutionDownBy: WIDE_SCALE } : { active: isOffered ? middle.active : isSeen };
  return [lowest, { ...middle, ...inPlace }, { ...largest, active: isOffered && largest.active }];
}

/** Between the middle and the largest: 540 lines of 720. */
const WIDE_SCALE = 4 / 3;
/** Chromium begins 540 lines at 350 kbit/s. More than so much is not seen, and leaves a queue of its own where links carry a megabit. */
const LEAST_WIDE_BPS = 350_000;
const MOST_WIDE_BPS = 550_000;

/** For everybody who has room for it at all. @param {Room} room */
function wideBps({ leastBps, mostBps }) {
  const bps = leastBps >= LEAST_WIDE_BPS ? leastBps : mostBps;
  return Math.max(LEAST_WIDE_BPS, Math.min(MOST_WIDE_BPS, bps));
}

/**
 * @param {Rung} rung @param {readonly {rid?: string, maxBitrate?: number}[]} layers @param {readonly string[]} wanted @param {Room} room
 * @returns {{active: boolean, maxBitrate?: number, maxFramerate?: number}[]}
 */
function withoutSizes(rung, layers, wanted, room) {
  const asked = layers.map(({ rid }) => (rid ? wanted.includes(rid) : wanted.length > 0));
  // Whoever has no room for it gets none: the lowest is made for the worst link, and what is alone for the best.
  const lowest = layers.length > 1 ? room.leastBps : room.mostBps;
  if (rung === 'full') {
    return layers.map(({ maxBitrate = Infinity }, at) => ({ active: asked[at] ?? false, maxBitrate: finite(Math.min(maxBitrate, at === 0 ? lowest : Infinity)) }));
  }
  // One layer alone: two would share what one needs. 360p when anybody wants as much.
  const middle = asked.slice(1).includes(true) ? Math.min(1, layers.length - 1) : 0;
  const only = asked.includes(true) ? middle : -1;
  return layers.map(({ maxBitrate }, at) => ({
    active: rung === 'small' && at === only,
    maxBitrate: Math.min(maxBitrate ?? Infinity, SMALL_BPS, lowest),
    maxFramerate: 15,
  }));
}

/** @param {number} bps */
const finite = (bps) => (bps === Infinity ? undefined : bps);

/** @typedef {{leastBps: number, mostBps: number}} Room what the worst and the best of the listeners' links leave for a picture */

/** @type {Readonly<Room>} */
export const ANY_ROOM = Object.freeze({ leastBps: Infinity, mostBps: Infinity });

/**
 * Beside the sound, in steps, so that encoders are left in peace.
 * @param {{estimateBps: number | null, loss: number}[]} downlinks of the listeners @returns {Room} Infinity while nothing is known
 */
export function roomOf(downlinks) {
  const rooms = downlinks.map(({ estimateBps, loss }) => {
    if (estimateBps === null) return Infinity;
    const left = FILLS * (estimateBps - SOUND_BPS * (loss < LIGHT_LOSS ? 1 : 2));
    return Math.max(LEAST_PICTURE_BPS, Math.floor(left / STEP_BPS) * STEP_BPS);
  });
  return rooms.length > 0 ? { leastBps: Math.min(...rooms), mostBps: Math.max(...rooms) } : ANY_ROOM;
}
/** Sound with its headers, without copies. */
const SOUND_BPS = 40_000;
const FILLS = 0.95;
const STEP_BPS = 20_000;
/** Of a head that speaks, 180 lines high. */
const LEAST_PICTURE_BPS = 40_000;

/** More shows little at this size, and Chromium goes back up to 360 lines from 300 kbit/s on. Below it the browser's own estimate holds the encoder. */
const SMALL_BPS = 400_000;

/** @param {Rung} rung @param {Sample} sample */
function isTight(rung, { estimateBps, loss, soundLoss, waits }) {
  const isBelow = (/** @type {number} */ bps) => estimateBps !== null && estimateBps < bps;
  // Where sound alone is sent an estimate knows of nothing more: beside stills it is the sound itself that tells.
  if (rung === 'stills') return soundLoss >= STILLS_LOSS;
  // A browser without an estimate fills a queue with three layers for ever (docs/adr/0027), and the server's word of it may wait there too.
  const isBlind = estimateBps === null && waits && rung === 'full';
  return sendsVideo(rung) && (loss >= HEAVY_LOSS || isBlind || isBelow(keepsBps(rung, waits)));
}

/** Packets wait although so little is sent: it is the queue that loses them. @param {Pick<Sample, 'estimateBps' | 'waits'>} sample */
const isThin = ({ estimateBps, waits }) => waits && estimateBps !== null && estimateBps < NEEDS_BPS.stills;

/**
 * An estimate that does not grow, but has fallen far below where it began; a picture that is only tried has yet to raise it.
 * @param {Bandwidth} state @param {Sample} sample
 */
function isHopeless({ rung, isTry }, sample) {
  const isFallen = rung === 'full' && sample.estimateBps !== null && sample.estimateBps < SMALL_GOES_ON_BPS;
  return !isTry && (isThin(sample) || isFallen);
}

/** @param {Rung} rung @param {boolean} waits */
function keepsBps(rung, waits) {
  if (rung === 'full') return FULL_GOES_ON_BPS;
  return waits ? SMALL_GOES_ON_BESIDE_A_QUEUE_BPS : SMALL_GOES_ON_BPS;
}

/** @param {Rung} rung @param {Sample} sample */
function hasRoom(rung, { estimateBps, downBps, sentBps, loss, airLoss, waits }) {
  const isLossy = airLoss >= LOSSY;
  // Beside sound alone that loses, an estimate stays where it is: only a try tells more. On a thin link the sound would pay for it, and an uplink is
  // seldom wider than what comes down.
  if (rung === 'stills' && isLossy && (downBps ?? Infinity) >= NEEDS_BPS.small) return true;
  // A photograph is a burst beside the sound: not by trying, where its loss is not the burst's own.
  if (rung === 'audio' && isLossy) return estimateBps !== null && estimateBps >= NEEDS_BPS.stills * REACHES;
  const isCalm = loss <= LIGHT_LOSS || (rung === 'stills' && isLossy);
  return isCalm && (rung === 'audio' || (estimateBps === null ? !waits : estimateBps >= sentBps * REACHES));
}

/** @param {Bandwidth} state @param {Sample} sample @param {number} nowMs */
function down(state, { estimateBps, loss, waits }, nowMs) {
  const below = RUNGS.indexOf(state.rung) + 1;
  // Much loss takes any estimate far down.
  const isTold = estimateBps !== null && (loss < HEAVY_LOSS || isThin({ estimateBps, waits }));
  const fits = (/** @type {Rung} */ rung) => !isTold || estimateBps >= (sendsVideo(rung) ? keepsBps(rung, waits) : NEEDS_BPS[rung]);
  return fall(state, RUNGS.slice(below, RUNGS.indexOf('phone')).find(fits) ?? 'audio', nowMs);
}

/** @param {Bandwidth} state @param {Rung} rung @param {number} nowMs */
function fall(state, rung, nowMs) {
  // Whoever came up by trying and must go again waits longer the next time.
  const patienceMs = state.isTry ? Math.min(MOST_PATIENCE_MS, state.patienceMs * 2) : FIRST_PATIENCE_MS;
  return { ...reach(state, rung, nowMs), patienceMs };
}

/** @param {Bandwidth} state @param {Rung} rung @param {number} nowMs @returns {Bandwidth} */
function reach(state, rung, nowMs) {
  return { ...state, rung, sinceMs: nowMs, tightSinceMs: null, roomySinceMs: null, vainSinceMs: null, isTry: false };
}

/** @param {number | null} before @param {boolean} holds @param {number} nowMs */
const since = (before, holds, nowMs) => (holds ? (before ?? nowMs) : null);

/** @param {number | null} sinceMs @param {number} forMs @param {number} nowMs */
const lasts = (sinceMs, forMs, nowMs) => sinceMs !== null && nowMs - sinceMs >= forMs;
