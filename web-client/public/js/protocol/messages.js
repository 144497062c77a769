/**
 * Signaling messages: built for the server, parsed and checked from it. Pure. The shapes follow signaling/PROTOCOL.md and are held to
 * it by the golden files, which the Rust side reads as well.
 */
import { bool, count, listOf, nullable, number, oneOf, record, shortText, text } from './shape.js';

/** @typedef {import('./types.js').ServerMessage} ServerMessage */
/** @typedef {import('./shape.js').Shape} Shape */

export const PROTOCOL_VERSION = 1;
/** Longest chat message, in characters; a piece of a still is shorter. */
export const MAX_BODY = 4096;

const source = oneOf('microphone', 'camera', 'exam', 'screen', 'stethoscope');
const moderateOp = oneOf('admit', 'mute', 'remove', 'lock', 'unlock', 'end');
const binding = record({ mid: text, track: nullable(text) });
const resume = record({ id: text, secret: text, expires_ms: count });
const rung = oneOf('full', 'small', 'stills', 'audio', 'phone');
const link = record({
  loss_ratio: number,
  rtt_ms: nullable(number),
  jitter_ms: number,
  rate_bps: count,
  estimate_bps: nullable(count),
  mos: nullable(number),
});
const appEntry = { from: text, to: text, kind: text, body: shortText(MAX_BODY), at_ms: count };

const room = {
  rev: count,
  intent_rev: count,
  locked: bool,
  participants: listOf(
    record({
      id: text,
      name: text,
      role: oneOf('nurse', 'specialist', 'patient', 'guest'),
      status: oneOf('waiting', 'in_call', 'reconnecting'),
    }),
  ),
  tracks: listOf(record({ id: text, participant: text, source, kind: oneOf('audio', 'video'), active: bool, muted: bool })),
  video: listOf(binding),
  audio: listOf(binding),
  permissions: record({ publish: listOf(source), moderate: listOf(moderateOp) }),
};

const limits = record({
  message_bytes: count,
  sdp_message_bytes: count,
  messages_per_s: count,
  burst: count,
  heartbeat_ms: count,
  dead_ms: count,
  resume_ms: count,
  participants: count,
});

/** @type {Record<string, Record<string, Shape>>} */
const SERVER_SHAPES = {
  waiting: { id: text, position: count, host_status: oneOf('absent', 'present', 'in_call'), resume },
  joined: {
    id: text,
    gen: count,
    answer: nullable(text),
    ice_servers: listOf(record({ urls: listOf(text), username: nullable(text), credential: nullable(text) })),
    resume,
    rev: count,
    snapshot: nullable(record(room)),
    history: listOf(record(appEntry)),
    limits,
  },
  answer: { neg_id: count, sdp: text },
  renegotiate: { reason: oneOf('ice_failed', 'server_moved') },
  state: room,
  layers: { mid: text, active: listOf(text) },
  speakers: { ids: listOf(text) },
  quality: {
    id: text,
    uplink: nullable(link),
    downlink: nullable(link),
    concealed_ratio: nullable(number),
    freeze_ratio: nullable(number),
    rung: nullable(rung),
    paused: listOf(text),
    mos: nullable(number),
    cause: oneOf(null, 'uplink', 'downlink', 'device', 'server'),
  },
  reconnect: { tier: oneOf('socket', 'ice', 'peer', 'server'), url: nullable(text), after_ms: count },
  app: appEntry,
  error: { code: text, retryable: bool, field: nullable(text), ref: nullable(text) },
  pong: { at_ms: count },
  bye: { reason: oneOf('left', 'removed', 'ended', 'replaced', 'expired', 'draining', 'denied') },
};

