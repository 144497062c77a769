/**
 * What this person sends: opens and closes local devices, follows unplugging, and puts tracks on the PeerConnection's sections.
 * Owns every local MediaStreamTrack; says what it did through the store and `onTrack`.
 */
import * as devices from '../rtc/devices.js';

/** @typedef {import('../protocol/types.js').Source} Source */
/** @typedef {import('../state/store.js').Store<import('../state/reducer.js').State, import('../state/reducer.js').AppEvent>} AppStore */
/** @typedef {import('../rtc/peer.js').Section} Section */

/** @type {Record<Source, Section>} */
const SECTION = { microphone: 'microphone', camera: 'camera', exam: 'detail', screen: 'detail', stethoscope: 'instrument' };
/** @type {Record<Source, string>} what to say when a running source ends by itself; a screen share just ends */
const UNPLUGGED = { microphone: 'E-MIC-4', camera: 'E-CAM-4', exam: 'E-SCR-2', screen: '', stethoscope: 'E-SCR-3' };

export class LocalMedia {
  /** @param {AppStore} store @param {(section: Section, track: MediaStreamTrack | null) => Promise<void> | void} onTrack */
  constructor(store, onTrack) {
    this.store = store;
    this.onTrack = onTrack;
    /** @type {Map<Source, MediaStreamTrack>} */
    this.tracks = new Map();
    /** @type {Map<MediaStreamTrack, MediaStream>} */
    this.previews = new Map();
    /** The microphone was on when the stethoscope took over. */
    this.unmuteAfterStethoscope = false;
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.#devicesChanged());
  }

