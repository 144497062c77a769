import { test } from 'node:test';
import assert from 'node:assert/strict';
import { arrange, initialsOf, tilesOf } from '../public/js/state/tiles.js';
import { room, track, people } from './fixtures.js';

const view = { pinned: null, narrow: false, leadSpeaker: null };

test('a person without a camera has a tile with an avatar', () => {
  const [tile] = tilesOf(room({ participants: [people.nurse], tracks: [track('p1', 'microphone')] }), 'p9');
  assert.equal(tile?.track, null);
  assert.equal(tile?.muted, false);
});

test('one is not among the others, nor is who waits at the door', () => {
  const waiting = { ...people.patient, status: /** @type {const} */ ('waiting') };
  assert.deepEqual(tilesOf(room({ participants: [people.nurse, waiting] }), 'p1'), []);
});

test('an exam camera is a tile of its own beside the person', () => {
  const tracks = [track('p1', 'camera'), track('p1', 'exam')];
  const keys = tilesOf(room({ participants: [people.nurse], tracks }), 'p2').map((tile) => tile.key);
  assert.deepEqual(keys, ['p1/camera', 'p1/exam']);
});

test('a muted or inactive picture is not shown', () => {
  const tracks = [{ ...track('p1', 'camera'), muted: true }, { ...track('p1', 'screen'), active: false }];
  const tiles = tilesOf(room({ participants: [people.nurse], tracks }), 'p2');
  assert.deepEqual(tiles.map((tile) => tile.track), [null]);
});

const three = tilesOf(
  room({ participants: [people.nurse, people.specialist, people.patient], tracks: ['p1', 'p2', 'p3'].map((id) => track(id, 'camera')) }),
  'p9',
);

test('equal people share the stage', () => {
  assert.deepEqual(arrange(three, view), { mode: 'grid', main: ['p1/camera', 'p2/camera', 'p3/camera'], strip: [] });
});

test('a shared detail takes the stage, a pin takes it back', () => {
  const tiles = [...three, { ...three[0], key: 'p1/exam', source: 'exam', track: 'p1/exam' }];
  assert.deepEqual(arrange(/** @type {any} */ (tiles), view).main, ['p1/exam']);
  assert.deepEqual(arrange(/** @type {any} */ (tiles), { ...view, pinned: 'p3/camera' }).main, ['p3/camera']);
});

test('on a narrow screen the last speaker takes the stage, the specialist before anybody spoke', () => {
  assert.deepEqual(arrange(three, { ...view, narrow: true }).main, ['p2/camera']);
  assert.deepEqual(arrange(three, { ...view, narrow: true, leadSpeaker: 'p3' }).main, ['p3/camera']);
});

test('two on a narrow screen share it', () => {
  assert.equal(arrange(three.slice(0, 2), { ...view, narrow: true }).mode, 'grid');
});

test('a pin on somebody who left is forgotten', () => {
  assert.equal(arrange(three, { ...view, pinned: 'p7/camera' }).mode, 'grid');
});

test('initials are the first letters of two words', () => {
  assert.equal(initialsOf('  әсем  Нұрланқызы Т.'), 'ӘН');
  assert.equal(initialsOf(''), '');
});
