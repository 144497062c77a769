/**
 * Tells when the server's data changed, so that nobody polls: one WebSocket, opened again whenever it is lost. Owns the socket and who
 * listens; carries no data, a listener reads anew what it shows.
 */
import { reconnectDelayMs, readNotice } from './live-rules.js';

/** @typedef {'connecting' | 'connected' | 'lost'} LiveState */
/** @typedef {{topics: readonly string[], onChange: () => void}} Listener */

/** Several changes within this time are one reading; drawn at random so that a clinic's screens do not all ask at once. */
const GATHER_MS = 250;

export class Live {
  /** @type {Set<Listener>} */ #listeners = new Set();
  /** @type {Set<(state: LiveState) => void>} */ #watchers = new Set();
  /** @type {WebSocket | null} */ #socket = null;
  #attempt = 0;
  #wasConnected = false;
  #isStopped = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {LiveState} */ state = 'connecting';

  start() {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    window.addEventListener('online', this.#atOnce);
    document.addEventListener('visibilitychange', this.#onVisible);
    this.#connect();
  }

  stop() {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    window.removeEventListener('online', this.#atOnce);
    document.removeEventListener('visibilitychange', this.#onVisible);
    this.#socket?.close();
    this.#socket = null;
    this.#wasConnected = false;
    this.#say('connecting');
  }

  /** `onChange` is called when something of `topics` changed, or may have. @param {readonly string[]} topics @param {() => void} onChange @returns {() => void} */
  listen(topics, onChange) {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let gathering;
    const listener = {
      topics,
      onChange: () => {
        gathering ??= setTimeout(() => {
          gathering = undefined;
          onChange();
        }, Math.random() * GATHER_MS);
      },
    };
    this.#listeners.add(listener);
    return () => {
      clearTimeout(gathering);
      this.#listeners.delete(listener);
    };
  }

  /** @param {(state: LiveState) => void} watcher @returns {() => void} */
  watch(watcher) {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** This page itself has changed something: it shows it at once, also while the socket is lost. */
  touch() {
    this.#tell(null);
  }

  #connect() {
    clearTimeout(this.#timer);
    const { protocol, host } = location;
    const socket = new WebSocket(`${protocol === 'https:' ? 'wss' : 'ws'}://${host}/api/v1/live`);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      if (this.#socket !== socket) return;
      this.#attempt = 0;
      this.#say('connected');
      // What changed while nobody told us is unknown: everything is read anew.
      if (this.#wasConnected) this.#tell(null);
      this.#wasConnected = true;
    });
    socket.addEventListener('message', (event) => {
      if (this.#socket === socket) this.#tell(readNotice(String(event.data)));
    });
    socket.addEventListener('close', () => {
      if (this.#socket !== socket || this.#isStopped) return;
      this.#say('lost');
      this.#timer = setTimeout(() => this.#connect(), reconnectDelayMs(this.#attempt++, Math.random()));
    });
  }

  /** @param {string[] | null} topics null: everything */
  #tell(topics) {
    for (const listener of this.#listeners) {
      if (topics === null || listener.topics.some((topic) => topics.includes(topic))) listener.onChange();
    }
  }

  /** @param {LiveState} state */
  #say(state) {
    this.state = state;
    for (const watcher of this.#watchers) watcher(state);
  }

  /** The network is back: a socket of before may be dead without knowing it. */
  #atOnce = () => {
    if (this.#isStopped) return;
    const old = this.#socket;
    this.#socket = null;
    old?.close();
    this.#connect();
  };

  #onVisible = () => {
    if (document.visibilityState === 'visible' && this.state === 'lost') this.#atOnce();
  };
}
