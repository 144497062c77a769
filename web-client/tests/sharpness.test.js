import { test } from 'node:test';
import assert from 'node:assert/strict';
import { LEFT_ALONE, sharpen } from '../public/js/state/sharpness.js';
import { pictureSent } from '../public/js/rtc/stats.js';

/** @typedef {import('../public/js/state/sharpness.js').Sent} Sent */

const WHOLE = 640 * 360;
/** @param {number} pixels @param {number} quantiser @param {number} [frames] @returns {Sent} */
const sent = (pixels, quantiser, frames = 15) => ({ pixels, askedPixels: WHOLE, quantiser, frames, cameraFrames: 15 });

/** @param {import('../public/js/state/sharpness.js').Sharpness} from @param {Sent | null} picture @param {number} seconds */
function live(from, picture, seconds) {
  let state = from;
  for (let second = 0; second < seconds; second++) state = sharpen(state, picture);
  return state;
}

test('a small picture that is well drawn is asked for whole after three seconds', () => {
  assert.equal(live(LEFT_ALONE, sent(320 * 180, 4), 2).isWhole, false);
  assert.equal(live(LEFT_ALONE, sent(320 * 180, 4), 3).isWhole, true);
  assert.equal(live(LEFT_ALONE, sent(320 * 180, 40), 60).isWhole, false, 'it has just what it needs');
  assert.equal(live(LEFT_ALONE, sent(WHOLE, 4), 60).isWhole, false, 'it is whole');
});

test('whole it stays while it goes well, and each time that it does not it rests for longer', () => {
  let state = live(LEFT_ALONE, sent(320 * 180, 4), 3);
  assert.equal(live(state, sent(WHOLE, 40), 60).isWhole, true);
  assert.equal(live(state, sent(WHOLE, 90), 1).isWhole, true, 'the first frames are rough');
  assert.equal(live(state, sent(WHOLE, 30, 8), 2).isWhole, false, 'frames are left out');
  for (const rest of [10, 20, 40]) {
    state = live(state, sent(WHOLE, 90), 2);
    assert.equal(state.isWhole, false);
    assert.equal(live(state, sent(320 * 180, 4), rest - 1).isWhole, false);
    state = live(state, sent(320 * 180, 4), rest);
    assert.equal(state.isWhole, true, `${rest}`);
  }
});

test('of several pictures, or none, the browser makes what it likes', () => {
  assert.equal(sharpen(live(LEFT_ALONE, sent(320 * 180, 4), 3), null).isWhole, false);
});

test('the one picture is read from what a browser counts', () => {
  const camera = (/** @type {number} */ frames) => ({ id: 'S', type: 'media-source', width: 1280, height: 720, frames });
  const layer = (/** @type {string} */ rid, /** @type {number} */ frames, mid = '1') => ({
    id: rid + mid, type: 'outbound-rtp', kind: 'video', mid, rid, mediaSourceId: 'S', codecId: 'C', frameWidth: 320, frameHeight: 180, framesEncoded: frames, qpSum: 6 * frames,
  });
  const encodings = [{ rid: 'q', scaleResolutionDownBy: 4 }, { rid: 'h', scaleResolutionDownBy: 2 }];
  const codec = { id: 'C', type: 'codec', mimeType: 'video/VP8' };
  const before = [codec, camera(100), layer('q', 50), layer('h', 50), layer('', 50, '2')];
  const one = [codec, camera(115), layer('q', 50), layer('h', 64), layer('', 65, '2')];
  assert.deepEqual(pictureSent(before, one, '1', encodings), { pixels: 320 * 180, askedPixels: WHOLE, quantiser: 6, frames: 14, cameraFrames: 15 });
  assert.equal(pictureSent(before, one.map((entry) => (entry === codec ? { ...codec, mimeType: 'video/H264' } : entry)), '1', encodings), null, 'quantisers of another kind');
  assert.equal(pictureSent(before, [codec, camera(115), layer('q', 65), layer('h', 65)], '1', encodings), null);
  assert.equal(pictureSent(before, before, '1', encodings), null);
});
