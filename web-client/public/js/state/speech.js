/**
 * How speech is sent and played on a bad link: redundancy, bit rate and how long sound waits before it is played. Pure; once a second from what
 * both directions lose.
 */

/**
 * @typedef {object} Speech
 * @property {boolean} isRedundant each frame is sent again beside the next (RFC 2198)
 * @property {readonly number[]} rttsMs of the last seconds
 * @property {boolean} waits packets wait longer than a moment ago: what is lost is lost because too much is sent
 * @property {number} meanLoss of the uplink's last ten seconds or so
 * @property {number} calmSeconds how long the uplink has lost little
 * @property {number} singleSeconds how long no frame was sent again
 * @property {number} trouble share of what is heard that is lost on the way here, or comes too late: soon believed, slowly forgotten
 * @property {number} missed share of it that neither copies nor what was asked for brought in time, likewise
 * @property {number} concealed share of what was heard in the last second that was made up
 */

/** @type {Readonly<Speech>} */
export const CALM = Object.freeze({ isRedundant: false, rttsMs: [], waits: false, meanLoss: 0, calmSeconds: 0, singleSeconds: Infinity, trouble: 0, missed: 0, concealed: 0 });

/** Of packets, before repair. What is lost more rarely Opus mends by itself, with what it says again of a frame in the next one (RFC 6716 §2.1.7). */
const REDUNDANT_FROM = 0.06;
const CALM_BELOW = 0.03;
/** From here on a copy is often lost as well. */
const HEAVY = 0.15;
const CALM_SECONDS = 30;
/** To begin again costs a moment of the picture. */
const REST_SECONDS = 15;
const HEAVY_REST_SECONDS = 5;
/** Redundancy costs as much as speech: not where a link carries little more than that. Heavy loss takes any estimate far down, and where nothing waits it is the air's. */
const REDUNDANT_NEEDS_BPS = 60_000;
/** So much longer than a moment ago. What stays longer although less is sent is another route. */
const QUEUE_MS = 150;
const ROUTE_SECONDS = 5;
/** Half after 30 seconds: the wait that ended the trouble is not given up at once; nor does one bad second, of fifty packets, begin it. */
const FORGETS = 0.023;
/** Half after 4 seconds in which nothing at all was lost: a queue that overflowed once is no link that loses. */
const FORGETS_IN_PEACE = 0.15;
const LEARNS = 0.25;
const MEAN_LEARNS = 0.1;
/** Of ten seconds; one second of fifty packets that lose a tenth often looks like more. */
const HEAVY_MEAN = 0.12;

/**
 * @param {Speech} before
 * @param {{soundLoss: number, estimateBps: number | null, rttMs: number, downlinkLoss: number, speakersLoss: number, concealed: number}} sample losses of the own uplink, of the
 *   own downlink, and of the uplink of who speaks; and what was made up
 * @returns {Speech}
 */
export function listen(before, { soundLoss, estimateBps, rttMs, downlinkLoss, speakersLoss, concealed }) {
  const calmSeconds = soundLoss < CALM_BELOW ? before.calmSeconds + 1 : 0;
  const rttsMs = rttMs > 0 ? [...before.rttsMs, rttMs].slice(-ROUTE_SECONDS) : before.rttsMs;
  const waits = rttMs >= Math.min(...rttsMs) + QUEUE_MS;
  const meanLoss = before.meanLoss + MEAN_LEARNS * (soundLoss - before.meanLoss);
  const affordable = !waits && (estimateBps === null || estimateBps >= REDUNDANT_NEEDS_BPS || meanLoss >= HEAVY_MEAN);
  const goesOn = before.isRedundant && calmSeconds < CALM_SECONDS;
  const begins = soundLoss >= REDUNDANT_FROM && before.singleSeconds >= (soundLoss >= HEAVY ? HEAVY_REST_SECONDS : REST_SECONDS);
  const isRedundant = affordable && (goesOn || begins);
  const singleSeconds = isRedundant ? 0 : before.singleSeconds + 1;
  // One second alone says nothing: whoever begins to speak has some of it made up on the best of links.
  const late = Math.min(concealed, before.concealed);
  const trouble = towards(before.trouble, Math.max(downlinkLoss, speakersLoss, 2 * late));
  const missed = towards(before.missed, Math.max(speakersLoss, late));
  return { isRedundant, rttsMs, waits, meanLoss, calmSeconds, singleSeconds, trouble, missed, concealed };
}

/** @param {number} before @param {number} now */
const towards = (before, now) => before + (now - before) * (now > before ? LEARNS : now > 0 ? FORGETS : FORGETS_IN_PEACE);

/** @typedef {{bitrate: number, packetMs: number}} Voice bits a second, and how much sound a packet holds */

export const USUAL_PACKET_MS = 20;
/** @type {Readonly<Voice>} */
export const USUAL_VOICE = Object.freeze({ bitrate: 32_000, packetMs: USUAL_PACKET_MS });

/** Opus is well understood from here on, bits a second. */
export const LEAST_BITRATE = 16_000;
/** Headers of 50 packets a second take 25 kbit/s, and each is asked for, told of and repeated by itself: on thin links half as many do. */
const LONG_PACKET_MS = 40;
const THIN_BPS = 110_000;
/** A change of it begins the encoder anew. */
const WIDE_BPS = 160_000;

/**
 * Who hears worst decides: nobody on the way can encode speech anew.
 * @param {Voice} before @param {(number | null)[]} estimatesBps of the own uplink and of each listener's downlink
 * @returns {Voice}
 */
export function voiceFor(before, estimatesBps) {
  const least = Math.min(...estimatesBps.map((estimate) => estimate ?? Infinity));
  const isLong = least < (before.packetMs === USUAL_PACKET_MS ? THIN_BPS : WIDE_BPS);
  return { bitrate: least < THIN_BPS ? LEAST_BITRATE : least < 250_000 ? 24_000 : 32_000, packetMs: isLong ? LONG_PACKET_MS : USUAL_PACKET_MS };
}

/**
 * What was lost comes again beside a later frame: 80 ms later, and with heavy loss once more after 160 (sfu/src/subscriber/redundancy.rs). What was
 * asked for comes a round trip later, and is waited for when that is no longer. Sound that has been played cannot be repaired.
 * @param {Pick<Speech, 'trouble' | 'missed'>} speech @param {number} rttMs @returns {number | null} null: as the browser thinks
 */
export function playoutMs({ trouble, missed }, rttMs) {
  if (trouble < 0.02) return null;
  if (trouble >= HEAVY || missed >= 0.02) return 200;
  const asked = Math.round(rttMs) + 60;
  return Math.max(120, asked <= 180 ? asked : 0);
}
