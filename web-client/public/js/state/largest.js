/**
 * What becomes of the largest layer of three. Chromium sends it from some 1.4 Mbit/s on; below, it fills what the middle one leaves with padding,
 * to find out. Where it does not come for seconds it is withheld, and the middle one becomes larger instead (`encodingsOf`). Pure; once a second.
 */

/**
 * @typedef {object} Largest
 * @property {boolean} isOffered to the browser
 * @property {boolean} isWide the middle layer takes its place; not where the air loses: more packets a frame, and one is enough to lose it
 * @property {number} seconds since it was last offered or withheld
 * @property {number} shortSeconds for which the uplink has carried too little
 * @property {number} roomySeconds for which it has carried enough
 * @property {number} patienceSeconds before it was tried, or is: twice as long each time
 */

const FIRST_PATIENCE_SECONDS = 15;
const MOST_PATIENCE_SECONDS = 240;

/** @type {Readonly<Largest>} */
export const OFFERED = Object.freeze({ isOffered: true, isWide: false, seconds: 0, shortSeconds: 0, roomySeconds: 0, patienceSeconds: FIRST_PATIENCE_SECONDS });

/** The targets of the layers below, the least of this one, and the sound; to begin takes a fifth more of it. */
const GOES_ON_BPS = 1_200_000;
const BEGINS_BPS = 1_440_000;
/** An estimate grows to no more than half above what is sent: 700 kbit/s in the lower two layers, and less of a picture that hardly moves. */
const TRIES_BPS = 950_000;
const SHORT_SECONDS = 3;
const ROOMY_SECONDS = 5;
/** An estimate is still growing. */
const RAMP_SECONDS = 8;
/** Of the uplink's last ten seconds. */
const LOSSY = 0.02;

/** @param {Largest} before @param {{estimateBps: number | null, meanLoss: number}} uplink without an estimate nothing is decided @returns {Largest} */
export function offer(before, { estimateBps, meanLoss }) {
  if (estimateBps === null) return before;
  const isCalm = meanLoss < LOSSY;
  const state = {
    ...before,
    isWide: before.isWide && isCalm,
    seconds: before.seconds + 1,
    shortSeconds: estimateBps < GOES_ON_BPS ? before.shortSeconds + 1 : 0,
    roomySeconds: estimateBps >= BEGINS_BPS ? before.roomySeconds + 1 : 0,
  };
  if (state.roomySeconds >= ROOMY_SECONDS && (state.isWide || !state.isOffered)) return OFFERED;
  if (state.isOffered && state.seconds >= RAMP_SECONDS && state.shortSeconds >= SHORT_SECONDS) {
    return { ...OFFERED, isOffered: false, isWide: isCalm, patienceSeconds: Math.min(MOST_PATIENCE_SECONDS, 2 * state.patienceSeconds) };
  }
  // The wide one stays meanwhile, so that nothing is seen of a try in vain.
  const tries = !state.isOffered && estimateBps >= TRIES_BPS && state.seconds >= state.patienceSeconds;
  return tries ? { ...OFFERED, isWide: state.isWide, patienceSeconds: state.patienceSeconds } : state;
}
