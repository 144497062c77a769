/** When to try the live socket again, and what a notice says. Pure. */

const FIRST_MS = 1_000;
const MOST_MS = 30_000;

/**
 * Doubles up to half a minute, spread over its upper half: a restarted server is not met by every screen at once.
 * @param {number} attempt from 0 @param {number} random 0..1 @returns {number}
 */
export function reconnectDelayMs(attempt, random) {
  const most = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(most * (0.5 + random / 2));
}

/** The topics that changed; null means all of them, also when the notice is not understood. @param {string} text @returns {string[] | null} */
export function readNotice(text) {
  try {
    const topics = JSON.parse(text).changed.map((/** @type {{topic: string}} */ change) => String(change.topic));
    return topics.includes('everything') ? null : topics;
  } catch {
    return null;
  }
}
