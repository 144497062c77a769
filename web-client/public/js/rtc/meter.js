/** How loud a microphone is, a few times a second. Owns an AudioContext from start to `stop`. */

const INTERVAL_MS = 80;
/** Speech at arm's length lies between these RMS levels, in dBFS. */
const QUIET_DB = -60;
const LOUD_DB = -12;
/** The test tone's pitch and length. */
export const TONE_HZ = 523;
export const TONE_MS = 1_000;

/** @param {MediaStreamTrack} track @param {(level: number) => void} onLevel 0..100 @returns {{stop: () => void}} */
export function startMeter(track, onLevel) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    onLevel(levelOf(samples));
  }, INTERVAL_MS);
  return {
    stop: () => {
      clearInterval(timer);
      void context.close();
    },
  };
}

/** @param {ArrayLike<number>} samples -1..1 @returns {number} 0..100 */
export function levelOf(samples) {
  const power = Array.from(samples).reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
  const db = 10 * Math.log10(Math.max(power, 1e-10));
  return Math.round(Math.min(100, Math.max(0, ((db - QUIET_DB) / (LOUD_DB - QUIET_DB)) * 100)));
}

/** A short soft tone, to try the speaker. @param {string | undefined} speakerId */
export async function playTone(speakerId) {
  const context = new AudioContext();
  const element = new Audio();
  const output = context.createMediaStreamDestination();
  const tone = context.createOscillator();
  const gain = context.createGain();
  tone.frequency.value = TONE_HZ;
  gain.gain.setValueAtTime(0.15, context.currentTime);
  gain.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.9);
  tone.connect(gain).connect(output);
  element.srcObject = output.stream;
  if (speakerId) await element.setSinkId?.(speakerId).catch(() => {});
  tone.start();
  tone.stop(context.currentTime + TONE_MS / 1000);
  tone.onended = () => void context.close();
  await element.play();
}
