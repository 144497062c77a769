/**
 * The visit as one thing: what the page can do (`join`, `leave`, `toggleMicrophone` …) and what each server message means for it.
 * Drives link, media, sound and wishes; decides nothing that the pure modules can decide.
 */
import { chatMessage, leaveMessage, moderateMessage, statsMessage } from '../protocol/messages.js';
import { initialState, reduce } from '../state/reducer.js';
import { createStore } from '../state/store.js';
import { loadLanguage, pageLanguage, storeLanguage } from '../i18n/index.js';
import { statsBetween, totalsOf } from '../rtc/stats.js';
import { keepAwake } from './awake.js';
import { exchange, invitationFromAddress, Refusal } from './invitation.js';
import { Link } from './link.js';
import { LocalMedia } from './media.js';
import { recall, remember } from './memory.js';
import { Sound } from './sound.js';
import { Wishes } from './wishes.js';

/** @typedef {import('../state/reducer.js').State} State */
/** @typedef {import('../protocol/types.js').ServerMessage} ServerMessage */

const STATS_MS = 2_000;
/** Refusals that end the visit for now; other errors are said beside it or only logged. @type {Record<string, string>} */
const FATAL = { room_full: 'E-NET-3', room_locked: 'E-NET-8', unsupported: 'E-NET-4', bad_offer: 'E-NET-5' };

export class Session {
  constructor() {
    this.invitation = invitationFromAddress();
    this.memory = recall(this.invitation);
    this.store = createStore(reduce, initialState(pageLanguage()));
    this.media = new LocalMedia(this.store, (section, track) => this.link.peer?.put(section, track));
    this.sound = new Sound((blocked) => this.store.dispatch({ type: 'sound_blocked', blocked }));
    this.link = new Link(this.invitation, this.memory, {
      onMessage: (message) => this.#receive(message),
      onConnection: (connection) => this.store.dispatch({ type: 'connection', connection }),
      onPeer: (peer) => this.#newPeer(peer),
      onRefused: (code) => this.#fail(code),
      onTrouble: (code) => this.store.dispatch({ type: 'notice', problem: { code } }),
      onGeneration: () => this.#remember(),
    });
    this.wishes = new Wishes({
      state: () => this.store.state(),
      mids: () => (this.link.ladder.entered && this.store.state().phase === 'call' ? (this.link.peer?.mids() ?? null) : null),
      send: (message) => this.link.send(message),
    });
    /** When the wait for the first remote picture began. */
    this.waitingForFrameSinceMs = 0;
    /** @type {number | null} */
    this.firstFrameMs = null;
    /** @type {import('../rtc/stats.js').Totals | null} */
    this.lastTotals = null;
    this.requests = 0;
    this.store.subscribe(() => this.wishes.changed());
    document.addEventListener('visibilitychange', () => this.wishes.send());
    setInterval(() => void this.#reportStats(), STATS_MS);
  }

  /** Opens the page: reads the invitation, then the device check, or straight back to the call after a reload. */
  async start() {
    if (!this.invitation) return this.#fail('E-LINK-1');
    if (typeof RTCPeerConnection === 'undefined') return this.#fail('E-NET-5');
    try {
      const welcome = await exchange(this.invitation);
      this.link.token = welcome;
      await this.#useLanguage(pageLanguage(welcome.language));
      this.store.dispatch({ type: 'invited', role: welcome.role, name: welcome.name, roomTitle: welcome.roomTitle });
    } catch (error) {
      // Back after a reload while the server is away: the link keeps trying.
      if (error instanceof Refusal || !this.memory.inVisit) return this.#fail(error instanceof Refusal ? error.code : 'E-NET-1');
    }
    await this.#prepare();
  }

  async #prepare() {
    for (const [use, id] of Object.entries(this.memory.chosen)) {
      this.store.dispatch({ type: 'chosen', use: /** @type {keyof State['chosen']} */ (use), id });
    }
    this.store.dispatch({ type: 'source', source: 'microphone', change: { muted: this.memory.microphoneMuted } });
    if (!this.memory.inVisit) {
      return this.prepareDevices();
    }
    this.store.dispatch({ type: 'phase', phase: 'entering' });
    this.link.start();
    await this.media.start({ camera: !this.memory.cameraOff });
  }

