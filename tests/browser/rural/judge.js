/** From what two people's browsers noted to what a person would say of it. Pure. */

/** @typedef {import('./probe.js').Noted} Noted */
/**
 * @typedef {object} Figures of one direction in one window
 * @property {number | null} concealed_percent of the sound that was played, made up by the browser because nothing had come
 * @property {number | null} sound_delay_ms from one microphone to the other's ear, by the loudness of both; null: nothing alike
 * @property {number | null} likeness correlation of the two at the best delay, 0 to 1
 * @property {number} frames_per_s shown
 * @property {number} frozen_percent of the window in which no picture came for half a second or more
 * @property {number | null} picture_delay_ms from drawing to being shown: half of the pictures came sooner
 * @property {number | null} picture_delay_p95_ms
 * @property {number | null} height of the pictures, in pixels: half were lower
 * @property {number} audio_kbps that came, without headers
 * @property {number} video_kbps
 */

/** A picture that stands for so long is seen to stand. */
const FREEZE_MS = 500;
const STEP_MS = 20;
const MAX_LAG_MS = 4_000;
/** Four seconds. */
const PIECE = 200;
/** Below, two pieces of speech are not the same one. */
const MIN_LIKENESS = 0.6;

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
    audio_kbps: (8 * grown('in.audio.bytesReceived')) / (to - from),
    video_kbps: (8 * grown('in.video.bytesReceived')) / (to - from),
  };
}

/** Milliseconds within gaps that are long enough to be seen; the window's ends count as pictures. @param {number[]} times @param {number} from @param {number} to */
export function frozen(times, from, to) {
  const edges = [from, ...times, to];
  const gaps = edges.slice(1).map((at, index) => at - edges[index]);
  return gaps.filter((gap) => gap >= FREEZE_MS).reduce((sum, gap) => sum + gap, 0);
}

/**
 * The delay at which what was heard goes up and down with what was said: of each few seconds by themselves, since a jitter buffer changes it.
 * @param {[number, number][]} sent @param {[number, number][]} heard
 * @returns {{lag_ms: number | null, likeness: number | null}} medians; without a lag: too little was alike
 */
export function alike(sent, heard) {
  if (sent.length === 0 || heard.length === 0) return { lag_ms: null, likeness: null };
  const begin = sent[0][0];
  const said = resampled(sent, begin);
  const listened = resampled(heard, begin);
  const pieces = [];
  for (let start = 0; start + PIECE <= said.length; start += PIECE / 4) {
    pieces.push(bestLag(said.slice(start, start + PIECE), listened.slice(start)));
  }
  const lags = pieces.filter(({ likeness }) => likeness >= MIN_LIKENESS).map(({ lag_ms }) => lag_ms).sort(ascending);
  const likenesses = pieces.map(({ likeness }) => likeness).sort(ascending);
  return { lag_ms: lags.length >= pieces.length / 3 ? quantile(lags, 0.5) : null, likeness: quantile(likenesses, 0.5) };
}

/** @param {number[]} said @param {number[]} listened from the same moment on, and longer */
function bestLag(said, listened) {
  let best = { lag_ms: 0, likeness: 0 };
  for (let lag = 0; lag * STEP_MS <= MAX_LAG_MS && lag + said.length <= listened.length; lag += 1) {
    const likeness = correlation(said.map((loudness, at) => [loudness, listened[at + lag]]));
    if (likeness > best.likeness) best = { lag_ms: lag * STEP_MS, likeness };
  }
  return best;
}

/** Decibels at each step from `begin` on, quiet ones alike; a step without a note is as the one before. @param {[number, number][]} notes @param {number} begin */
function resampled(notes, begin) {
  /** @type {number[]} */
  const steps = [];
  for (const [at, loudness] of notes) {
    const step = Math.round((at - begin) / STEP_MS);
    if (step >= 0) steps[step] = Math.max(-50, 20 * Math.log10(loudness + 1e-9));
  }
  let last = -50;
  return Array.from(steps, (loudness) => (last = loudness ?? last));
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
