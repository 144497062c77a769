/**
 * The way to the server: socket, join, PeerConnection, and the recovery ladder that brings them back. Runs the ladder's actions and reports
 * to it; what the messages mean for the page is the session's business.
 */
import { joinMessage, offerMessage } from '../protocol/messages.js';
import { climb, connectionWord, GROUND, keepsPeer, LOST_MS, RESUME_MS } from '../state/ladder.js';
import { hear, WATCH_MS } from '../state/silence.js';
import { Peer } from '../rtc/peer.js';
import { addressesIn, isElsewhere, isToldLate, Surroundings } from '../rtc/surroundings.js';
import { Refusal } from './entrance.js';
import { openSocket, socketUrl } from './socket.js';

/** @typedef {import('../protocol/types.js').ServerMessage} ServerMessage */
/** @typedef {import('../state/ladder.js').Action} Action */
/** @typedef {import('../state/ladder.js').LadderEvent} LadderEvent */

/** A token is good for 5 minutes; one older than this is not worth trying. */
const TOKEN_MARGIN_MS = 30_000;
/** What the server has not taken by then is tried anew: the network that it was begun on may be gone. */
const ANSWER_MS = 4_000;
/** Where media comes the network is there: on a thin link what opens a socket waits behind it, and is lost beside it. */
const ANSWER_BESIDE_MEDIA_MS = 15_000;
/** Heard so lately. */
const LATELY_MS = 2_000;

/**
 * @typedef {object} LinkHandlers
 * @property {(message: ServerMessage) => void} onMessage after the link has taken what concerns it
 * @property {(word: 'connecting' | 'connected' | 'reconnecting' | 'lost') => void} onConnection
 * @property {(peer: Peer) => Promise<void>} onPeer a new PeerConnection: put the tracks on before it is offered
 * @property {(problem: import('../state/reducer.js').Problem) => void} onRefused nothing more will be tried
 * @property {(code: string) => void} onTrouble
 * @property {() => void} onGeneration `gen` or `resume` changed
 */

export class Link {
  /** @param {() => Promise<import('./entrance.js').Welcome>} exchange for a new join token @param {import('./memory.js').Memory} memory @param {LinkHandlers} handlers */
  constructor(exchange, memory, handlers) {
    this.exchange = exchange;
    this.handlers = handlers;
    /** @type {import('../state/ladder.js').Ladder} */
    this.ladder = GROUND;
    this.gen = memory.gen;
    this.resume = memory.resume;
    this.lastRev = 0;
    this.negId = 0;
    /** The last offer of an ICE restart that was answered. */
    this.answeredId = 0;
    this.offersMade = 0;
    /** @type {Peer | null} */
    this.peer = null;
    /** Made ahead for the next join, and not yet offered. @type {Peer | null} */
    this.spare = null;
    /** For the next PeerConnection: this window has not heard yet of where the machine is now. @type {Surroundings | null} */
    this.surroundings = null;
    /** The offer of a join whose socket is still opening. @type {Promise<string> | null} */
    this.opening = null;
    /** @type {ReturnType<typeof openSocket> | null} */
    this.socket = null;
    /** @type {{token: string, expiresMs: number} | null} not spent yet */
    this.token = null;
    /** The one that was spent last. @type {string | null} */
    this.used = null;
    /** @type {RTCIceServer[]} */
    this.iceServers = [];
    this.url = socketUrl(location);
    /** Counts connects, so that what a superseded one brings is dropped. */
    this.attempt = 0;
    window.addEventListener('online', () => this.step({ type: 'moved' }));
    // Wi-Fi to mobile; not every browser tells.
    /** @type {{connection?: EventTarget & {type?: string}}} */ (navigator).connection?.addEventListener('change', () => this.#networkChanged());
    /** @type {string | undefined} */
    this.network = /** @type {{connection?: {type?: string}}} */ (navigator).connection?.type;
    /** @type {import('../state/silence.js').Told} */
    this.told = { atMs: 0, downBps: null };
    /** @type {{peer: Peer, silence: import('../state/silence.js').Silence} | null} */
    this.heard = null;
    setInterval(() => void this.#watch(), WATCH_MS);
  }

  /** What the door gave, for the next join and its PeerConnection. @param {import('./entrance.js').Welcome} welcome */
  welcome(welcome) {
    this.token = welcome;
    this.iceServers = welcome.iceServers;
    this.spare?.close();
    this.spare = null;
  }

  /** While the person still looks at the device check: a phone takes its time to make a PeerConnection. */
  prepare() {
    this.spare ??= this.#makePeer();
  }

  start() {
    this.step({ type: 'start' });
    if (this.resume) this.ladder = { ...this.ladder, resumeUntilMs: performance.now() + RESUME_MS };
  }

  stop() {
    this.step({ type: 'stop' });
    this.attempt += 1;
    this.socket?.close();
    this.peer?.close();
    this.spare?.close();
    this.surroundings?.close();
    this.socket = this.peer = this.spare = this.surroundings = null;
    this.resume = null;
  }

  /** @param {string} message */
  send(message) {
    if (this.ladder.entered) this.socket?.send(message);
  }

  /** @param {LadderEvent} event */
  step(event) {
    const { ladder, actions } = climb(this.ladder, event, performance.now(), Math.random());
    const wasLost = this.ladder.lostAtMs !== null;
    this.ladder = ladder;
    this.handlers.onConnection(connectionWord(ladder, performance.now()));
    if (!wasLost && ladder.lostAtMs !== null) {
      setTimeout(() => this.handlers.onConnection(connectionWord(this.ladder, performance.now())), LOST_MS + 100);
    }
    for (const action of actions) this.#perform(action);
  }

  async #watch() {
    const peer = this.peer;
    if (peer?.connection.connectionState === 'closed') return this.step({ type: 'ice', state: 'failed' });
    if (!peer) return void (this.heard = null);
    const bytes = await peer.receivedBytes();
    if (peer !== this.peer) return;
    const before = this.heard?.peer === peer ? this.heard.silence : null;
    this.heard = { peer, silence: hear(before, bytes, performance.now(), this.told) };
    const isWatched = this.ladder.entered && this.ladder.peer === 'connected';
    if (isWatched && this.heard.silence.isLost && !before?.isLost) this.step({ type: 'moved' });
    // No event tells that what was taken for lost was a pause, or that a healthy connection was restarted.
    const isBack = before?.isLost || (this.ladder.peer === 'restarting' && this.answeredId === this.negId);
    if (isBack && before && bytes !== before.bytes && peer.connection.connectionState === 'connected') this.step({ type: 'ice', state: 'connected' });
  }

  /** @param {Action} action */
  #perform(action) {
    switch (action.do) {
      case 'connect':
        return void this.#connect(action.after_ms);
      case 'join':
        return void this.#join(action.newPeer, action.resume);
      case 'restart_ice':
        return void this.#restartIce();
      case 'later': {
        const peer = this.peer;
        setTimeout(() => peer && this.peer === peer && this.#check(peer, action.event), action.after_ms);
      }
    }
  }

  /** A restart of a healthy connection may heal without any event. @param {Peer} peer @param {'ice_check' | 'restart_check'} event */
  #check(peer, event) {
    this.step({ type: 'ice', state: peer.connection.connectionState });
    this.step({ type: event });
  }

