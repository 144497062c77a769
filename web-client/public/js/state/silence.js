/**
 * Whether a PeerConnection has fallen silent, by the bytes that it has received at each look: one whose network is gone fires no event for
 * seconds. A link that stalls now and then has taught how long, and is not given up for the next stall. Pure.
 */

/** Between two looks. */
export const WATCH_MS = 200;
/** The server reports once a second at least: nothing for longer is no pause. Where more comes, three times the usual pause is none either. */
const MOST_SILENCE_MS = 1_500;
const USUAL_PAUSES = 3;
/** Of other things than media, that a thin link brings first: a message and what opens a socket. */
const BETWEEN_BYTES = 6 * 1024;
/** Of the longest pause, at each look. */
const FORGETS = 0.99;

/**
 * @typedef {object} Silence
 * @property {number} bytes received in all
 * @property {number} atMs since when it has been that
 * @property {number} pauseMs the longest pause lately
 * @property {boolean} isLost
 */

/** @typedef {{atMs: number, downBps: number | null}} Told when the server last said anything, and what the link is believed to carry; null where that is not known by now */

/** @param {Silence | null} before @param {number} bytes @param {number} nowMs @param {Told} told @returns {Silence} */
export function hear(before, bytes, nowMs, told) {
  if (!before) return { bytes, atMs: nowMs, pauseMs: WATCH_MS, isLost: false };
  const lastedMs = nowMs - before.atMs;
  // A browser that counts nothing is not judged by it.
  if (bytes === 0 || bytes !== before.bytes) return { bytes, atMs: nowMs, pauseMs: Math.max(WATCH_MS, lastedMs, before.pauseMs * FORGETS), isLost: false };
  return { ...before, isLost: lastedMs > Math.min(MOST_SILENCE_MS, USUAL_PAUSES * before.pauseMs + betweenMs(before, told)) };
}

/** How long other things may take. A link of which nothing is known may be thin; and one that brings messages instead of media is there. @param {Silence} silence @param {Told} told */
function betweenMs({ atMs }, told) {
  return told.downBps !== null && told.atMs <= atMs ? (BETWEEN_BYTES * 8_000) / told.downBps : Infinity;
}
