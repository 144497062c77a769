/**
 * The recovery ladder (signaling/PROTOCOL.md "Recovery ladder"): what happened -> what to do about it. Pure: time comes in, actions go out; the
 * session runs them and reports back.
 *
 * 1 socket lost: connect again and resume · 2 ICE disconnected: ICE restart · 3 failed, session unknown, or in a network that this window has not heard of: a new
 * PeerConnection · 4 server gone: join anew.
 */

/**
 * @typedef {object} Ladder
 * @property {'idle' | 'pausing' | 'connecting' | 'open'} socket `open` before and after the server took the join
 * @property {boolean} entered the server has answered `join` on this socket
 * @property {boolean} everEntered
 * @property {'none' | 'opening' | 'connected' | 'disconnected' | 'restarting' | 'failed'} peer
 * @property {number} socketAttempt
 * @property {number} peerAttempt PeerConnections in a row that never connected
 * @property {number | null} lostAtMs when the socket or the media was lost
 * @property {number | null} resumeUntilMs until when the session can be resumed
 */

/**
 * @typedef {{type: 'start'} | {type: 'socket_open'} | {type: 'socket_closed'} | {type: 'entered', media: boolean} | {type: 'session_unknown'}
 *   | {type: 'ice', state: RTCPeerConnectionState} | {type: 'ice_check'} | {type: 'restart_check'} | {type: 'moved'} | {type: 'elsewhere'}
 *   | {type: 'renegotiate', reason: 'ice_failed' | 'server_moved'} | {type: 'reconnect', tier: 'socket' | 'ice' | 'peer' | 'server', after_ms: number}
 *   | {type: 'retry_now'} | {type: 'stop'}} LadderEvent
 * @typedef {{do: 'connect', after_ms: number} | {do: 'join', newPeer: boolean, resume: boolean} | {do: 'restart_ice'}
 *   | {do: 'later', event: 'ice_check' | 'restart_check', after_ms: number}} Action
 */

/** How long the server keeps a session whose socket is gone (`limits.resume_ms`). */
export const RESUME_MS = 30_000;
/** Safari and roaming phones flicker: shorter gaps heal by themselves. */
export const ICE_PATIENCE_MS = 3_000;
const RESTART_PATIENCE_MS = 6_000;
/** @type {Action[]} */
const RESTART = [{ do: 'restart_ice' }, { do: 'later', event: 'restart_check', after_ms: RESTART_PATIENCE_MS }];
/** From here on the page says that the connection is lost, not that it is coming back. */
export const LOST_MS = 30_000;

/** @type {Readonly<Ladder>} */
export const GROUND = Object.freeze({
  socket: 'idle',
  entered: false,
  everEntered: false,
  peer: 'none',
  socketAttempt: 0,
  peerAttempt: 0,
  lostAtMs: null,
  resumeUntilMs: null,
});

/** @param {number} attempt from 0 @param {number} random 0..1 @returns {number} 0.3, 0.6, 1.2 … 5 s, each with up to 30 % jitter */
export function backoffMs(attempt, random) {
  const base = Math.min(5_000, 300 * 2 ** Math.min(attempt, 10));
  return Math.round(base * (0.85 + 0.3 * random));
}

/**
 * @param {Ladder} ladder @param {LadderEvent} event @param {number} nowMs @param {number} random 0..1
 * @returns {{ladder: Ladder, actions: Action[]}}
 */