  /** @param {number} afterMs */
  async #connect(afterMs) {
    const attempt = ++this.attempt;
    const superseded = () => attempt !== this.attempt;
    this.socket?.close();
    this.socket = null;
    if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs));
    if (superseded()) return;
    try {
      await this.#fetchToken();
    } catch (error) {
      if (superseded()) return;
      if (error instanceof Refusal && error.problem.code !== 'E-LINK-4') return this.handlers.onRefused(error.problem);
      return this.step({ type: 'socket_closed' });
    }
    if (superseded()) return;
    await this.#lookAround();
    if (superseded()) return;
    // The first attempt is expected to succeed: its offer is made while the socket opens.
    const fresh = !this.resume || !keepsPeer(this.ladder, performance.now());
    this.opening = fresh && this.ladder.socketAttempt === 0 ? this.#openPeer() : null;
    this.opening?.catch(() => {});
    this.socket = openSocket(this.url, {
      onOpen: () => this.step({ type: 'socket_open' }),
      onMessage: (message) => this.#receive(message),
      onClosed: () => this.step({ type: 'socket_closed' }),
    }, () => this.#patienceMs());
  }

  /** With the way to the server. */
  #patienceMs() {
    return this.heard && performance.now() - this.heard.silence.atMs < LATELY_MS ? ANSWER_BESIDE_MEDIA_MS : ANSWER_MS;
  }

  /** To gather anew is in vain until this window is told of the new network: a PeerConnection in a new one does so at once. */
  async #lookAround() {
    const peer = this.peer;
    if (!peer || this.ladder.peer !== 'disconnected' || !isToldLate()) return;
    const surroundings = new Surroundings();
    const now = await surroundings.addresses().catch(() => new Set());
    const before = addressesIn(peer.connection.localDescription?.sdp ?? '');
    if (peer !== this.peer || this.ladder.peer !== 'disconnected' || !isElsewhere(before, now)) return surroundings.close();
    this.surroundings?.close();
    this.surroundings = surroundings;
    this.step({ type: 'elsewhere' });
  }

  async #fetchToken() {
    if (this.token && this.token.expiresMs - Date.now() > TOKEN_MARGIN_MS) return;
    // Who resumes is known by a secret, and any token serves: one way to the server less.
    const { resumeUntilMs } = this.ladder;
    if (this.resume && this.used && resumeUntilMs !== null && performance.now() < resumeUntilMs) return;
    // A request into a network that is gone would wait for as long as TCP does.
    const tooLate = new Promise((_, reject) => setTimeout(() => reject(new Error('no answer')), this.#patienceMs()));
    this.welcome(await Promise.race([this.exchange(), /** @type {Promise<never>} */ (tooLate)]));
  }

  /** The browser tells of many changes; only another kind of network is one. */
  #networkChanged() {
    const type = /** @type {{connection?: {type?: string}}} */ (navigator).connection?.type;
    if (type === this.network) return;
    this.network = type;
    this.step({ type: 'moved' });
  }

  /** @param {boolean} newPeer @param {boolean} resume */
  async #join(newPeer, resume) {
    const socket = this.socket;
    const fresh = newPeer || !this.resume;
    const offer = fresh ? await this.#firstOffer(socket) : null;
    if (socket !== this.socket) return;
    const from = resume && this.resume ? { ...this.resume, last_rev: fresh ? 0 : this.lastRev } : null;
    this.used = this.token?.token ?? this.used;
    this.token = null;
    socket?.send(joinMessage(this.used ?? '', this.gen, offer, from));
  }

  /** @param {Link['socket']} socket that it is for @returns {Promise<string | null>} null when something superseded it */
  async #firstOffer(socket) {
    const opening = this.opening ?? this.#openPeer();
    this.opening = null;
    return opening.catch((error) => {
      if (socket === this.socket) throw error;
      return null;
    });
  }

  /** @returns {Promise<string>} the offer of a new generation */
  async #openPeer() {
    this.peer?.close();
    this.gen += 1;
    const peer = this.spare ?? this.#makePeer();
    this.spare = null;
    this.peer = peer;
    this.handlers.onGeneration();
    await this.handlers.onPeer(peer);
    this.offersMade += 1;
    return peer.offer(false);
  }

  #makePeer() {
    const peer = new Peer(this.iceServers, (state) => {
      if (this.peer !== peer) return;
      this.step({ type: 'ice', state });
      if (state === 'failed' && this.ladder.peerAttempt > 0) this.handlers.onTrouble('E-NET-2');
    }, this.surroundings);
    this.surroundings = null;
    return peer;
  }

  async #restartIce() {
    const peer = this.peer;
    if (!peer) return;
    this.negId += 1;
    const { negId } = this;
    // An unanswered restart is rolled back by the browser's own rules when the next one is offered.
    const sdp = await peer.offer(true);
    this.offersMade += 1;
    if (peer === this.peer && this.ladder.socket === 'open') this.socket?.send(offerMessage(negId, sdp, true));
  }

  /** @param {ServerMessage} message */
  #receive(message) {
    this.told.atMs = performance.now();
    this.#take(message);
    this.handlers.onMessage(message);
  }

  /** @param {ServerMessage} message */
  #take(message) {
    switch (message.type) {
      case 'waiting':
        return this.#entered(message.resume, false);
      case 'joined':
        this.gen = Math.max(this.gen, message.gen);
        this.lastRev = message.rev;
        this.iceServers = message.ice_servers.map(iceServer);
        if (message.answer !== null) this.#accept(message.answer);
        return this.#entered(message.resume, true);
      case 'answer':
        if (message.neg_id === this.negId) this.#accept(message.sdp);
        this.answeredId = message.neg_id;
        return;
      case 'state':
        this.lastRev = message.rev;
        return;
      case 'renegotiate':
        return this.step(message);
      case 'reconnect':
        if (message.url) this.url = message.url;
        return this.step(message);
      case 'layers':
        return void this.peer?.encode(message.mid, message.active);
      case 'error':
        return this.#takeError(message);
      case 'bye':
        if (message.reason === 'draining') this.step({ type: 'reconnect', tier: 'server', after_ms: 1000 + Math.random() * 1000 });
    }
  }

  /** @param {import('../protocol/types.js').Resume} resume @param {boolean} media */
  #entered(resume, media) {
    this.resume = { id: resume.id, secret: resume.secret };
    this.step({ type: 'entered', media });
    this.handlers.onGeneration();
  }

  /** @param {string} sdp */
  #accept(sdp) {
    const peer = this.peer;
    peer?.accept(sdp).catch((error) => {
      console.warn('the answer was refused by the browser', error);
      if (peer === this.peer) this.step({ type: 'ice', state: 'failed' });
    });
  }

  /** @param {import('../protocol/types.js').ErrorMessage} error */
  #takeError(error) {
    switch (error.code) {
      case 'session_unknown':
        this.resume = null;
        // The token was spent on the join that failed.
        this.used = null;
        return void this.#fetchToken().then(() => this.step({ type: 'session_unknown' }), () => this.socket?.raw.close());
      case 'token_invalid':
      case 'token_expired':
        this.used = null;
        return;
      case 'stale_generation':
        // Another page of the same person is ahead: one more than any of ours wins.
        this.gen += 10;
        return this.socket?.raw.close();
      case 'media_unavailable':
      case 'internal':
        return this.ladder.entered ? undefined : this.socket?.raw.close();
    }
  }
}

/** @param {import('../protocol/types.js').IceServer} server @returns {RTCIceServer} */
function iceServer({ urls, username, credential }) {
  return username !== null && credential !== null ? { urls, username, credential } : { urls };
}
