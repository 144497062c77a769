import { test } from 'node:test';
import assert from 'node:assert/strict';
import { GROUND, LOST_MS, RESUME_MS, backoffMs, climb, connectionWord } from '../public/js/state/ladder.js';

/** @typedef {import('../public/js/state/ladder.js').LadderEvent} LadderEvent */

/** Plays events at their times. @param {[number, LadderEvent][]} events @param {import('../public/js/state/ladder.js').Ladder} [from] */
function play(events, from = GROUND) {
  let ladder = from;
  /** @type {import('../public/js/state/ladder.js').Action[]} */
  let actions = [];
  for (const [atMs, event] of events) ({ ladder, actions } = climb(ladder, event, atMs, 0.5));
  return { ladder, actions };
}

/** @type {[number, LadderEvent][]} */
const INTO_CALL = [
  [0, { type: 'start' }],
  [10, { type: 'socket_open' }],
  [20, { type: 'entered', media: true }],
  [30, { type: 'ice', state: 'connected' }],
];
const inCall = play(INTO_CALL).ladder;

test('the first join opens a PeerConnection and resumes nothing', () => {
  assert.deepEqual(play(INTO_CALL.slice(0, 2)).actions, [{ do: 'join', newPeer: true, resume: false }]);
  assert.equal(connectionWord(inCall, 40), 'connected');
});

test('a lost socket keeps the PeerConnection and resumes', () => {
  const { ladder, actions } = play([[1000, { type: 'socket_closed' }]], inCall);
  assert.deepEqual(actions, [{ do: 'connect', after_ms: 300 }]);
  assert.equal(connectionWord(ladder, 1000), 'reconnecting');
  assert.deepEqual(play([[1300, { type: 'socket_open' }]], ladder).actions, [{ do: 'join', newPeer: false, resume: true }]);
});

test('a socket that stays away for longer than the session lives makes a new PeerConnection', () => {
  const { actions } = play([[1000, { type: 'socket_closed' }], [1001 + RESUME_MS, { type: 'socket_open' }]], inCall);
  assert.deepEqual(actions, [{ do: 'join', newPeer: true, resume: false }]);
});

test('attempts back off to five seconds', () => {
  const pauses = [0, 1, 2, 3, 4, 5, 50].map((attempt) => backoffMs(attempt, 0.5));
  assert.deepEqual(pauses, [300, 600, 1200, 2400, 4800, 5000, 5000]);
  assert.ok(backoffMs(0, 0) < 300 && backoffMs(0, 1) > 300);
});

test('a flicker of ICE is waited out', () => {
  const { ladder, actions } = play([[1000, { type: 'ice', state: 'disconnected' }]], inCall);
  assert.deepEqual(actions, [{ do: 'later', event: 'ice_check', after_ms: 3000 }]);
  const healed = play([[2000, { type: 'ice', state: 'connected' }], [4000, { type: 'ice_check' }]], ladder);
  assert.deepEqual(healed.actions, []);
  assert.equal(connectionWord(healed.ladder, 4000), 'connected');
});

test('ICE that stays disconnected is restarted, and given up for a new PeerConnection when that does not help', () => {
  const restarted = play([[1000, { type: 'ice', state: 'disconnected' }], [4000, { type: 'ice_check' }]], inCall);
  assert.equal(restarted.actions[0]?.do, 'restart_ice');
  const given = play([[10_000, { type: 'restart_check' }], [10_100, { type: 'socket_open' }]], restarted.ladder);
  assert.deepEqual(given.actions, [{ do: 'join', newPeer: true, resume: true }]);
});

test('a failed PeerConnection is replaced at once under the same identity', () => {
  const { ladder, actions } = play([[1000, { type: 'ice', state: 'failed' }]], inCall);
  assert.deepEqual(actions, [{ do: 'connect', after_ms: 0 }]);
  assert.deepEqual(play([[1050, { type: 'socket_open' }]], ladder).actions, [{ do: 'join', newPeer: true, resume: true }]);
});

