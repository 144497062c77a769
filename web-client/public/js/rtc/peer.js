/**
 * One RTCPeerConnection with the 17 fixed sections of signaling/PROTOCOL.md "Slots". One offer opens it; afterwards only an ICE restart makes
 * another. Sources come and go by `replaceTrack`. Owns the connection and its transceivers; knows neither socket nor state.
 */
import { pictureSent } from './stats.js';
import { ANY_ROOM, encodingsOf } from '../state/bandwidth.js';
import { OFFERED } from '../state/largest.js';
import { settled } from '../state/lips.js';
import { USUAL_PACKET_MS } from '../state/speech.js';
import { offeredCodecs } from './codecs.js';
import { withAudioRepair, withPackets, withPausedLayers, withRedundancy } from './sdp.js';

/** @typedef {import('../state/intent.js').Mids} Mids */
/** @typedef {import('./surroundings.js').Surroundings} Surroundings */
/** @typedef {'microphone' | 'camera' | 'detail' | 'instrument'} Section */

const LISTENING_SLOTS = 6;
const VIEWING_SLOTS = 7;

/** Simulcast from the smallest up; the server names layers by rid. @type {RTCRtpEncodingParameters[]} */
const CAMERA_LAYERS = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_700_000 },
];
/** @type {RTCRtpEncodingParameters[]} */
const DETAIL_LAYER = [{ maxBitrate: 2_500_000 }];
/** Speech leaves first, whatever else is sent. @type {RTCRtpEncodingParameters[]} */
const SPEECH_LAYER = [{ priority: 'high', networkPriority: 'high' }];
/** A bit rate that Chromium is given while it sends copies is taken for more than the speech: 16 kbit/s leave Opus 8. */
const COPIES_BPS = 8_000;
/** Heart sounds lie where speech coding cuts, so the instrument gets room (shared/spec/clients.md). @type {RTCRtpEncodingParameters[]} */
const INSTRUMENT_LAYER = [{ maxBitrate: 128_000, priority: 'high', networkPriority: 'high' }];