  /** Opens camera and microphone for the device check; again after a failure. */
  async prepareDevices() {
    this.store.dispatch({ type: 'preparing', preparing: true });
    this.store.dispatch({ type: 'phase', phase: 'device_check' });
    await this.media.start({ camera: true });
    this.store.dispatch({ type: 'preparing', preparing: false });
  }

  /** @param {{camera: boolean}} wish */
  async join(wish) {
    this.waitingForFrameSinceMs = performance.now();
    this.firstFrameMs = null;
    this.store.dispatch({ type: 'phase', phase: 'entering' });
    if (!wish.camera) await this.media.close('camera');
    this.#remember({ inVisit: true, cameraOff: !this.store.state().sources.camera.held });
    this.link.start();
  }

  /** From the last page back into the visit, with the devices as they were. */
  async rejoin() {
    const { sources } = this.store.state();
    await this.join({ camera: true });
    if (!this.media.tracks.size) await this.media.start({ camera: sources.camera.used });
  }

  leave() {
    this.link.send(leaveMessage());
    this.#end('left');
  }

  retry() {
    if (this.store.state().failure?.code === 'E-NET-1') return location.reload();
    if (this.memory.inVisit) return void this.rejoin();
    location.reload();
  }

  reconnectNow() {
    this.link.step({ type: 'retry_now' });
  }

  /** @param {import('../i18n/index.js').Language} language */
  async speak(language) {
    storeLanguage(language);
    await this.#useLanguage(language);
  }

  /** @param {import('../i18n/index.js').Language} language */
  async #useLanguage(language) {
    await loadLanguage(language);
    this.store.dispatch({ type: 'language', language });
  }

  async toggleMicrophone() {
    const { held, muted } = this.store.state().sources.microphone;
    if (held) this.media.muteMicrophone(!muted);
    else if (await this.media.open('microphone')) this.media.muteMicrophone(false);
    this.wishes.send();
    this.#remember();
  }

  async toggleCamera() {
    if (this.store.state().sources.camera.held) await this.media.close('camera');
    else await this.media.open('camera');
    this.wishes.send();
    this.#remember({ cameraOff: !this.store.state().sources.camera.held });
  }

  /** @param {import('../state/reducer.js').DeviceUse} use @param {string} id */
  async choose(use, id) {
    if (use === 'speaker') {
      this.store.dispatch({ type: 'chosen', use, id });
      this.sound.choose(id);
    } else {
      await this.media.choose(use, id);
    }
    this.#remember();
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
        return message.reason === 'draining' ? undefined : this.#end(message.reason);
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
    if (fatal && !this.link.ladder.entered) return this.#fail(fatal);
    if (error.code === 'not_allowed') this.store.dispatch({ type: 'notice', problem: { code: 'E-NET-7' } });
    else if (error.ref?.startsWith('m')) this.store.dispatch({ type: 'notice', problem: { code: 'E-NET-6' } });
    else console.warn('the server answered', error.code, error.field, error.ref);
  }

  /** @param {import('../rtc/peer.js').Peer} peer */
  async #newPeer(peer) {
    this.lastTotals = null;
    await this.media.attach(peer);
    this.sound.play(peer.heard());
  }

  /** @param {string} code */
  #fail(code) {
    this.link.stop();
    this.store.dispatch({ type: 'failed', problem: { code } });
  }

  /** @param {string} reason */
  #end(reason) {
    this.link.stop();
    this.sound.stop();
    this.media.stop();
    keepAwake(false);
    this.store.dispatch({ type: 'left', reason });
    this.memory = { ...this.memory, inVisit: false, resume: null };
    remember(this.memory);
  }

  /** @param {Partial<import('./memory.js').Memory>} [change] */
  #remember(change = {}) {
    const { sources, chosen } = this.store.state();
    const { gen, resume } = this.link;
    this.memory = { ...this.memory, gen, resume, microphoneMuted: sources.microphone.muted, chosen, ...change };
    remember(this.memory);
  }

  async #reportStats() {
    const peer = this.link.peer;
    if (this.store.state().phase !== 'call' || !peer || !this.link.ladder.entered) return;
    const report = await peer.connection.getStats();
    const totals = totalsOf(report.values(), performance.now());
    if (this.lastTotals) this.link.send(statsMessage(statsBetween(this.lastTotals, totals)));
    this.lastTotals = totals;
  }
}
