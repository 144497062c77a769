import { test } from 'node:test';
import assert from 'node:assert/strict';
import { assignSlots, buildIntent, deviceHeight, publishWishes, wantedTracks } from '../public/js/state/intent.js';
import { arrange, tilesOf } from '../public/js/state/tiles.js';
import { clientMessageMismatch, intentMessage } from '../public/js/protocol/messages.js';
import { people, room, track } from './fixtures.js';

const mids = { microphone: '0', camera: '1', detail: '2', instrument: '3', video: ['10', '11', '12'] };
const off = { held: false, muted: false, used: false };
const on = { held: true, muted: false, used: true };
const nothing = { microphone: off, camera: off, exam: off, screen: off, stethoscope: off };

const tiles = tilesOf(
  room({ participants: [people.nurse, people.patient], tracks: [track('p1', 'camera'), track('p1', 'exam'), track('p3', 'camera')] }),
  'p2',
);
const arrangement = arrange(tiles, { pinned: null, narrow: false, leadSpeaker: null });

/** @param {object} [change] */
function intent(change = {}) {
  const slots = assignSlots(mids.video, wantedTracks(tiles, arrangement), new Map());
  return buildIntent({
    mids, sources: nothing, carriesVideo: true, tiles, arrangement, slots, heights: new Map(), pinned: null, hidden: false, listenTo: [], ...change,
  });
}

test('who has no devices publishes nothing', () => {
  assert.deepEqual(publishWishes(mids, nothing, true), []);
});

test('a muted microphone stays published, a camera that was turned off keeps its slot', () => {
  const sources = { ...nothing, microphone: { ...on, muted: true }, camera: { held: false, muted: false, used: true } };
  assert.deepEqual(publishWishes(mids, sources, true), [
    { mid: '0', source: 'microphone', active: true, muted: true },
    { mid: '1', source: 'camera', active: false, muted: true },
  ]);
});

test('a link that carries no video publishes sound alone, and the camera keeps its slot', () => {
  const sources = { ...nothing, microphone: on, camera: on, stethoscope: on };
  assert.deepEqual(publishWishes(mids, sources, false), [
    { mid: '0', source: 'microphone', active: true, muted: false },
    { mid: '1', source: 'camera', active: false, muted: true },
    { mid: '3', source: 'stethoscope', active: true, muted: false },
  ]);
});

test('exam and screen share the detail section', () => {
  assert.equal(publishWishes(mids, { ...nothing, exam: on }, true)[0]?.source, 'exam');
  assert.equal(publishWishes(mids, { ...nothing, screen: on }, true)[0]?.source, 'screen');
});

test('a section that the offer lacks cannot be used', () => {
  assert.deepEqual(publishWishes({ ...mids, instrument: null }, { ...nothing, stethoscope: on }, true), []);
});

test('a track that has a slot keeps it when others come and go', () => {
  const before = new Map([['10', 'a'], ['11', 'b'], ['12', 'c']]);
  assert.deepEqual(assignSlots(mids.video, ['d', 'c', 'a'], before), new Map([['10', 'a'], ['12', 'c'], ['11', 'd']]));
});

test('what does not fit into the slots is the least important', () => {
  assert.deepEqual([...assignSlots(['10'], ['a', 'b'], new Map()).values()], ['a']);
});

test('the exam camera on the stage has the highest priority', () => {
  const [first, second] = intent().video;
  assert.deepEqual(first, { mid: '10', track: 'p1/exam', max_height: 720, priority: 3 });
  assert.deepEqual(second, { mid: '11', track: 'p1/camera', max_height: 180, priority: 1 });
});

test('the height asked for is the height shown', () => {
  assert.equal(intent({ heights: new Map([['p1/exam', 900]]) }).video[0]?.max_height, 900);
});

test('a page in the background asks for no picture and keeps its slots', () => {
  const { video } = intent({ hidden: true });
  assert.deepEqual(video.map((wish) => [wish.track, wish.max_height]), [['p1/exam', 0], ['p1/camera', 0], ['p3/camera', 0]]);
});

test('an intent is a message that the server takes', () => {
  assert.equal(clientMessageMismatch(JSON.parse(intentMessage({ rev: 1, ...intent({ listenTo: ['p1/stethoscope'] }) }))), null);
});

test('heights are device pixels within what the message carries', () => {
  assert.equal(deviceHeight(360.4, 2), 721);
  assert.equal(deviceHeight(9000, 2), 4320);
});
