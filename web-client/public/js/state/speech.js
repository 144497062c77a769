/**
 * How speech is sent and played on a bad link: redundancy, bit rate and how long sound waits before it is played. Pure; once a second from what
 * both directions lose.
 */

/**
 * @typedef {object} Speech
 * @property {boolean} isRedundant each frame is sent again beside the next (RFC 2198)
 * @property {number} rttFloorMs the shortest round trip so far
 * @property {number} calmSeconds how long the uplink has lost little
 * @property {number} singleSeconds how long no frame was sent again
 * @property {number} trouble share of what is heard that is lost on the way here, or comes too late; at its worst, forgotten slowly
 */

/** @type {Readonly<Speech>} */
export const CALM = Object.freeze({ isRedundant: false, rttFloorMs: Infinity, calmSeconds: 0, singleSeconds: Infinity, trouble: 0 });

const REDUNDANT_FROM = 0.03;
const CALM_BELOW = 0.01;
const CALM_SECONDS = 30;
/** To begin again costs a moment of the picture. */
const REST_SECONDS = 15;
/** Redundancy costs as much as speech: not where a link carries little more than that. Loss alone takes an estimate far down, so it must be very low. */
const REDUNDANT_NEEDS_BPS = 60_000;
/** Packets that wait so much longer than they must are lost because too much is sent. */
const QUEUE_MS = 150;
/** Half after 30 seconds: the wait that ended the trouble is not given up at once. */
const FORGETS = 0.977;

/**
 * @param {Speech} before
 * @param {{soundLoss: number, estimateBps: number | null, rttMs: number, downlinkLoss: number, speakersLoss: number, concealed: number}} sample losses of the own uplink, of the
 *   own downlink, and of the uplink of who speaks; and what was made up
 * @returns {Speech}
 */
export function listen(before, { soundLoss, estimateBps, rttMs, downlinkLoss, speakersLoss, concealed }) {
  const calmSeconds = soundLoss < CALM_BELOW ? before.calmSeconds + 1 : 0;
  const rttFloorMs = rttMs > 0 ? Math.min(before.rttFloorMs, rttMs) : before.rttFloorMs;
  const affordable = (estimateBps === null || estimateBps >= REDUNDANT_NEEDS_BPS) && rttMs < rttFloorMs + QUEUE_MS;
  const goesOn = before.isRedundant && calmSeconds < CALM_SECONDS;
  const begins = soundLoss >= REDUNDANT_FROM && before.singleSeconds >= REST_SECONDS;
  const isRedundant = affordable && (goesOn || begins);
  const singleSeconds = isRedundant ? 0 : before.singleSeconds + 1;
  return { isRedundant, rttFloorMs, calmSeconds, singleSeconds, trouble: Math.max(downlinkLoss, speakersLoss, 2 * concealed, before.trouble * FORGETS) };
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
 * @param {number} trouble @param {number} rttMs @returns {number | null} null: as the browser thinks
 */
export function playoutMs(trouble, rttMs) {
  if (trouble < 0.02) return null;
  const repeated = trouble < 0.08 ? 120 : 200;
  return Math.max(repeated, Math.min(300, Math.round(rttMs) + 60));
}
