/**
 * The page's state and how each event changes it. Pure: no DOM, no socket, no media objects. Everything visible follows from this value.
 */
import { collect, wholeOf } from './stills.js';

/** @typedef {import('../protocol/types.js').Room} Room */
/** @typedef {import('../protocol/types.js').Role} Role */
/** @typedef {import('../protocol/types.js').Source} Source */
/** @typedef {import('../protocol/types.js').AppEntry} AppEntry */
/** @typedef {import('../protocol/types.js').ServerMessage} ServerMessage */
/** @typedef {import('../protocol/types.js').QualityMessage} QualityMessage */
/** @typedef {import('./intent.js').LocalSource} LocalSource */
/** @typedef {import('./intent.js').LocalSources} LocalSources */
/** @typedef {import('../i18n/index.js').Language} Language */

/** @typedef {'camera' | 'microphone' | 'speaker' | 'exam' | 'stethoscope'} DeviceUse */
/** @typedef {{id: string, label: string}} Device */
/** @typedef {{cameras: Device[], microphones: Device[], speakers: Device[]}} Devices */
/** @typedef {{code: string, params?: Record<string, string>, words?: string[]}} Problem `code` is the dictionary key under `errors.`, or the server's, with its `words` */
/** @typedef {{kind: 'end'} | {kind: 'remove', target: string}} Dialog */
/** @typedef {null | 'case' | 'chat' | 'people' | 'devices' | 'more'} Panel */
/**
 * @typedef {object} Way a guest's, before the device check
 * @property {import('./way.js').Visit} visit
 * @property {import('./way.js').ConsentText[]} texts that this person was asked about
 * @property {boolean} isEntering
 * @property {boolean} hasDeclined
 * @property {boolean} asksAgain who declined wants to read it once more
 * @property {boolean} isBusy the server is being told something
 * @property {boolean} hasRated
 * @property {Problem | null} problem the server's answer to what was told last
 */

/**
 * @typedef {object} State
 * @property {'starting' | 'way' | 'device_check' | 'entering' | 'waiting' | 'call' | 'left' | 'failed'} phase
 * @property {Language} language
 * @property {import('../session/entrance.js').Entrance['kind'] | null} door by which the person came
 * @property {Way | null} way of who came by a link
 * @property {{role: Role, name: string, roomTitle: string} | null} invited
 * @property {Problem | null} failure fills the page in phase `failed`
 * @property {'connecting' | 'connected' | 'reconnecting' | 'lost'} connection
 * @property {string | null} selfId
 * @property {Room | null} room
 * @property {{position: number, hostStatus: 'absent' | 'present' | 'in_call'} | null} waiting
 * @property {AppEntry[]} chat
 * @property {number} unread
 * @property {Panel} panel
 * @property {string | null} pinned
 * @property {boolean} narrow
 * @property {string[]} speakers loudest first
 * @property {string | null} leadSpeaker the last remote person who was the loudest
 * @property {Record<string, QualityMessage>} quality by participant
 * @property {import('../protocol/types.js').Rung} rung of the bandwidth ladder: what this person sends
 * @property {Record<string, string[]>} stillPieces by participant: of the next still, as far as it has come
 * @property {Record<string, string>} stills by participant: what it last showed instead of video, a data URL
 * @property {LocalSources} sources
 * @property {boolean} preparing the browser is being asked for camera and microphone
 * @property {Devices} devices
 * @property {Partial<Record<DeviceUse, string>>} chosen device ids
 * @property {Problem[]} notices the newest last
 * @property {Dialog | null} dialog
 * @property {boolean} soundBlocked
 * @property {string | null} leftReason
 */

