/**
 * How speech is sent and played on a bad link: redundancy, bit rate and how long sound waits before it is played. Pure; once a second from what
 * both directions lose.
 */

/**
 * @typedef {object} Speech
 * @property {boolean} isRedundant each frame is sent again beside the next (RFC 2198)
 * @property {number} calmSeconds how long the uplink has lost little
 * @property {number} downlinkLoss as it was at its worst, forgotten slowly
 */

/** @type {Readonly<Speech>} */
export const CALM = Object.freeze({ isRedundant: false, calmSeconds: 0, downlinkLoss: 0 });

const REDUNDANT_FROM = 0.03;
const CALM_BELOW = 0.01;
const CALM_SECONDS = 10;
/** Redundancy costs as much as speech: not where a link carries no more than that. */
const REDUNDANT_NEEDS_BPS = 64_000;
/** Half after ten seconds. */
const FORGETS = 0.933;

/** @param {Speech} before @param {{soundLoss: number, estimateBps: number | null, downlinkLoss: number}} sample @returns {Speech} */
export function listen(before, { soundLoss, estimateBps, downlinkLoss }) {
  const calmSeconds = soundLoss < CALM_BELOW ? before.calmSeconds + 1 : 0;
  const affordable = estimateBps === null || estimateBps >= REDUNDANT_NEEDS_BPS;
  const isRedundant = affordable && (soundLoss >= REDUNDANT_FROM || (before.isRedundant && calmSeconds < CALM_SECONDS));
  return { isRedundant, calmSeconds, downlinkLoss: Math.max(downlinkLoss, before.downlinkLoss * FORGETS) };
}

/**
 * Opus is well understood from 16 kbit/s on; headers take 25 more. Who hears worst decides: nobody on the way can encode speech anew.
 * @param {(number | null)[]} estimatesBps of the own uplink and of each listener's downlink
 * @returns {number} bits a second
 */
export function speechBitrate(estimatesBps) {
  const least = Math.min(...estimatesBps.map((estimate) => estimate ?? Infinity));
  return least < 110_000 ? 16_000 : least < 250_000 ? 24_000 : 32_000;
}

/**
 * What was lost comes again beside a later frame: 80 ms later, and with heavy loss once more after 160 (sfu/src/subscriber/redundancy.rs), or a
 * round trip later when it was asked for. Sound that has been played cannot be repaired.
 * @param {number} downlinkLoss @param {number} rttMs @returns {number | null} null: as the browser thinks
 */
export function playoutMs(downlinkLoss, rttMs) {
  if (downlinkLoss < 0.02) return null;
  const repeated = downlinkLoss < 0.08 ? 120 : 200;
  return Math.max(repeated, Math.min(300, Math.round(rttMs) + 60));
}