test('one failure is answered once', () => {
  const { actions } = play([[1000, { type: 'ice', state: 'failed' }], [1001, { type: 'ice', state: 'failed' }]], inCall);
  assert.deepEqual(actions, []);
});

test('ICE lost while the socket is away is restarted right behind the join', () => {
  const events = /** @type {[number, LadderEvent][]} */ ([
    [1000, { type: 'socket_closed' }],
    [1100, { type: 'ice', state: 'disconnected' }],
    [1400, { type: 'socket_open' }],
  ]);
  assert.deepEqual(play(events, inCall).actions.map((action) => action.do), ['join', 'restart_ice', 'later']);
});

test('a session that the server does not know is joined anew', () => {
  const { actions } = play([[1000, { type: 'socket_closed' }], [1300, { type: 'socket_open' }], [1400, { type: 'session_unknown' }]], inCall);
  assert.deepEqual(actions, [{ do: 'join', newPeer: true, resume: false }]);
});

test('the network coming back cuts the pause short', () => {
  assert.deepEqual(play([[1000, { type: 'socket_closed' }], [1010, { type: 'moved' }]], inCall).actions, [{ do: 'connect', after_ms: 0 }]);
});

test('another network takes a new socket, and ICE is restarted over it', () => {
  const left = play([[1000, { type: 'moved' }]], inCall);
  assert.deepEqual(left.actions, [{ do: 'connect', after_ms: 0 }]);
  const back = play([[1100, { type: 'socket_open' }]], left.ladder);
  assert.deepEqual(back.actions.slice(0, 2), [{ do: 'join', newPeer: false, resume: true }, { do: 'restart_ice' }]);
  assert.deepEqual(play([[1200, { type: 'entered', media: true }]], back.ladder).actions, [], 'once');
});

test('a network that this window has not heard of takes a new PeerConnection too', () => {
  const left = play([[1000, { type: 'moved' }], [1050, { type: 'elsewhere' }]], inCall);
  assert.equal(left.ladder.peer, 'failed');
  assert.deepEqual(play([[1100, { type: 'socket_open' }]], left.ladder).actions, [{ do: 'join', newPeer: true, resume: true }]);
  const lost = play([[1100, { type: 'socket_closed' }], [1700, { type: 'socket_open' }]], left.ladder);
  assert.deepEqual(lost.actions, [{ do: 'join', newPeer: true, resume: true }], 'whichever socket comes through');
});

test('a restart whose socket is lost is made again over the next', () => {
  const restarting = play([[1000, { type: 'moved' }], [1100, { type: 'socket_open' }], [1150, { type: 'socket_closed' }]], inCall);
  const again = play([[1500, { type: 'socket_open' }]], restarting.ladder);
  assert.deepEqual(again.actions.map((action) => action.do), ['join', 'restart_ice', 'later']);
});

test('a network that changes while the page is still on its way in changes nothing', () => {
  const opening = play(INTO_CALL.slice(0, 1)).ladder;
  assert.deepEqual(play([[10, { type: 'moved' }]], opening).actions, []);
});

test('PeerConnections that never connect are tried ever more slowly', () => {
  const opening = play(INTO_CALL.slice(0, 3)).ladder;
  const first = play([[15_000, { type: 'ice', state: 'failed' }]], opening);
  assert.deepEqual(first.actions, [{ do: 'connect', after_ms: 300 }]);
  assert.equal(first.ladder.peerAttempt, 1);
});

test('after half a minute the page says that the connection is lost', () => {
  const { ladder } = play([[1000, { type: 'socket_closed' }]], inCall);
  assert.equal(connectionWord(ladder, 1001 + LOST_MS), 'lost');
});

test('who left is not brought back', () => {
  const { ladder } = play([[1000, { type: 'stop' }]], inCall);
  assert.deepEqual(play([[1001, { type: 'socket_closed' }]], ladder).actions, []);
});
