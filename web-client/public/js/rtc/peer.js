/**
 * One RTCPeerConnection with the 17 fixed sections of signaling/PROTOCOL.md "Slots". One offer opens it; afterwards only an ICE restart makes
 * another. Sources come and go by `replaceTrack`. Owns the connection and its transceivers; knows neither socket nor state.
 */
import { offeredCodecs } from './codecs.js';

/** @typedef {import('../state/intent.js').Mids} Mids */
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
/** Heart sounds lie where speech coding cuts, so the instrument gets room (shared/spec/clients.md). @type {RTCRtpEncodingParameters[]} */
const INSTRUMENT_LAYER = [{ maxBitrate: 128_000 }];

export class Peer {
  /** @param {RTCIceServer[]} iceServers @param {(state: RTCPeerConnectionState) => void} onState */
  constructor(iceServers, onState) {
    this.connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers });
    /** @type {Record<Section, RTCRtpTransceiver>} */
    this.sending = {
      microphone: this.#add('audio', 'sendonly'),
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
  async offer(iceRestart) {
    await this.connection.setLocalDescription(await this.connection.createOffer({ iceRestart }));
    return this.connection.localDescription?.sdp ?? '';
  }

  /** @param {string} sdp */
  async accept(sdp) {
    if (this.connection.signalingState === 'have-local-offer') await this.connection.setRemoteDescription({ type: 'answer', sdp });
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
    const transceiver = Object.values(this.sending).find((candidate) => candidate.mid === mid);
    if (!transceiver) return;
    this.parameterQueue = this.parameterQueue.then(async () => {
      const parameters = transceiver.sender.getParameters();
      if (!parameters.encodings?.length) return;
      for (const encoding of parameters.encodings) {
        encoding.active = encoding.rid ? active.includes(encoding.rid) : active.length > 0;
      }
      await transceiver.sender.setParameters(parameters);
    }).catch(() => {
      // Refused while the connection closes or renegotiates; the server repeats its wish as long as it differs.
    });
    await this.parameterQueue;
  }

  close() {
    this.connection.close();
  }
}
