/**
 * The visit as one thing: what the page can do (`join`, `leave`, `toggleMicrophone` …), from the door to the devices and into the room.
 * Drives the guest's way, media and the line; decides nothing that the pure modules can decide.
 */
import { Api } from '../desk/api.js';
import { initialState, reduce } from '../state/reducer.js';
import { createStore } from '../state/store.js';
import { loadLanguage, pageLanguage, storeLanguage } from '../i18n/index.js';
import { keepAwake } from './awake.js';
import { exchange, readEntrance, Refusal, refusalOf } from './entrance.js';
import { LocalMedia } from './media.js';
import { recall, remember } from './memory.js';
import { Way } from './way.js';

/** @typedef {import('../state/reducer.js').State} State */

/** Doors whose key goes with each request; the others have their cookie, or their own way in. */
const BEARERS = ['link', 'offer'];
/** A check takes six seconds. */
const TOKEN_MARGIN_MS = 15_000;

export class Session {
  /** @type {import('./line.js').Line | null} */ line = null;
  /** @type {Promise<import('./line.js').Line> | null} */ #fetching = null;
  /** @type {import('./entrance.js').Welcome | null} */ #welcome = null;
  /** @type {Promise<import('./case.js').Case> | null} */ #case = null;

  constructor() {
    /** @type {import('./entrance.js').Entrance | null} */
    this.entrance = readEntrance(location.hash);
    this.memory = recall(location.hash);
    this.store = createStore(reduce, initialState(pageLanguage()));
    this.store.dispatch({ type: 'door', door: this.entrance?.kind ?? null });
    this.api = new Api(pageLanguage(), undefined, this.entrance && BEARERS.includes(this.entrance.kind) ? this.entrance.secret : null);
    this.way = new Way(this.api, this.store, () => this.#open());
    this.media = new LocalMedia(this.store, (section, track) => this.line?.link.peer?.put(section, track));
  }

  /** Opens the page: a guest's way first, then the device check, or straight back to the call after a reload. */
  async start() {
    if (!this.entrance) return this.#fail({ code: 'E-LINK-1' });
    // Its page reads what it shows by itself: there is no visit yet.
    if (this.entrance.kind === 'offer') return;
    if (this.entrance.kind !== 'link') return this.#open();
    // Back after a reload the visit is only looked at for what the waiting room says of it.
    if (this.memory.inVisit) return Promise.all([this.#open(), this.way.read().catch(() => {})]);
    try {
      const visit = await this.way.read();
      await this.#useLanguage(pageLanguage(visit.language));
      this.store.dispatch({ type: 'phase', phase: 'way' });
    } catch (error) {
      this.#fail(problemOf(error));
    }
  }

  /** The offered time was taken: from then on the same link opens its visit. */
  async openBooked() {
    if (!this.entrance) return;
    this.entrance = { kind: /** @type {const} */ ('link'), secret: this.entrance.secret };
    this.store.dispatch({ type: 'door', door: 'link' });
    await this.start();
  }

  /** Past the door, to the devices. */
  async #open() {
    if (typeof RTCPeerConnection === 'undefined') return this.#fail({ code: 'E-NET-5' });
    try {
      const welcome = await this.#exchange();
      this.#welcome = welcome;
      await this.#useLanguage(pageLanguage(welcome.language));
      this.store.dispatch({ type: 'invited', role: welcome.role, name: welcome.name, roomTitle: welcome.roomTitle });
    } catch (error) {
      // Back after a reload while the server is away: the link keeps trying.
      if (error instanceof Refusal || !this.memory.inVisit) return this.#fail(problemOf(error));
    }
    await this.#prepare();
  }

  /** For the check of the link, which does not spend it. @returns {Promise<string>} */
  async linkToken() {
    if (!this.#welcome || this.#welcome.expiresMs - Date.now() < TOKEN_MARGIN_MS) this.#welcome = await this.#exchange();
    return this.#welcome.token;
  }

  async #exchange() {
    if (!this.entrance) throw new Refusal('E-LINK-1');
    return exchange(this.entrance, this.api);
  }

  async #prepare() {
    for (const [use, id] of Object.entries(this.memory.chosen)) {
      this.store.dispatch({ type: 'chosen', use: /** @type {keyof State['chosen']} */ (use), id });
    }
    this.store.dispatch({ type: 'source', source: 'microphone', change: { muted: this.memory.microphoneMuted } });
    if (!this.memory.inVisit) return this.prepareDevices();
    this.store.dispatch({ type: 'phase', phase: 'entering' });
    await Promise.all([this.#dial(0), this.media.start({ camera: !this.memory.cameraOff })]);
  }

  /** Opens camera and microphone for the device check; again after a failure. */
  async prepareDevices() {
    this.store.dispatch({ type: 'preparing', preparing: true });
    this.store.dispatch({ type: 'phase', phase: 'device_check' });
    await this.media.start({ camera: true });
    this.store.dispatch({ type: 'preparing', preparing: false });
    void this.#fetchLine().then((line) => line.link.prepare(), () => {});
  }

  /** @param {{camera: boolean}} wish */
  async join(wish) {
    const clickedAtMs = performance.now();
    this.store.dispatch({ type: 'phase', phase: 'entering' });
    if (!wish.camera) await this.media.close('camera');
    this.#remember({ inVisit: true, cameraOff: !this.store.state().sources.camera.held });
    await this.#dial(clickedAtMs);
  }

  /** @param {number} sinceMs from when on the person waits for a picture */
  async #dial(sinceMs) {
    const line = await this.#fetchLine().catch(() => this.#fail({ code: 'E-NET-1' }));
    line?.awaitFrame(sinceMs);
    line?.link.start();
  }

  /** @returns {Promise<import('./line.js').Line>} */
  #fetchLine() {
    this.#fetching ??= import('./line.js').then(({ Line }) => {
      const line = new Line(this.store, this.media, () => this.#exchange(), this.memory, {
        onFailed: (problem) => this.#fail(problem),
        onEnded: (reason) => this.#end(reason),
        onGeneration: () => this.#remember(),
      });
      if (this.#welcome) line.link.welcome(this.#welcome);
      line.sound.choose(this.store.state().chosen.speaker ?? '');
      this.line = line;
      return line;
    });
    return this.#fetching.catch((error) => {
      this.#fetching = null;
      throw error;
    });
  }

  /** The appointment behind the call, for who is signed in; null: there is none. @returns {Promise<import('./case.js').Case> | null} */
  openCase() {
    const entrance = this.entrance;
    if (entrance?.kind !== 'appointment') return null;
    this.#case ??= import('./case.js').then(({ Case }) => {
      const opened = new Case(this.api, entrance.secret, this.store.state().invited?.role === 'specialist', () => this.#endedElsewhere());
      void opened.start();
      return opened;
    });
    return this.#case;
  }

  /** The appointment is over: the room should have said so. */
  #endedElsewhere() {
    if (this.store.state().phase === 'left') return;
    this.line?.leave();
    this.#end('ended');
  }

  /** From the last page back into the visit, with the devices as they were. */
  async rejoin() {
    const { sources } = this.store.state();
    await this.join({ camera: true });
    if (!this.media.tracks.size) await this.media.start({ camera: sources.camera.used });
  }

  leave() {
    this.line?.leave();
    this.#end('left');
  }

  retry() {
    if (this.store.state().failure?.code === 'E-NET-1') return location.reload();
    if (this.memory.inVisit) return void this.rejoin();
    location.reload();
  }

  reconnectNow() {
    this.line?.link.step({ type: 'retry_now' });
  }

  /** @param {import('../i18n/index.js').Language} language */
  async speak(language) {
    storeLanguage(language);
    await this.#useLanguage(language);
    // What is agreed to is read in the language that is recorded with the answer.
    if (this.store.state().way) await this.way.refresh();
  }

  /** @param {import('../i18n/index.js').Language} language */
  async #useLanguage(language) {
    this.api.language = language;
    await loadLanguage(language);
    this.store.dispatch({ type: 'language', language });
  }

  async toggleMicrophone() {
    const { held, muted } = this.store.state().sources.microphone;
    if (held) this.media.muteMicrophone(!muted);
    else if (await this.media.open('microphone')) this.media.muteMicrophone(false);
    this.line?.wishes.send();
    this.#remember();
  }

  async toggleCamera() {
    if (this.store.state().sources.camera.held) await this.media.close('camera');
    else await this.media.open('camera');
    this.line?.wishes.send();
    this.#remember({ cameraOff: !this.store.state().sources.camera.held });
  }

  /** @param {import('../state/reducer.js').DeviceUse} use @param {string} id */
  async choose(use, id) {
    if (use === 'speaker') {
      this.store.dispatch({ type: 'chosen', use, id });
      this.line?.sound.choose(id);
    } else {
      await this.media.choose(use, id);
    }
    this.#remember();
  }

  /** The link opens nothing, or nobody answers. @param {unknown} error */
  refuse(error) {
    this.#fail(problemOf(refusalOf(this.entrance?.kind ?? 'link', error)));
  }

  /** In which language the page begins. @param {import('../i18n/index.js').Language} language */
  async speakFirst(language) {
    await this.#useLanguage(language);
  }

  /** @param {import('../state/reducer.js').Problem} problem */
  #fail(problem) {
    this.line?.link.stop();
    this.store.dispatch({ type: 'failed', problem });
  }

  /** @param {string} reason */
  #end(reason) {
    this.line?.stop();
    this.media.stop();
    keepAwake(false);
    this.store.dispatch({ type: 'left', reason });
    this.memory = { ...this.memory, inVisit: false, resume: null };
    remember(this.memory);
  }

  /** @param {Partial<import('./memory.js').Memory>} [change] */
  #remember(change = {}) {
    const { sources, chosen } = this.store.state();
    const { gen, resume } = this.line?.link ?? this.memory;
    this.memory = { ...this.memory, gen, resume, microphoneMuted: sources.microphone.muted, chosen, ...change };
    remember(this.memory);
  }
}

/** @param {unknown} error @returns {import('../state/reducer.js').Problem} */
function problemOf(error) {
  return error instanceof Refusal ? error.problem : { code: 'E-NET-1' };
}
