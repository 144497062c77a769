import { test } from 'node:test';
import assert from 'node:assert/strict';
import { initialState, knocking, reduce } from '../public/js/state/reducer.js';
import { piecesOf } from '../public/js/state/stills.js';
import { stageOf } from '../public/js/state/tiles.js';
import { people, room, track } from './fixtures.js';

/** @typedef {import('../public/js/state/reducer.js').AppEvent} AppEvent */
/** @typedef {import('../public/js/protocol/types.js').ServerMessage} ServerMessage */

const resume = { id: 's', secret: 'x', expires_ms: 0 };
const limits = {
  message_bytes: 1, sdp_message_bytes: 1, messages_per_s: 1, burst: 1, heartbeat_ms: 1, dead_ms: 1, resume_ms: 1, participants: 1,
};
const both = room({ participants: [people.nurse, people.patient], tracks: [track('p1', 'camera'), track('p3', 'camera')] });
/** @type {ServerMessage} */
const joined = { type: 'joined', id: 'p1', gen: 1, answer: null, ice_servers: [], resume, rev: 1, snapshot: both, history: [], limits };

/** @param {AppEvent[]} events */
const play = (...events) => events.reduce(reduce, initialState('kk'));
/** @param {ServerMessage} message @returns {AppEvent} */
const server = (message) => ({ type: 'server', message });
/** @param {string} from @returns {AppEvent} */
const chat = (from) => server({ type: 'app', from, to: 'room', kind: 'chat', body: 'hello', at_ms: 0 });

test('waiting shows the place in the queue, admission opens the call', () => {
  const waiting = play(server({ type: 'waiting', id: 'p3', position: 2, host_status: 'present', resume }));
  assert.deepEqual([waiting.phase, waiting.waiting], ['waiting', { position: 2, hostStatus: 'present' }]);
  const call = reduce(waiting, server(joined));
  assert.deepEqual([call.phase, call.waiting, call.room?.participants.length], ['call', null, 2]);
});

test('a resume without a snapshot keeps the room', () => {
  const state = play(server(joined), server({ ...joined, snapshot: null }));
  assert.equal(state.room, both);
});

test('messages count as unread until the chat is open; one’s own never do', () => {
  const state = play(server(joined), chat('p3'), chat('p1'));
  assert.equal(state.unread, 1);
  const open = reduce(state, { type: 'panel', panel: 'chat' });
  assert.equal(reduce(open, chat('p3')).unread, 0);
});

test('only who waits at the door knocks', () => {
  const state = play(server({ ...joined, snapshot: room({ participants: [people.nurse, { ...people.patient, status: 'waiting' }] }) }));
  assert.deepEqual(knocking(state).map((person) => person.id), ['p3']);
});

test('a second click on the pin takes it off', () => {
  const pinned = play({ type: 'pin', key: 'p3/camera' });
  assert.equal(reduce(pinned, { type: 'pin', key: 'p3/camera' }).pinned, null);
});

test('the lead speaker is somebody else, and stays while nobody else speaks', () => {
  const state = play(server(joined), server({ type: 'speakers', ids: ['p1', 'p3'] }), server({ type: 'speakers', ids: ['p1'] }));
  assert.equal(state.leadSpeaker, 'p3');
});

test('the same problem is said once, and old ones make room', () => {
  const notice = (/** @type {string} */ code) => /** @type {AppEvent} */ ({ type: 'notice', problem: { code } });
  const state = play(notice('a'), notice('a'), notice('b'), notice('c'), notice('d'));
  assert.deepEqual(state.notices.map(({ code }) => code), ['b', 'c', 'd']);
});

test('what was known about a person who left is forgotten', () => {
  const quality = /** @type {import('../public/js/protocol/types.js').QualityMessage} */ ({
    type: 'quality', id: 'p3', uplink: null, downlink: null, concealed_ratio: null, freeze_ratio: null, rung: null, paused: [], mos: 4, cause: null,
  });
  const asked = play(server(joined), server(quality), { type: 'dialog', dialog: { kind: 'remove', target: 'p3' } });
  const alone = reduce(asked, server({ type: 'state', ...room({ participants: [people.nurse] }) }));
  assert.deepEqual([alone.quality, alone.dialog], [{}, null]);
});

test('a still is shown until the picture moves again', () => {
  const pieces = piecesOf('/9j/4AAQSkZJRgABAQAA').map((body) => server(/** @type {const} */ ({ type: 'app', from: 'p1', to: 'room', kind: 'still', body, at_ms: 1 })));
  const shown = play(server(joined), ...pieces);
  assert.deepEqual([shown.stills, shown.chat.length, shown.unread], [{ p1: 'data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAA' }, joined.history.length, 0]);
  const silent = { ...room({ participants: [people.nurse], tracks: [{ ...track('p1', 'camera'), active: false }] }) };
  assert.ok(reduce(shown, server({ type: 'state', ...silent })).stills.p1);
  const moving = room({ participants: [people.nurse], tracks: [track('p1', 'camera')] });
  assert.deepEqual(reduce(shown, server({ type: 'state', ...moving })).stills, {});
});

test('being removed shows the last page and turns everything off', () => {
  const state = play(server(joined), { type: 'source', source: 'camera', change: { held: true } }, server({ type: 'bye', reason: 'removed' }));
  assert.deepEqual([state.phase, state.leftReason, state.sources.camera.held, state.room], ['left', 'removed', false, null]);
});

test('a draining server does not end the visit', () => {
  assert.equal(play(server(joined), server({ type: 'bye', reason: 'draining' })).phase, 'call');
});

test('the stage is empty until the room is known', () => {
  assert.equal(stageOf(initialState('en')).arrangement.mode, 'empty');
});