export function climb(ladder, event, nowMs, random) {
  switch (event.type) {
    case 'start':
      return connect({ ...GROUND, peer: ladder.peer }, 0);
    case 'socket_open':
      return join(ladder, nowMs);
    case 'socket_closed':
      return socketClosed(ladder, nowMs, random);
    case 'entered':
      return entered(ladder, event.media);
    case 'session_unknown':
      return { ladder: { ...ladder, peer: 'opening', resumeUntilMs: null }, actions: [{ do: 'join', newPeer: true, resume: false }] };
    case 'ice':
      return ice(ladder, event.state, nowMs, random);
    case 'ice_check':
      return ladder.peer === 'disconnected' ? restartIce(ladder) : stay(ladder);
    case 'restart_check':
      return ladder.peer === 'restarting' ? newPeer(ladder, 0, nowMs) : stay(ladder);
    case 'moved':
      return moved(ladder, nowMs);
    case 'elsewhere':
      return stay({ ...ladder, peer: 'failed' });
    case 'retry_now':
      return ladder.socket === 'pausing' ? connect(ladder, 0) : stay(ladder);
    case 'renegotiate':
      return event.reason === 'ice_failed' ? restartIce(ladder) : newPeer(ladder, 0, nowMs);
    case 'reconnect':
      return reconnect(ladder, event, nowMs);
    case 'stop':
      return stay({ ...GROUND });
  }
}

/** @param {Ladder} ladder @param {number} nowMs @returns {'connecting' | 'connected' | 'reconnecting' | 'lost'} what the page says */
export function connectionWord(ladder, nowMs) {
  if (ladder.lostAtMs !== null) return nowMs - ladder.lostAtMs > LOST_MS ? 'lost' : 'reconnecting';
  return ladder.entered ? 'connected' : 'connecting';
}

/** @param {Ladder} ladder @returns {{ladder: Ladder, actions: Action[]}} */
function stay(ladder) {
  return { ladder, actions: [] };
}

/** @param {Ladder} ladder @param {number} afterMs @returns {{ladder: Ladder, actions: Action[]}} */
function connect(ladder, afterMs) {
  return { ladder: { ...ladder, socket: afterMs > 0 ? 'pausing' : 'connecting', entered: false }, actions: [{ do: 'connect', after_ms: afterMs }] };
}

/** @param {Ladder} ladder @param {number} nowMs */
function resumes(ladder, nowMs) {
  return ladder.resumeUntilMs !== null && nowMs < ladder.resumeUntilMs;
}

/** @param {Ladder} ladder @param {number} nowMs @returns {boolean} the next join goes on with the PeerConnection that is there */
export function keepsPeer(ladder, nowMs) {
  return resumes(ladder, nowMs) && ladder.peer !== 'none' && ladder.peer !== 'failed';
}

/** @param {Ladder} ladder @param {number} nowMs @returns {{ladder: Ladder, actions: Action[]}} */
function join(ladder, nowMs) {
  const keeps = keepsPeer(ladder, nowMs);
  /** @type {Action} */
  const join = { do: 'join', newPeer: !keeps, resume: resumes(ladder, nowMs) };
  const open = { ...ladder, socket: /** @type {const} */ ('open') };
  if (!keeps) return { ladder: { ...open, peer: 'opening' }, actions: [join] };
  // Right behind the join, whose answer would cost a far link a round trip.
  return ladder.peer === 'disconnected' ? { ladder: { ...open, peer: 'restarting' }, actions: [join, ...RESTART] } : { ladder: open, actions: [join] };
}

/** @param {Ladder} ladder @param {number} nowMs @param {number} random @returns {{ladder: Ladder, actions: Action[]}} */
function socketClosed(ladder, nowMs, random) {
  if (ladder.socket === 'idle') return stay(ladder);
  // The offer, or its answer, may have gone with the socket.
  const peer = ladder.peer === 'restarting' ? 'disconnected' : ladder.peer;
  const after = ladder.entered
    ? { ...ladder, peer, resumeUntilMs: nowMs + RESUME_MS, lostAtMs: ladder.lostAtMs ?? nowMs, socketAttempt: 0 }
    : { ...ladder, peer, lostAtMs: ladder.everEntered ? (ladder.lostAtMs ?? nowMs) : null };
  return connect({ ...after, socketAttempt: after.socketAttempt + 1 }, backoffMs(after.socketAttempt, random));
}

