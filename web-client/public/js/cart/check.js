/** The cart's own check: opens its devices one after the other and measures. Owns the open tracks and sound contexts until `stop`. */
import { measureLink } from '../session/link-check.js';
import { deviceProblem, openCamera, openMicrophone } from '../rtc/devices.js';
import { TONE_HZ, TONE_MS, playTone, startMeter } from '../rtc/meter.js';
import { hasPicture, judgeEcho, judgeNetwork, pitchDb } from './check-rules.js';

/** @typedef {import('./check-rules.js').CheckEvent} CheckEvent */
/** @typedef {{camera: MediaStream | null, microphone: MediaStreamTrack | null}} Devices */

const PICTURE_MS = 5_000;
const SPEECH_MS = 15_000;
/** A voice in the room, and not one click of a switch. */
const SPEECH_LEVEL = 20;
const SPEECH_TIMES = 4;
/** An echo canceller learns from the first tones. */
const TONES = 3;
const LOOK_MS = 50;

export class CartCheck {
  #isStopped = false;
  #left = new AbortController();
  #beforeDb = -Infinity;
  #duringDb = -Infinity;
  /** @type {MediaStreamTrack[]} */ #tracks = [];

  /** @param {(event: CheckEvent) => void} onEvent @param {(devices: Devices) => void} onDevices */
  constructor(onEvent, onDevices) {
    this.onEvent = onEvent;
    this.onDevices = onDevices;
    /** @type {Devices} */
    this.devices = { camera: null, microphone: null };
  }

  /** As far as nobody has to listen; then `play` and `heard` go on. */
  async run() {
    this.onEvent({ type: 'started' });
    await this.#camera();
    await this.#microphone();
    if (this.#isStopped) return;
    await this.#network();
    await this.play();
  }

  /** Plays the test tones and listens whether the microphone hears them. */
  async play() {
    const { microphone } = this.devices;
    const listening = microphone && listenForTone(microphone);
    try {
      if (listening) await pause(400);
      this.#beforeDb = listening ? listening.loudest() : -Infinity;
      for (let tone = 0; tone < TONES && !this.#isStopped; tone++) {
        listening?.loudest();
        await playTone(undefined);
        await pause(TONE_MS);
      }
      this.#duringDb = listening ? listening.loudest() : -Infinity;
    } catch {
      // No way to make a sound: the person will say that she heard none.
    } finally {
      listening?.stop();
    }
  }

  /** @param {boolean} heard what the person beside the cart says of the tones */
  heard(heard) {
    this.#found('speaker', heard ? { result: 'ok', why: null } : { result: 'failed', why: 'speaker_silent' });
    const isMeasured = heard && this.devices.microphone !== null;
    this.#found('echo', isMeasured ? judgeEcho(this.#beforeDb, this.#duringDb) : { result: 'skipped', why: null });
    this.#release();
  }

  stop() {
    this.#isStopped = true;
    this.#left.abort();
    this.#release();
  }

  async #camera() {
    try {
      const track = await this.#hold(openCamera(undefined));
      this.#show({ camera: new MediaStream([track]) });
      this.#found('camera', (await seesPicture(track)) ? { result: 'ok', why: null } : { result: 'failed', why: 'camera_dark' });
    } catch (error) {
      this.#found('camera', { result: 'failed', why: deviceProblem('camera', error) });
    }
  }

  async #microphone() {
    if (this.#isStopped) return;
    try {
      const track = await this.#hold(openMicrophone(undefined));
      this.#show({ microphone: track });
      this.#found('microphone', (await hearsSpeech(track)) ? { result: 'ok', why: null } : { result: 'failed', why: 'microphone_silent' });
    } catch (error) {
      this.#found('microphone', { result: 'failed', why: deviceProblem('microphone', error) });
    }
  }

  async #network() {
    if (this.#isStopped) return;
    try {
      const means = { token: async () => null, microphone: this.devices.microphone ?? undefined };
      const first = judgeNetwork(await measureLink(means, this.#left.signal));
      // A moment's jam is not the network, and a desk is alarmed by what is said here.
      this.#found('network', first.result === 'ok' ? first : judgeNetwork(await measureLink(means, this.#left.signal)));
    } catch {
      // Held off: of the network nothing is known.
      this.#found('network', { result: 'skipped', why: null });
    }
  }

  /** @param {Promise<MediaStreamTrack>} opening */
  async #hold(opening) {
    const track = await opening;
    this.#tracks.push(track);
    // Left while the browser was asking: nothing may stay open.
    if (this.#isStopped) track.stop();
    return track;
  }

  /** @param {Partial<Devices>} devices */
  #show(devices) {
    this.devices = { ...this.devices, ...devices };
    if (!this.#isStopped) this.onDevices(this.devices);
  }

  /** @param {import('./check-rules.js').Part} part @param {{result: import('./check-rules.js').Result, why: string | null}} finding */
  #found(part, { result, why }) {
    if (!this.#isStopped) this.onEvent({ type: 'found', part, result, why });
  }

  #release() {
    for (const track of this.#tracks) track.stop();
    this.#tracks = [];
    this.#show({ camera: null, microphone: null });
  }
}

/** @param {MediaStreamTrack} track @returns {Promise<boolean>} */
async function seesPicture(track) {
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = new MediaStream([track]);
  await video.play();
  const canvas = document.createElement('canvas');
  canvas.width = 64;
  canvas.height = 36;
  const drawing = canvas.getContext('2d', { willReadFrequently: true });
  return within(PICTURE_MS, 200, () => {
    drawing?.drawImage(video, 0, 0, canvas.width, canvas.height);
    return drawing !== null && hasPicture(drawing.getImageData(0, 0, canvas.width, canvas.height).data);
  });
}

/** @param {MediaStreamTrack} track @returns {Promise<boolean>} */
async function hearsSpeech(track) {
  let times = 0;
  const meter = startMeter(track, (level) => {
    if (level >= SPEECH_LEVEL) times += 1;
  });
  const heard = await within(SPEECH_MS, 100, () => times >= SPEECH_TIMES || track.readyState === 'ended');
  meter.stop();
  return heard && times >= SPEECH_TIMES;
}

/** How loud the test tone's pitch is in the room. @param {MediaStreamTrack} track @returns {{loudest: () => number, stop: () => void}} `loudest` since it was last asked */
function listenForTone(track) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 4096;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let loudest = -Infinity;
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    loudest = Math.max(loudest, pitchDb(samples, context.sampleRate, TONE_HZ));
  }, LOOK_MS);
  return {
    loudest() {
      const value = loudest;
      loudest = -Infinity;
      return value;
    },
    stop() {
      clearInterval(timer);
      void context.close();
    },
  };
}

/** @param {number} mostMs @param {number} everyMs @param {() => boolean} holds @returns {Promise<boolean>} */
async function within(mostMs, everyMs, holds) {
  const deadline = performance.now() + mostMs;
  while (!holds()) {
    if (performance.now() > deadline) return false;
    await pause(everyMs);
  }
  return true;
}

/** @param {number} ms @returns {Promise<void>} */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