/**
 * @typedef {{type: 'language', language: Language}
 *   | {type: 'door', door: State['door']}
 *   | {type: 'way', change: Partial<Way>}
 *   | {type: 'invited', role: Role, name: string, roomTitle: string}
 *   | {type: 'phase', phase: State['phase']}
 *   | {type: 'preparing', preparing: boolean}
 *   | {type: 'failed', problem: Problem}
 *   | {type: 'left', reason: string}
 *   | {type: 'connection', connection: State['connection']}
 *   | {type: 'server', message: ServerMessage}
 *   | {type: 'source', source: Source, change: Partial<LocalSource>}
 *   | {type: 'rung', rung: State['rung']}
 *   | {type: 'devices', devices: Devices}
 *   | {type: 'chosen', use: DeviceUse, id: string}
 *   | {type: 'panel', panel: Panel}
 *   | {type: 'pin', key: string}
 *   | {type: 'narrow', narrow: boolean}
 *   | {type: 'notice', problem: Problem}
 *   | {type: 'dismiss', code: string}
 *   | {type: 'dialog', dialog: Dialog | null}
 *   | {type: 'sound_blocked', blocked: boolean}} AppEvent
 */

/** Chat kept on the page; the server's history is shorter. */
const MAX_CHAT = 500;
const MAX_NOTICES = 3;

/** @param {Language} language @returns {State} */
export function initialState(language) {
  const off = () => ({ held: false, muted: false, used: false });
  return {
    phase: 'starting',
    language,
    door: null,
    way: null,
    invited: null,
    failure: null,
    connection: 'connecting',
    selfId: null,
    room: null,
    waiting: null,
    chat: [],
    unread: 0,
    panel: null,
    pinned: null,
    narrow: false,
    speakers: [],
    leadSpeaker: null,
    quality: {},
    rung: 'full',
    stillPieces: {},
    stills: {},
    sources: { microphone: off(), camera: off(), exam: off(), screen: off(), stethoscope: off() },
    preparing: false,
    devices: { cameras: [], microphones: [], speakers: [] },
    chosen: {},
    notices: [],
    dialog: null,
    soundBlocked: false,
    leftReason: null,
  };
}

/** @param {State} state @param {AppEvent} event @returns {State} */
export function reduce(state, event) {
  switch (event.type) {
    case 'language':
      return { ...state, language: event.language };
    case 'door':
      return { ...state, door: event.door };
    case 'way':
      return changeWay(state, event.change);
    case 'invited':
      return { ...state, invited: { role: event.role, name: event.name, roomTitle: event.roomTitle } };
    case 'phase':
      // What the device check said has been read; the call's own buttons show what is off.
      return { ...state, phase: event.phase, notices: event.phase === 'entering' ? [] : state.notices };
    case 'preparing':
      return { ...state, preparing: event.preparing };
    case 'failed':
      return { ...state, phase: 'failed', failure: event.problem, panel: null, dialog: null };
    case 'left':
      return left(state, event.reason);
    case 'connection':
      return state.connection === event.connection ? state : { ...state, connection: event.connection };
    case 'server':
      return receive(state, event.message);
    case 'source':
      return changeSource(state, event.source, event.change);
    case 'rung':
      return state.rung === event.rung ? state : { ...state, rung: event.rung };
    case 'devices':
      return { ...state, devices: event.devices };
    case 'chosen':
      return { ...state, chosen: { ...state.chosen, [event.use]: event.id } };
    case 'panel':
      return { ...state, panel: event.panel, unread: event.panel === 'chat' ? 0 : state.unread };
    case 'pin':
      return { ...state, pinned: state.pinned === event.key ? null : event.key };
    case 'narrow':
      return { ...state, narrow: event.narrow };
    case 'notice':
      return { ...state, notices: [...state.notices.filter((notice) => notice.code !== event.problem.code), event.problem].slice(-MAX_NOTICES) };
    case 'dismiss':
      return { ...state, notices: state.notices.filter((notice) => notice.code !== event.code) };
    case 'dialog':
      return { ...state, dialog: event.dialog };
    case 'sound_blocked':
      return { ...state, soundBlocked: event.blocked };
  }
}

/** @param {State} state @returns {import('../protocol/types.js').Participant[]} people at the door */
export function knocking(state) {
  return state.room?.participants.filter((person) => person.status === 'waiting' && person.id !== state.selfId) ?? [];
}

/** @param {State} state @param {import('../protocol/types.js').ModerateOp} op */
export function mayModerate(state, op) {
  return state.room?.permissions.moderate.includes(op) ?? false;
}

/** @param {State} state @param {Source} source */
export function mayPublish(state, source) {
  return state.room?.permissions.publish.includes(source) ?? false;
}