  /** Opens microphone and camera, asking once for both where the browser can. @param {{camera: boolean}} wish */
  async start(wish) {
    if (!wish.camera || !(await this.#openTogether())) {
      await this.open('microphone');
      if (wish.camera) await this.open('camera');
    }
    await this.refreshDevices();
  }

  /** @param {Source} source @returns {Promise<boolean>} false = said in words why not */
  async open(source) {
    try {
      await this.#hold(source, await this.#openTrack(source));
      return true;
    } catch (error) {
      if (this.tracks.get(source)?.readyState === 'ended') await this.close(source);
      this.#explain(source, error);
      return false;
    }
  }

  /** @param {Source} source */
  async close(source) {
    const track = this.tracks.get(source);
    this.tracks.delete(source);
    if (track) {
      this.previews.delete(track);
      track.stop();
      await this.onTrack(SECTION[source], null);
    }
    this.store.dispatch({ type: 'source', source, change: { held: false } });
  }

  /** @param {boolean} muted */
  muteMicrophone(muted) {
    const track = this.tracks.get('microphone');
    if (track) track.enabled = !muted;
    this.store.dispatch({ type: 'source', source: 'microphone', change: { muted } });
    if (!muted) this.store.dispatch({ type: 'dismiss', code: 'E-DEV-2' });
  }

  /** The talk microphone would be heard in the stethoscope's place. */
  async toggleStethoscope() {
    const { microphone, stethoscope } = this.store.state().sources;
    if (stethoscope.held) {
      await this.close('stethoscope');
      if (this.unmuteAfterStethoscope) this.muteMicrophone(false);
      return;
    }
    this.unmuteAfterStethoscope = microphone.held && !microphone.muted;
    if ((await this.open('stethoscope')) && this.unmuteAfterStethoscope) this.muteMicrophone(true);
  }

  /** Exam camera and screen share one section: the newer one stays. @param {'exam' | 'screen'} source */
  async toggleDetail(source) {
    if (this.tracks.has(source)) return this.close(source);
    const other = source === 'exam' ? 'screen' : 'exam';
    if ((await this.open(source)) && this.tracks.has(other)) {
      this.tracks.get(other)?.stop();
      this.tracks.delete(other);
      this.store.dispatch({ type: 'source', source: other, change: { held: false } });
    }
  }

  async switchCamera() {
    const { devices: known, chosen } = this.store.state();
    const current = this.tracks.get('camera')?.getSettings().deviceId ?? chosen.camera;
    const at = known.cameras.findIndex((camera) => camera.id === current);
    const next = known.cameras[(at + 1) % Math.max(1, known.cameras.length)];
    if (next) await this.choose('camera', next.id);
  }

  /** @param {'camera' | 'microphone' | 'exam' | 'stethoscope'} use @param {string} id */
  async choose(use, id) {
    this.store.dispatch({ type: 'chosen', use, id });
    const instrument = use === 'exam' || use === 'stethoscope';
    if (!instrument || this.tracks.has(use)) await this.open(use);
  }

  async refreshDevices() {
    this.store.dispatch({ type: 'devices', devices: await devices.listDevices() });
  }

  /** @param {Source} source @returns {MediaStream | null} */
  preview(source) {
    const track = this.tracks.get(source);
    if (!track) return null;
    const stream = this.previews.get(track) ?? new MediaStream([track]);
    this.previews.set(track, stream);
    return stream;
  }

  /** @param {import('../rtc/peer.js').Peer} peer puts everything that is open on a new PeerConnection */
  async attach(peer) {
    await Promise.all([...this.tracks].map(([source, track]) => peer.put(SECTION[source], track)));
  }

  stop() {
    for (const track of this.tracks.values()) track.stop();
    this.tracks.clear();
    this.previews.clear();
  }

  /** One question to the person instead of two. @returns {Promise<boolean>} false = ask for each, so that each failure has its own words */
  async #openTogether() {
    try {
      const { microphone, camera } = await devices.openTogether(this.store.state().chosen);
      await Promise.all([this.#hold('microphone', microphone), this.#hold('camera', camera)]);
      return true;
    } catch {
      return false;
    }
  }

  /** @param {Source} source @returns {Promise<MediaStreamTrack>} */
  async #openTrack(source) {
    const { chosen } = this.store.state();
    switch (source) {
      case 'microphone':
        return devices.openMicrophone(chosen.microphone);
      case 'camera':
        // Many phones open one camera at a time.
        this.tracks.get('camera')?.stop();
        return devices.openCamera(chosen.camera);
      case 'exam':
        return devices.openExam(this.#instrument('exam'));
      case 'stethoscope':
        return devices.openStethoscope(this.#instrument('stethoscope'));
      case 'screen':
        return devices.openScreen();
    }
  }

  /** The chosen device, or the first that the talk devices do not use. @param {'exam' | 'stethoscope'} use */
  #instrument(use) {
    const { chosen, devices: known } = this.store.state();
    const talk = this.tracks.get(use === 'exam' ? 'camera' : 'microphone')?.getSettings().deviceId;
    const candidates = (use === 'exam' ? known.cameras : known.microphones).filter((device) => device.id !== 'default' && device.id !== talk);
    const id = chosen[use] ?? candidates[0]?.id;
    if (!id) throw new DOMException('no such instrument', 'NotFoundError');
    return id;
  }

  /** @param {Source} source @param {MediaStreamTrack} track */
  async #hold(source, track) {
    const { sources } = this.store.state();
    const before = this.tracks.get(source);
    track.contentHint = { microphone: 'speech', camera: 'motion', exam: 'detail', screen: 'detail', stethoscope: 'music' }[source];
    track.enabled = source !== 'microphone' || !sources.microphone.muted;
    track.addEventListener('ended', () => void this.#ended(source, track));
    track.addEventListener('mute', () => this.#interrupted(source, track, true));
    track.addEventListener('unmute', () => this.#interrupted(source, track, false));
    this.tracks.set(source, track);
    await this.onTrack(SECTION[source], track);
    if (before) {
      before.stop();
      this.previews.delete(before);
    }
    this.store.dispatch({ type: 'source', source, change: { held: true } });
    this.#forgive(source);
  }

  /** @param {Source} source @param {MediaStreamTrack} track */
  async #ended(source, track) {
    if (this.tracks.get(source) !== track) return;
    await this.close(source);
    const code = UNPLUGGED[source];
    if (code) this.store.dispatch({ type: 'notice', problem: { code } });
  }

  /** A phone call or the system took the device for a while; it comes back by itself. @param {Source} source @param {MediaStreamTrack} track @param {boolean} gone */
  #interrupted(source, track, gone) {
    if (this.tracks.get(source) !== track || (source !== 'microphone' && source !== 'camera')) return;
    const code = source === 'microphone' ? 'E-MIC-6' : 'E-CAM-6';
    this.store.dispatch(gone ? { type: 'notice', problem: { code } } : { type: 'dismiss', code });
  }

  async #devicesChanged() {
    await this.refreshDevices();
    const { notices, devices: known } = this.store.state();
    const lost = (/** @type {string} */ code) => notices.some((notice) => notice.code === code);
    if (lost('E-MIC-4') && known.microphones.length > 0) await this.open('microphone');
    if (lost('E-CAM-4') && known.cameras.length > 0) await this.open('camera');
  }

  /** @param {Source} source @param {unknown} error */
  #explain(source, error) {
    const dismissed = error instanceof DOMException && error.name === 'NotAllowedError';
    if (source === 'screen') {
      if (!dismissed) this.store.dispatch({ type: 'notice', problem: { code: 'E-SCR-1' } });
      return;
    }
    const code = source === 'exam' ? 'E-SCR-2' : source === 'stethoscope' ? 'E-SCR-3' : devices.deviceProblem(source, error);
    this.#forgive(source);
    this.store.dispatch({ type: 'notice', problem: { code } });
    if (code === 'E-SCR-2' || code === 'E-SCR-3') this.store.dispatch({ type: 'panel', panel: 'devices' });
  }

  /** What was said about this source is no longer true. @param {Source} source */
  #forgive(source) {
    const prefix = { microphone: 'E-MIC', camera: 'E-CAM', exam: 'E-SCR-2', screen: 'E-SCR-1', stethoscope: 'E-SCR-3' }[source];
    for (const notice of this.store.state().notices) {
      if (notice.code.startsWith(prefix) || notice.code === 'E-DEV-1') this.store.dispatch({ type: 'dismiss', code: notice.code });
    }
  }
}