/** @type {Record<string, Record<string, Shape>>} */
const CLIENT_SHAPES = {
  join: {
    proto: oneOf(PROTOCOL_VERSION),
    token: text,
    gen: count,
    offer: nullable(text),
    resume: nullable(record({ id: text, secret: text, last_rev: count })),
  },
  intent: {
    rev: count,
    publish: listOf(record({ mid: text, source, active: bool, muted: bool })),
    video: listOf(record({ mid: text, track: nullable(text), max_height: count, priority: oneOf(0, 1, 2, 3) })),
    audio: record({ auto: bool, pinned: listOf(text) }),
  },
  offer: { neg_id: count, sdp: text, ice_restart: bool },
  moderate: { op: moderateOp, target: nullable(text), req: shortText(32) },
  app: { to: text, kind: text, body: shortText(MAX_BODY) },
  stats: {
    interval_ms: count,
    uplink: record({
      rtt_ms: number,
      loss_ratio: number,
      rate_bps: count,
      estimate_bps: nullable(count),
      limited: oneOf('none', 'cpu', 'bandwidth'),
      rung,
    }),
    downlink: record({
      loss_ratio: number,
      jitter_ms: number,
      rate_bps: count,
      concealed_ratio: number,
      freeze_ratio: number,
      frames_per_s: number,
    }),
  },
  ping: { at_ms: count },
  leave: {},
};

/**
 * @param {string} data one text frame
 * @returns {{ok: true, message: ServerMessage} | {ok: false, field: string}} `field` is the path that does not fit, `type` for an unknown message
 */
export function parseServerMessage(data) {
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(data);
  } catch {
    return { ok: false, field: '' };
  }
  const wrong = mismatch(SERVER_SHAPES, value);
  return wrong === null ? { ok: true, message: /** @type {ServerMessage} */ (value) } : { ok: false, field: wrong };
}

/** @param {unknown} value @returns {string | null} null when a server would take it, else the path that does not fit */
export function clientMessageMismatch(value) {
  return mismatch(CLIENT_SHAPES, value);
}

/** @param {Record<string, Record<string, Shape>>} shapes @param {unknown} value */
function mismatch(shapes, value) {
  const type = /** @type {{type?: unknown} | null} */ (value)?.type;
  const fields = typeof type === 'string' && Object.hasOwn(shapes, type) ? shapes[type] : undefined;
  return fields ? record({ type: text, ...fields })(value, '') : 'type';
}

/**
 * @param {string} token @param {number} gen @param {string | null} offer
 * @param {{id: string, secret: string, last_rev: number} | null} resumeFrom
 */
export const joinMessage = (token, gen, offer, resumeFrom) =>
  JSON.stringify({ type: 'join', proto: PROTOCOL_VERSION, token, gen, offer, resume: resumeFrom });

/** @param {import('./types.js').Intent} intent */
export const intentMessage = (intent) => JSON.stringify({ type: 'intent', ...intent });

/** @param {number} negId @param {string} sdp @param {boolean} iceRestart */
export const offerMessage = (negId, sdp, iceRestart) => JSON.stringify({ type: 'offer', neg_id: negId, sdp, ice_restart: iceRestart });

/** @param {import('./types.js').ModerateOp} op @param {string | null} target @param {string} req */
export const moderateMessage = (op, target, req) => JSON.stringify({ type: 'moderate', op, target, req });

/** @param {string} to @param {string} body */
export const chatMessage = (to, body) => JSON.stringify({ type: 'app', to, kind: 'chat', body });

/** @param {string} piece of a JPEG in base64 */
export const stillMessage = (piece) => JSON.stringify({ type: 'app', to: 'room', kind: 'still', body: piece });

/** @param {{interval_ms: number, uplink: import('./types.js').UplinkStats, downlink: import('./types.js').DownlinkStats}} stats */
export const statsMessage = (stats) => JSON.stringify({ type: 'stats', ...stats });

/** @param {number} atMs */
export const pingMessage = (atMs) => JSON.stringify({ type: 'ping', at_ms: atMs });

export const leaveMessage = () => JSON.stringify({ type: 'leave' });
