/**
 * A picture that the browser has made smaller than it was asked for. Chromium does so where a link begins thin, and goes back up from 200 and 300 kbit/s on
 * however well drawn the small one is: 180 lines at a quantiser of 4 where 360 fit. Once it has been well drawn for some seconds it is asked
 * for whole, and as long as that goes well. Pure; once a second.
 */

/**
 * @typedef {object} Sent of the one picture that is sent, in the last second
 * @property {number} pixels @property {number} askedPixels
 * @property {number} quantiser mean of its frames, 0 to 127 (RFC 6386 §9.6)
 * @property {number} frames @property {number} cameraFrames
 */
/**
 * @typedef {object} Sharpness
 * @property {boolean} isWhole the browser is to make it no smaller
 * @property {number} wellSeconds it has been small and well drawn for
 * @property {number} badlySeconds it has been whole and badly drawn for
 * @property {number} restSeconds until it may be asked for whole again
 * @property {number} nextRestSeconds after it has gone badly again
 */

/** @type {Readonly<Sharpness>} */
export const LEFT_ALONE = Object.freeze({ isWhole: false, wellSeconds: 0, badlySeconds: 0, restSeconds: 0, nextRestSeconds: 10 });

/** Four times the pixels take about four times the quantiser's step: from 12 that is 50, and seen. */
const WELL_BELOW = 12;
const WELL_SECONDS = 3;
/** Sides are cut to what an encoder takes. */
const SMALLER = 0.85;
/** Chromium makes a picture smaller from 95 on; a first frame is as rough, and better within a second. */
const BADLY_FROM = 80;
const BADLY_SECONDS = 2;
/** Of the camera's frames: fewer, and the encoder leaves some out. */
const FLOWS = 0.7;
const MOST_REST_SECONDS = 120;

/** @param {Sharpness} before @param {Sent | null} sent null: none, or several at once, which browsers make no smaller @returns {Sharpness} */
export function sharpen(before, sent) {
  const restSeconds = Math.max(0, before.restSeconds - 1);
  if (!sent) return { ...before, isWhole: false, wellSeconds: 0, badlySeconds: 0, restSeconds };
  if (before.isWhole) {
    const goesBadly = sent.quantiser >= BADLY_FROM || sent.frames < FLOWS * sent.cameraFrames;
    const badlySeconds = goesBadly ? before.badlySeconds + 1 : 0;
    if (badlySeconds < BADLY_SECONDS) return { ...before, badlySeconds };
    const nextRestSeconds = Math.min(MOST_REST_SECONDS, 2 * before.nextRestSeconds);
    return { isWhole: false, wellSeconds: 0, badlySeconds: 0, restSeconds: before.nextRestSeconds, nextRestSeconds };
  }
  const isWell = sent.pixels < SMALLER * sent.askedPixels && sent.quantiser <= WELL_BELOW;
  const wellSeconds = isWell ? before.wellSeconds + 1 : 0;
  const isWhole = wellSeconds >= WELL_SECONDS && restSeconds === 0;
  return { ...before, isWhole, wellSeconds: isWhole ? 0 : wellSeconds, badlySeconds: 0, restSeconds };
}
