/**
 * The way into the room and what happens there: the link, what is heard, what is wished for, and what each server message means for the
 * page. Fetched once the devices have been asked for: a phone's camera need not wait for it.
 */
import { chatMessage, leaveMessage, moderateMessage } from '../protocol/messages.js';
import { keepAwake } from './awake.js';
import { BandwidthWatch } from './bandwidth.js';
import { Link } from './link.js';
import { Sound } from './sound.js';
import { Wishes } from './wishes.js';

/** @typedef {import('../state/reducer.js').State} State */
/** @typedef {import('../state/reducer.js').Problem} Problem */
/** @typedef {import('../protocol/types.js').ServerMessage} ServerMessage */
/**
 * @typedef {object} LineHandlers
 * @property {(problem: Problem) => void} onFailed nothing more will be tried
 * @property {(reason: string) => void} onEnded
 * @property {() => void} onGeneration `gen` or `resume` changed
 */

/** Refusals that end the visit for now; other errors are said beside it or only logged. @type {Record<string, string>} */
const FATAL = { room_full: 'E-NET-3', room_locked: 'E-NET-8', unsupported: 'E-NET-4', bad_offer: 'E-NET-5' };

export class Line {
  /**
   * @param {import('./way.js').Store} store @param {import('./media.js').LocalMedia} media @param {() => Promise<import('./entrance.js').Welcome>} exchange
   * @param {import('./memory.js').Memory} memory @param {LineHandlers} handlers
   */
  constructor(store, media, exchange, memory, handlers) {
    this.store = store;
    this.media = media;
    this.handlers = handlers;
    this.sound = new Sound((blocked) => store.dispatch({ type: 'sound_blocked', blocked }));
    this.link = new Link(exchange, memory, {
      onMessage: (message) => this.#receive(message),
      onConnection: (connection) => store.dispatch({ type: 'connection', connection }),
      onPeer: (peer) => this.#newPeer(peer),
      onRefused: (problem) => handlers.onFailed(problem),
      onTrouble: (code) => store.dispatch({ type: 'notice', problem: { code } }),
      onGeneration: () => handlers.onGeneration(),
    });
    this.wishes = new Wishes({
      state: () => store.state(),
      mids: () => (this.link.ladder.entered && store.state().phase === 'call' ? (this.link.peer?.mids() ?? null) : null),
      send: (message) => this.link.send(message),
    });
    /** When the wait for the first remote picture began. */
    this.waitingForFrameSinceMs = 0;
    /** @type {number | null} */
    this.firstFrameMs = null;
    this.bandwidth = new BandwidthWatch(store, media, this.link);
    this.requests = 0;
    store.subscribe(() => this.wishes.changed());
    document.addEventListener('visibilitychange', () => this.wishes.send());
  }

  leave() {
    this.link.send(leaveMessage());
  }

  stop() {
    this.bandwidth.stop();
    this.link.stop();
    this.sound.stop();
  }

  /** The wait for the first remote picture begins anew. @param {number} sinceMs */
  awaitFrame(sinceMs) {
    this.waitingForFrameSinceMs = sinceMs;
    this.firstFrameMs = null;
  }

  /** @param {string} body */
  chat(body) {
    this.link.send(chatMessage('room', body));
  }

  /** @param {import('../protocol/types.js').ModerateOp} op @param {string | null} target */
  moderate(op, target) {
    this.requests += 1;
    this.link.send(moderateMessage(op, target, `m${this.requests}`));
    this.store.dispatch({ type: 'dialog', dialog: null });
  }

  /** @param {string | null} track @returns {MediaStream | null} the picture that a tile shows */
  streamOf(track) {
    const slot = this.store.state().room?.video.find((binding) => binding.track === track);
    return track !== null && slot ? (this.link.peer?.viewed(slot.mid) ?? null) : null;
  }

  /** @param {HTMLVideoElement} element shows a remote picture */
  watchFirstFrame(element) {
    if (this.firstFrameMs !== null || !element.requestVideoFrameCallback) return;
    element.requestVideoFrameCallback((nowMs) => {
      this.firstFrameMs ??= Math.round(nowMs - this.waitingForFrameSinceMs);
    });
  }

  /** @param {ServerMessage} message */
  #receive(message) {
    const before = this.store.state();
    this.store.dispatch({ type: 'server', message });
    switch (message.type) {
      case 'waiting':
        return void keepAwake(true);
      case 'joined':
        if (before.phase === 'waiting') this.waitingForFrameSinceMs = performance.now();
        keepAwake(true);
        return this.wishes.renew(message.snapshot?.intent_rev ?? 0);
      case 'state':
        return this.#obeyModerator(message);
      case 'error':
        return this.#say(message);
      case 'bye':
        return message.reason === 'draining' ? undefined : this.handlers.onEnded(message.reason);
    }
  }

  /** A moderator's mute shows on one's own tracks once the server has taken in our last wish. @param {import('../protocol/types.js').Room} room */
  #obeyModerator(room) {
    const { selfId, sources } = this.store.state();
    if (room.intent_rev !== this.wishes.rev) return;
    const silenced = room.tracks.filter((track) => track.participant === selfId && track.active && track.muted);
    if (silenced.some((track) => track.source === 'microphone') && sources.microphone.held && !sources.microphone.muted) {
      this.media.muteMicrophone(true);
      this.store.dispatch({ type: 'notice', problem: { code: 'E-DEV-2' } });
    }
    if (silenced.some((track) => track.source === 'camera') && sources.camera.held) void this.media.close('camera');
  }

  /** @param {import('../protocol/types.js').ErrorMessage} error */
  #say(error) {
    const fatal = FATAL[error.code];
    if (fatal && !this.link.ladder.entered) return this.handlers.onFailed({ code: fatal });
    if (error.code === 'not_allowed') this.store.dispatch({ type: 'notice', problem: { code: 'E-NET-7' } });
    else if (error.ref?.startsWith('m')) this.store.dispatch({ type: 'notice', problem: { code: 'E-NET-6' } });
    else console.warn('the server answered', error.code, error.field, error.ref);
  }

  /** @param {import('../rtc/peer.js').Peer} peer */
  async #newPeer(peer) {
    await this.media.attach(peer);
    this.sound.play(peer.heard(), peer.document());
  }
}