export class Peer {
  /** @param {RTCIceServer[]} iceServers @param {(state: RTCPeerConnectionState) => void} onState @param {Surroundings | null} [surroundings] null: this window */
  constructor(iceServers, onState, surroundings = null) {
    this.surroundings = surroundings;
    const { RTCPeerConnection } = surroundings?.window ?? window;
    this.connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers });
    /** @type {Record<Section, RTCRtpTransceiver>} */
    this.sending = {
      microphone: this.#add('audio', 'sendonly', SPEECH_LAYER),
      camera: this.#add('video', 'sendonly', CAMERA_LAYERS),
      detail: this.#add('video', 'sendonly', DETAIL_LAYER),
      instrument: this.#add('audio', 'sendonly', INSTRUMENT_LAYER),
    };
    this.listening = Array.from({ length: LISTENING_SLOTS }, () => this.#add('audio', 'recvonly'));
    this.viewing = Array.from({ length: VIEWING_SLOTS }, () => this.#add('video', 'recvonly'));
    /** One stream per receiving transceiver, made once: an element's source never changes. @type {Map<RTCRtpTransceiver, MediaStream>} */
    this.streams = new Map([...this.listening, ...this.viewing].map((slot) => [slot, new MediaStream([slot.receiver.track])]));
    /** Parameters are read, changed and written in one turn, one sender at a time. */
    this.parameterQueue = Promise.resolve();
    /** What the server asked for, by mid, and what the uplink carries. @type {Map<string, string[]>} */
    this.wanted = new Map();
    /** @type {import('../protocol/types.js').Rung} */
    this.rung = 'full';
    this.room = ANY_ROOM;
    /** @type {import('../state/largest.js').Largest} */
    this.largest = OFFERED;
    /** Descriptions are exchanged one after the other. @type {Promise<unknown>} */
    this.negotiation = Promise.resolve();
    /** The server's last. */
    this.answer = '';
    /** How speech is sent, as last written. */
    this.microphoneBitrate = 0;
    this.isRedundant = false;
    this.packetMs = USUAL_PACKET_MS;
    this.isWhole = false;
    this.connection.addEventListener('connectionstatechange', () => onState(this.connection.connectionState));
  }

  /** @param {'audio' | 'video'} kind @param {RTCRtpTransceiverDirection} direction @param {RTCRtpEncodingParameters[]} [sendEncodings] */
  #add(kind, direction, sendEncodings) {
    const transceiver = this.connection.addTransceiver(kind, sendEncodings ? { direction, sendEncodings } : { direction });
    const codecs = offeredCodecs(kind, RTCRtpReceiver.getCapabilities?.(kind)?.codecs ?? []);
    try {
      if (codecs.length > 0) transceiver.setCodecPreferences?.(codecs);
    } catch {
      // A browser that refuses the list offers everything it has: larger, and still answered.
    }
    return transceiver;
  }

  /** @param {boolean} iceRestart @returns {Promise<string>} the SDP to send; candidates are not waited for, the server learns them */
  offer(iceRestart) {
    return this.#inTurn(async () => {
      const { sdp = '' } = await this.connection.createOffer({ iceRestart });
      // A browser that takes no other words than its own still offers those.
      await this.connection.setLocalDescription({ type: 'offer', sdp: withAudioRepair(sdp) }).catch(() => this.connection.setLocalDescription({ type: 'offer', sdp }));
      return this.connection.localDescription?.sdp ?? '';
    });
  }

  /** @param {string} sdp */
  async accept(sdp) {
    if (this.connection.signalingState !== 'have-local-offer') return;
    await this.#read(this.#spoken(sdp));
    this.answer = sdp;
  }

  /** @param {string} answer sends what is sent now, and no more */
  async #read(answer) {
    const { encodings = [] } = this.sending.camera.sender.getParameters();
    await this.connection.setRemoteDescription({ type: 'answer', sdp: withPausedLayers(answer, encodings) });
  }

  /** @template T @param {() => Promise<T>} step @returns {Promise<T>} */
  #inTurn(step) {
    const done = this.negotiation.then(step);
    this.negotiation = done.catch(() => {});
    return done;
  }

  /** @returns {Mids} valid once the offer was made */
  mids() {
    const { microphone, camera, detail, instrument } = this.sending;
    return {
      microphone: microphone.mid,
      camera: camera.mid,
      detail: detail.mid,
      instrument: instrument.mid,
      video: this.viewing.flatMap((slot) => slot.mid ?? []),
    };
  }

  /** @param {Section} section @param {MediaStreamTrack | null} track */
  async put(section, track) {
    await this.sending[section].sender.replaceTrack(track);
  }

  /** Of everything that came so far, reports included. */
  async receivedBytes() {
    const entries = [...(await this.sending.microphone.sender.getStats()).values()];
    const bytes = (/** @type {string} */ type) => entries.filter((entry) => entry.type === type).reduce((sum, entry) => sum + (entry.bytesReceived ?? 0), 0);
    return bytes('transport') || bytes('candidate-pair');
  }

  /** @param {string} mid @returns {MediaStream | null} */
  viewed(mid) {
    const slot = this.viewing.find((transceiver) => transceiver.mid === mid);
    return slot ? (this.streams.get(slot) ?? null) : null;
  }

  /** @returns {MediaStream[]} one per listening slot */
  heard() {
    return this.listening.flatMap((slot) => this.streams.get(slot) ?? []);
  }

  /**
   * Encodes only what somebody watches. A section without rids names its single layer by being non-empty.
   * @param {string} mid @param {string[]} active rids
   */
  async encode(mid, active) {
    this.wanted.set(mid, active);
    await this.#encodeAll();
  }

  /** Somebody displays a picture of this person's, as far as the server has said. */
  isWatched() {
    return [this.sending.camera, this.sending.detail].some(({ mid, sender }) => sender.track !== null && (this.wanted.get(mid ?? '') ?? ['all']).length > 0);
  }

  /**
   * Sends no more picture than this rung has, and none that the listeners' links have no room for.
   * @param {import('../protocol/types.js').Rung} rung @param {import('../state/bandwidth.js').Room} room @param {import('../state/largest.js').Largest} largest
   */
  shape(rung, room, largest) {
    const isSame = rung === this.rung && room.leastBps === this.room.leastBps && room.mostBps === this.room.mostBps;
    if (isSame && largest.isOffered === this.largest.isOffered && largest.isWide === this.largest.isWide) return;
    this.rung = rung;
    this.room = room;
    this.largest = largest;
    void this.#encodeAll();
  }

  /** The camera's picture, if one alone is sent. @param {readonly any[]} before @param {readonly any[]} now what getStats() held */
  cameraSent(before, now) {
    const { mid, sender } = this.sending.camera;
    return pictureSent(before, now, mid, sender.getParameters().encodings ?? []);
  }

  /** @param {boolean} isWhole the browser makes the camera's picture no smaller than it was asked for; else as it thinks */
  async sharpen(isWhole) {
    if (isWhole === this.isWhole) return;
    this.isWhole = isWhole;
    await this.#change(this.sending.camera.sender, (parameters) => {
      if (isWhole) parameters.degradationPreference = 'maintain-resolution';
      else delete parameters.degradationPreference;
    });
  }

  /** @param {boolean} isRedundant each frame twice (RFC 2198) @param {import('../state/speech.js').Voice} voice */
  async speak(isRedundant, { bitrate: speechBitrate, packetMs }) {
    if (this.connection.signalingState !== 'stable') return;
    if (isRedundant !== this.isRedundant || packetMs !== this.packetMs) await this.#reread(isRedundant, packetMs);
    const maxBitrate = speechBitrate + (isRedundant ? COPIES_BPS : 0);
    if (maxBitrate !== this.microphoneBitrate) {
      this.microphoneBitrate = maxBitrate;
      await this.#change(this.sending.microphone.sender, ({ encodings }) => encodings.forEach((encoding) => (encoding.maxBitrate = maxBitrate)));
    }
  }

  /** The server's answer, with speech as it is to be sent. @param {string} sdp */
  #spoken(sdp) {
    const answer = withRedundancy(sdp, this.isRedundant);
    return this.packetMs === USUAL_PACKET_MS ? answer : withPackets(answer, this.packetMs);
  }

  /** The server's last answer is read anew; it need not know: whatever comes is what it agreed to. @param {boolean} isRedundant @param {number} packetMs */
  async #reread(isRedundant, packetMs) {
    const before = this.#spoken(this.answer);
    [this.isRedundant, this.packetMs] = [isRedundant, packetMs];
    const answer = this.#spoken(this.answer);
    if (answer === before) return;
    await this.#inTurn(async () => {
      if (this.connection.signalingState !== 'stable') return;
      const { sdp = '' } = await this.connection.createOffer();
      await this.connection.setLocalDescription({ type: 'offer', sdp: withAudioRepair(sdp) });
      await this.#read(answer).catch(() => this.connection.setLocalDescription({ type: 'rollback' }));
    });
  }

  /** How long sound waits for what repairs it. @param {number | null} ms null: the browser decides */
  playAfter(ms) {
    for (const { receiver } of this.listening) holdBack(receiver, ms);
  }

  /** How long pictures wait for the sound that belongs to them. @param {Map<string, number | null>} waits by mid */
  showAfter(waits) {
    for (const { mid, receiver } of this.viewing) holdBack(receiver, settled(receiver.jitterBufferTarget ?? null, waits.get(mid ?? '') ?? null));
  }

  async #encodeAll() {
    /** @type {[RTCRtpTransceiver, RTCRtpEncodingParameters[]][]} */
    const pictures = [[this.sending.camera, CAMERA_LAYERS], [this.sending.detail, DETAIL_LAYER]];
    for (const [{ mid, sender }, layers] of pictures) {
      const wanted = this.wanted.get(mid ?? '') ?? layers.map(({ rid }) => rid ?? 'all');
      await this.#change(sender, ({ encodings }) => {
        for (const [at, wish] of encodingsOf(this.rung, layers, wanted, this.room, this.largest).entries()) {
          const encoding = encodings[at];
          if (!encoding) continue;
          delete encoding.maxFramerate;
          Object.assign(encoding, wish);
        }
      });
    }
    const instrument = this.wanted.get(this.sending.instrument.mid ?? '');
    if (instrument) await this.#change(this.sending.instrument.sender, ({ encodings }) => encodings.forEach((encoding) => (encoding.active = instrument.length > 0)));
  }

  /** @param {RTCRtpSender} sender @param {(parameters: RTCRtpSendParameters) => void} change */
  async #change(sender, change) {
    this.parameterQueue = this.parameterQueue.then(async () => {
      const parameters = sender.getParameters();
      if (!parameters.encodings?.length) return;
      change(parameters);
      await sender.setParameters(parameters);
    }).catch(() => {
      // Refused while the connection closes or renegotiates; the server repeats its wish as long as it differs.
    });
    await this.parameterQueue;
  }

  /** Where its sound is played: a browser mixes what it hears by window. */
  document() {
    return this.surroundings?.window.document ?? document;
  }

  close() {
    this.connection.close();
    this.surroundings?.close();
  }
}

/** @param {RTCRtpReceiver} receiver of a browser that may know no such wish @param {number | null} ms null: the browser decides */
function holdBack(receiver, ms) {
  if ('jitterBufferTarget' in receiver && receiver.jitterBufferTarget !== ms) receiver.jitterBufferTarget = ms;
}
