/** From what two people's browsers noted to what a person would say of it. Pure. */

/** @typedef {import('./probe.js').Noted} Noted */
/**
 * @typedef {object} Figures of one direction in one window
 * @property {number | null} concealed_percent of the sound that was played, made up by the browser because nothing had come
 * @property {number | null} sound_delay_ms from one microphone to the other's ear, by the loudness of both; null: nothing alike
 * @property {number | null} likeness correlation of the two at that delay, 0 to 1
 * @property {number} frames_per_s shown
 * @property {number} frozen_percent of the window in which no picture came for half a second or more
 * @property {number | null} picture_delay_ms from drawing to being shown: half of the pictures came sooner
 * @property {number | null} picture_delay_p95_ms
 * @property {number | null} height of the pictures, in pixels: half were lower
 */

/** A picture that stands for so long is seen to stand. */
const FREEZE_MS = 500;
const STEP_MS = 20;
const MAX_LAG_MS = 6_000;
/** Below, two sounds are not the same one. */
const MIN_LIKENESS = 0.3;

/**
 * @param {Noted} speaker of the same window @param {Noted} listener @param {Record<string, number>} before the listener's totals as the window began
 * @returns {Figures}
 */
export function judge(speaker, listener, before) {
  const grown = (/** @type {string} */ name) => (listener.totals[name] ?? 0) - (before[name] ?? 0);
  const played = grown('in.audio.totalSamplesReceived');
  const { frames, from, to } = listener;
  const delays = frames.flatMap(({ delay_ms }) => (delay_ms === null ? [] : [delay_ms])).sort(ascending);
  const heights = frames.map(({ height }) => height).sort(ascending);
  const { lag_ms, likeness } = alike(speaker.sent, listener.heard);
  return {
    concealed_percent: played > 0 ? (100 * grown('in.audio.concealedSamples')) / played : null,
    sound_delay_ms: lag_ms,
    likeness,
    frames_per_s: (1_000 * frames.length) / (to - from),
    frozen_percent: (100 * frozen(frames.map(({ at }) => at), from, to)) / (to - from),
    picture_delay_ms: quantile(delays, 0.5),
    picture_delay_p95_ms: quantile(delays, 0.95),
    height: quantile(heights, 0.5),
  };
}

/** Milliseconds within gaps that are long enough to be seen; the window's ends count as pictures. @param {number[]} times @param {number} from @param {number} to */
export function frozen(times, from, to) {
  const edges = [from, ...times, to];
  const gaps = edges.slice(1).map((at, index) => at - edges[index]);
  return gaps.filter((gap) => gap >= FREEZE_MS).reduce((sum, gap) => sum + gap, 0);
}

/**
 * The delay at which what was heard goes up and down with what was said.
 * @param {[number, number][]} sent @param {[number, number][]} heard
 * @returns {{lag_ms: number | null, likeness: number | null}}
 */
export function alike(sent, heard) {
  const none = { lag_ms: null, likeness: null };
  if (sent.length < 2 || heard.length < 2) return none;
  const begin = sent[0][0];
  const said = resampled(sent, begin);
  const listened = resampled(heard, begin);
  let best = { lag_ms: 0, likeness: -1 };
  for (let lag = 0; lag * STEP_MS <= MAX_LAG_MS; lag += 1) {
    const pairs = said.flatMap((loudness, at) => {
      const other = listened[at + lag];
      return loudness === undefined || other === undefined ? [] : [[loudness, other]];
    });
    if (pairs.length < said.length / 2) break;
    const likeness = correlation(pairs);
    if (likeness > best.likeness) best = { lag_ms: lag * STEP_MS, likeness };
  }
  return best.likeness < MIN_LIKENESS ? none : best;
}

/** Decibels at each step from `begin` on, quiet ones alike. @param {[number, number][]} notes @param {number} begin @returns {(number | undefined)[]} */
function resampled(notes, begin) {
  /** @type {(number | undefined)[]} */
  const steps = [];
  for (const [at, loudness] of notes) {
    const step = Math.round((at - begin) / STEP_MS);
    if (step >= 0) steps[step] = Math.max(-50, 20 * Math.log10(loudness + 1e-9));
  }
  // Notes come a little less often than steps.
  return Array.from(steps, (loudness, at) => loudness ?? steps[at - 1]);
}

/** @param {number[][]} pairs */
function correlation(pairs) {
  const mean = (/** @type {number} */ side) => pairs.reduce((sum, pair) => sum + pair[side], 0) / pairs.length;
  const [left, right] = [mean(0), mean(1)];
  let [both, squareLeft, squareRight] = [0, 0, 0];
  for (const [x, y] of pairs) {
    both += (x - left) * (y - right);
    squareLeft += (x - left) ** 2;
    squareRight += (y - right) ** 2;
  }
  return squareLeft > 0 && squareRight > 0 ? both / Math.sqrt(squareLeft * squareRight) : 0;
}

/** @param {number[]} sorted @param {number} share */
function quantile(sorted, share) {
  return sorted.length > 0 ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] : null;
}

const ascending = (/** @type {number} */ a, /** @type {number} */ b) => a - b;