/** @param {State} state @param {ServerMessage} message @returns {State} */
function receive(state, message) {
  switch (message.type) {
    case 'waiting':
      return {
        ...state,
        phase: 'waiting',
        selfId: message.id,
        waiting: { position: message.position, hostStatus: message.host_status },
        room: null,
      };
    case 'joined': {
      const inCall = { ...state, phase: /** @type {const} */ ('call'), selfId: message.id, waiting: null, chat: message.history };
      return message.snapshot ? { ...inCall, room: message.snapshot } : inCall;
    }
    case 'state': {
      const { type: _type, ...room } = message;
      return forgetGone({ ...state, room });
    }
    case 'speakers': {
      const lead = message.ids.find((id) => id !== state.selfId);
      return { ...state, speakers: message.ids, leadSpeaker: lead ?? state.leadSpeaker };
    }
    case 'quality':
      return { ...state, quality: { ...state.quality, [message.id]: message } };
    case 'app': {
      const { type: _type, ...entry } = message;
      if (entry.kind === 'still') return withStill(state, entry);
      if (entry.kind !== 'chat') return state;
      const counts = entry.from !== state.selfId && state.panel !== 'chat';
      return { ...state, chat: [...state.chat, entry].slice(-MAX_CHAT), unread: state.unread + (counts ? 1 : 0) };
    }
    case 'bye':
      return message.reason === 'draining' ? state : left(state, message.reason);
    default:
      return state;
  }
}

/** @param {State} state @param {string} reason @returns {State} */
function left(state, reason) {
  const off = (/** @type {LocalSource} */ source) => ({ ...source, held: false });
  const { microphone, camera, exam, screen, stethoscope } = state.sources;
  return {
    ...state,
    phase: 'left',
    leftReason: reason,
    room: null,
    waiting: null,
    panel: null,
    dialog: null,
    notices: [],
    speakers: [],
    stillPieces: {},
    stills: {},
    pinned: null,
    soundBlocked: false,
    sources: { microphone: off(microphone), camera: off(camera), exam: off(exam), screen: off(screen), stethoscope: off(stethoscope) },
  };
}

/** The first change brings the visit. @param {State} state @param {Partial<Way>} change @returns {State} */
function changeWay(state, change) {
  const visit = change.visit ?? state.way?.visit;
  if (!visit) return state;
  const before = state.way ?? { texts: [], isEntering: false, hasDeclined: false, asksAgain: false, isBusy: false, hasRated: false, problem: null };
  // What was answered is no longer asked for; who thinks again reads it once more.
  const texts = visit.consents_needed.length > 0 ? visit.consents_needed : before.texts;
  return { ...state, way: { ...before, ...change, visit, texts } };
}

/** @param {State} state @param {Source} source @param {Partial<LocalSource>} change @returns {State} */
function changeSource(state, source, change) {
  const before = state.sources[source];
  const after = { ...before, ...change };
  return { ...state, sources: { ...state.sources, [source]: { ...after, used: after.used || after.held } } };
}

/** @param {State} state @param {AppEntry} piece @returns {State} */
function withStill(state, { from, body }) {
  const pieces = collect(state.stillPieces[from] ?? [], body);
  const whole = wholeOf(pieces);
  const stills = whole === null ? state.stills : { ...state.stills, [from]: `data:image/jpeg;base64,${whole}` };
  return { ...state, stillPieces: { ...state.stillPieces, [from]: pieces }, stills };
}

/** Drops what belonged to people who are no longer there. @param {State} state @returns {State} */
function forgetGone(state) {
  const here = new Set(state.room?.participants.map((person) => person.id));
  const quality = Object.fromEntries(Object.entries(state.quality).filter(([id]) => here.has(id)));
  // A still is worth nothing once the picture moves again.
  const moving = new Set(state.room?.tracks.flatMap((track) => (track.source === 'camera' && track.active ? track.participant : [])));
  const stills = Object.fromEntries(Object.entries(state.stills).filter(([id]) => here.has(id) && !moving.has(id)));
  const asked = state.dialog?.kind === 'remove' && !here.has(state.dialog.target);
  return { ...state, quality, stills, dialog: asked ? null : state.dialog, speakers: state.speakers.filter((id) => here.has(id)) };
}
