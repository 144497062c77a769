/** What the cart's check concludes from what it measured, and how far it has come. Pure. */
import { sendsVideo } from '../state/bandwidth.js';
import { judge } from '../state/link.js';

/** @typedef {'camera' | 'microphone' | 'network' | 'speaker' | 'echo'} Part */
/** @typedef {'ok' | 'failed' | 'skipped'} Result */
/** @typedef {{result: Result | null, why: string | null}} Finding `why` is a key of the dictionary's advice */
/** @typedef {{at: Part | 'done' | null, findings: Record<Part, Finding>}} Check `at`: what is being tried; null before the start */

/** In the order in which they are tried: the sound comes last, because a person has to listen. @type {readonly Part[]} */
export const PARTS = ['camera', 'microphone', 'network', 'speaker', 'echo'];

const OPEN = Object.freeze({ result: null, why: null });

/** @returns {Check} */
export function newCheck() {
  return { at: null, findings: { camera: OPEN, microphone: OPEN, network: OPEN, speaker: OPEN, echo: OPEN } };
}

/** @typedef {{type: 'started'} | {type: 'found', part: Part, result: Result, why?: string | null} | {type: 'stopped'}} CheckEvent */

/** @param {Check} check @param {CheckEvent} event @returns {Check} */
export function reduceCheck(check, event) {
  switch (event.type) {
    case 'started':
      return { ...newCheck(), at: PARTS[0] ?? 'done' };
    case 'found': {
      const findings = { ...check.findings, [event.part]: { result: event.result, why: event.why ?? null } };
      return { at: PARTS.find((part) => findings[part].result === null) ?? 'done', findings };
    }
    case 'stopped':
      return newCheck();
  }
}

/** As the server takes it. @param {Check} check @returns {Record<Part, Result>} */
export function resultOf(check) {
  return /** @type {Record<Part, Result>} */ (Object.fromEntries(PARTS.map((part) => [part, check.findings[part].result ?? 'skipped'])));
}

/** A black, grey or frozen-white picture carries no detail. @param {ArrayLike<number>} rgba @returns {boolean} */
export function hasPicture(rgba) {
  let sum = 0;
  let squares = 0;
  const pixels = rgba.length / 4;
  for (let at = 0; at < rgba.length; at += 4) {
    const light = 0.3 * (rgba[at] ?? 0) + 0.59 * (rgba[at + 1] ?? 0) + 0.11 * (rgba[at + 2] ?? 0);
    sum += light;
    squares += light * light;
  }
  const mean = sum / pixels;
  return pixels > 0 && Math.sqrt(Math.max(0, squares / pixels - mean * mean)) > 4;
}

/** @type {Record<import('../state/link.js').Why, string>} */
const NETWORK_WHY = {
  unreachable: 'network_silent',
  media_blocked: 'network_blocked',
  lossy: 'network_lossy',
  patchy: 'network_patchy',
  slow_up: 'network_slow',
  slow_down: 'network_slow',
  far: 'network_far',
  udp_blocked: 'network_detour',
};

/** A network that carries a moving picture is a good one; what else there is to say of it is said beside. @param {import('../state/link.js').Measured} measured @returns {{result: Result, why: string | null}} */
export function judgeNetwork(measured) {
  const { rung, why } = judge(measured);
  return { result: sendsVideo(rung) ? 'ok' : 'failed', why: why && NETWORK_WHY[why] };
}

/** How much of one pitch is in a sound, in dB below full scale (Goertzel). @param {ArrayLike<number>} samples @param {number} rateHz @param {number} pitchHz */
export function pitchDb(samples, rateHz, pitchHz) {
  const turn = (2 * Math.PI * pitchHz) / rateHz;
  const coefficient = 2 * Math.cos(turn);
  let [before, last] = [0, 0];
  for (let at = 0; at < samples.length; at++) [before, last] = [last, (samples[at] ?? 0) + coefficient * last - before];
  const power = (before * before + last * last - coefficient * before * last) / Math.max(1, (samples.length / 2) ** 2);
  return 10 * Math.log10(Math.max(power, 1e-12));
}

/** Cancelled, the test tone hardly rises above what the room said before it; heard back, it stands out. */
const ECHO_RISE_DB = 15;
const ECHO_FLOOR_DB = -60;

/** @param {number} beforeDb @param {number} duringDb @returns {{result: Result, why: string | null}} */
export function judgeEcho(beforeDb, duringDb) {
  const isHeard = duringDb > ECHO_FLOOR_DB && duringDb - beforeDb > ECHO_RISE_DB;
  return isHeard ? { result: 'failed', why: 'echo_heard' } : { result: 'ok', why: null };
}