/** @param {Ladder} ladder @param {boolean} media the answer to this page's offer has arrived @returns {{ladder: Ladder, actions: Action[]}} */
function entered(ladder, media) {
  const healthy = !media || ladder.peer === 'connected';
  const next = { ...ladder, entered: true, everEntered: true, socketAttempt: 0, lostAtMs: healthy ? null : ladder.lostAtMs };
  return media && ladder.peer === 'disconnected' ? restartIce(next) : stay(next);
}

/**
 * @param {Ladder} ladder @param {RTCPeerConnectionState} state @param {number} nowMs @param {number} random
 * @returns {{ladder: Ladder, actions: Action[]}}
 */
function ice(ladder, state, nowMs, random) {
  if (state === 'connected') {
    return stay({ ...ladder, peer: 'connected', peerAttempt: 0, lostAtMs: ladder.entered ? null : ladder.lostAtMs });
  }
  if (state === 'disconnected' && ladder.peer === 'connected') {
    const next = { ...ladder, peer: /** @type {const} */ ('disconnected'), lostAtMs: ladder.lostAtMs ?? nowMs };
    return { ladder: next, actions: [{ do: 'later', event: 'ice_check', after_ms: ICE_PATIENCE_MS }] };
  }
  if (state !== 'failed' || ladder.peer === 'failed') return stay(ladder);
  const neverConnected = ladder.peer === 'opening';
  const pauseMs = neverConnected ? backoffMs(ladder.peerAttempt, random) : 0;
  return newPeer({ ...ladder, peerAttempt: neverConnected ? ladder.peerAttempt + 1 : 0 }, pauseMs, nowMs);
}

/**
 * Another network, or nothing is heard any more on this one. The socket belonged to the old one, whatever the browser believes, and ICE is restarted over a
 * new socket.
 * @param {Ladder} ladder @param {number} nowMs @returns {{ladder: Ladder, actions: Action[]}}
 */
function moved(ladder, nowMs) {
  if (ladder.socket === 'pausing') return connect({ ...ladder, socketAttempt: 0 }, 0);
  if (!ladder.entered) return stay(ladder);
  const peer = ladder.peer === 'connected' || ladder.peer === 'restarting' ? 'disconnected' : ladder.peer;
  return connect({ ...ladder, peer, socketAttempt: 0, resumeUntilMs: nowMs + RESUME_MS, lostAtMs: ladder.lostAtMs ?? nowMs }, 0);
}

/** @param {Ladder} ladder @returns {{ladder: Ladder, actions: Action[]}} */
function restartIce(ladder) {
  if (!ladder.entered) return stay({ ...ladder, peer: 'disconnected' });
  return { ladder: { ...ladder, peer: 'restarting' }, actions: RESTART };
}

/**
 * A PeerConnection is opened by `join` alone, and a socket takes one `join`: the session closes the old socket and connects again.
 * @param {Ladder} ladder @param {number} afterMs @param {number} nowMs @returns {{ladder: Ladder, actions: Action[]}}
 */
function newPeer(ladder, afterMs, nowMs) {
  const failed = { ...ladder, peer: /** @type {const} */ ('failed'), lostAtMs: ladder.lostAtMs ?? nowMs };
  if (!ladder.entered) return stay(failed);
  return connect({ ...failed, resumeUntilMs: nowMs + RESUME_MS }, afterMs);
}

/**
 * @param {Ladder} ladder @param {{tier: 'socket' | 'ice' | 'peer' | 'server', after_ms: number}} order @param {number} nowMs
 * @returns {{ladder: Ladder, actions: Action[]}}
 */
function reconnect(ladder, order, nowMs) {
  switch (order.tier) {
    case 'ice':
      return restartIce(ladder);
    case 'peer':
      return newPeer(ladder, order.after_ms, nowMs);
    case 'socket':
      return connect({ ...ladder, resumeUntilMs: nowMs + RESUME_MS, lostAtMs: nowMs }, order.after_ms);
    case 'server':
      return connect({ ...ladder, peer: 'failed', resumeUntilMs: null, lostAtMs: nowMs }, order.after_ms);
  }
}
