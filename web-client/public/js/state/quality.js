/** One person's link in a word and its cause: from a `quality` message to dictionary keys. Pure. */

/** @typedef {import('../protocol/types.js').QualityMessage} QualityMessage */
/** @typedef {import('../protocol/types.js').LinkQuality} LinkQuality */
/** @typedef {{level: 'good' | 'fair' | 'poor' | 'unknown', cause: NonNullable<QualityMessage['cause']> | null}} LinkWords */

/** E-model scores (ITU-T G.107 Annex B): above the first most users are satisfied, below the second many are not. */
const MOS = { good: 3.6, fair: 2.9 };
/** Used while no score is known. */
const LOSS = { good: 0.03, fair: 0.1 };
const RTT_MS = { good: 300, fair: 600 };

/** @param {Pick<QualityMessage, 'uplink' | 'downlink' | 'mos' | 'cause'> | undefined} quality @returns {LinkWords} */
export function linkWords(quality) {
  const level = quality ? levelOf(quality) : 'unknown';
  const named = level === 'fair' || level === 'poor';
  return { level, cause: named ? (quality?.cause ?? null) : null };
}

/**
 * Why the server holds a picture back from this person.
 * @param {string | null} track @param {Pick<QualityMessage, 'paused' | 'cause'> | undefined} own this person's quality
 * @returns {'downlink' | 'server' | null} null: it does not
 */
export function pauseOf(track, own) {
  if (track === null || !own?.paused.includes(track)) return null;
  return own.cause === 'server' ? 'server' : 'downlink';
}

/** @param {Pick<QualityMessage, 'uplink' | 'downlink' | 'mos'>} quality @returns {LinkWords['level']} */
function levelOf({ uplink, downlink, mos }) {
  if (mos !== null) return mos >= MOS.good ? 'good' : mos >= MOS.fair ? 'fair' : 'poor';
  const links = [uplink, downlink].filter((link) => link !== null);
  if (links.length === 0) return 'unknown';
  if (links.every((link) => link.loss_ratio <= LOSS.good && (link.rtt_ms ?? 0) <= RTT_MS.good)) return 'good';
  return links.every((link) => link.loss_ratio <= LOSS.fair && (link.rtt_ms ?? 0) <= RTT_MS.fair) ? 'fair' : 'poor';
}
