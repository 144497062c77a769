import { test } from 'node:test';
import assert from 'node:assert/strict';
import { OFFERED, offer } from '../public/js/state/largest.js';
import { encodingsOf } from '../public/js/state/bandwidth.js';

/** @typedef {import('../public/js/state/largest.js').Largest} Largest */

/** @param {Largest} from @param {number | null} estimateBps @param {number} seconds */
function live(from, estimateBps, seconds, meanLoss = 0) {
  let state = from;
  for (let second = 0; second < seconds; second++) state = offer(state, { estimateBps, meanLoss });
  return state;
}
const words = (/** @type {Largest} */ { isOffered, isWide }) => `${isOffered ? 'offered' : 'withheld'}${isWide ? ', wide' : ''}`;

test('the largest layer is withheld where the uplink does not carry it, and the middle one becomes wide', () => {
  assert.equal(words(live(OFFERED, 900_000, 7)), 'offered', 'the estimate may still be growing');
  assert.equal(words(live(OFFERED, 900_000, 8)), 'withheld, wide');
  assert.equal(words(live(OFFERED, 1_300_000, 60)), 'offered');
  assert.equal(words(live(OFFERED, null, 60)), 'offered', 'nobody knows');
  assert.equal(words(live(OFFERED, 900_000, 8, 0.05)), 'withheld', 'of more packets a frame more frames are lost');
});

test('it comes back where it fits, and is tried now and then where it might', () => {
  const wide = live(OFFERED, 900_000, 8);
  assert.equal(words(live(wide, 1_500_000, 4)), 'withheld, wide');
  assert.equal(words(live(wide, 1_500_000, 5)), 'offered');
  assert.equal(words(live(wide, 900_000, 600)), 'withheld, wide', 'where it cannot fit nothing is tried');
  const tried = live(wide, 1_000_000, 30);
  assert.equal(words(tried), 'offered, wide', 'nothing is seen of a try');
  assert.equal(words(live(tried, 1_500_000, 5)), 'offered');
  const vain = live(tried, 1_000_000, 8);
  assert.equal(words(vain), 'withheld, wide');
  assert.equal(words(live(vain, 1_000_000, 59)), 'withheld, wide', 'each time later');
  assert.equal(words(live(vain, 1_000_000, 60)), 'offered, wide');
});

test('where the air begins to lose the wide one becomes narrow, for good', () => {
  const lossy = live(live(OFFERED, 900_000, 8), 900_000, 1, 0.03);
  assert.equal(words(lossy), 'withheld');
  assert.equal(words(live(lossy, 900_000, 60)), 'withheld');
});

const LAYERS = [{ rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000 }, { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000 }, { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_700_000 }];
const ROOM = { leastBps: 700_000, mostBps: 700_000 };

test('a wide middle layer stands for the largest, as wide as the listeners have room for', () => {
  const encode = (/** @type {string[]} */ wanted, /** @type {boolean} */ isOffered, /** @type {boolean} */ isWide, room = ROOM) =>
    encodingsOf('full', LAYERS, wanted, room, { isOffered, isWide }).map(({ active, maxBitrate, scaleResolutionDownBy: scale = 1 }) => (active ? `${Math.round(720 / scale)} ${maxBitrate}` : 'off'));
  assert.deepEqual(encode(['q', 'h', 'f'], true, false), ['180 150000', '360 500000', '720 1700000']);
  assert.deepEqual(encode(['q', 'f'], false, true), ['180 150000', '540 550000', 'off']);
  assert.deepEqual(encode(['q', 'f'], true, true), ['180 150000', '540 550000', '720 1700000']);
  assert.deepEqual(encode(['q', 'f'], false, false), ['180 150000', '360 500000', 'off'], 'somebody wants more than the lowest');
  assert.deepEqual(encode(['q'], false, true), ['180 150000', 'off', 'off']);
  assert.deepEqual(encode(['q', 'h'], false, true, { leastBps: 420_000, mostBps: 900_000 })[1], '540 420000');
  assert.deepEqual(encode(['q', 'h'], false, true, { leastBps: 100_000, mostBps: 900_000 })[1], '540 550000');
  assert.deepEqual(encodingsOf('small', LAYERS, ['f'], ROOM, { isOffered: false, isWide: true })[1]?.scaleResolutionDownBy, 2);
  assert.deepEqual(encodingsOf('full', [{ maxBitrate: 2_500_000 }], ['all'], ROOM, { isOffered: false, isWide: true }), [{ active: true, maxBitrate: 700_000 }]);
});
