/**
 * Looks at the PeerConnection's statistics once a second: tells the server, climbs the bandwidth ladder, and lets the peer send and play
 * accordingly. Owns the clock of it and the stills.
 */
import { begin, observe, roomOf } from '../state/bandwidth.js';
import { buffersOf, pictureWaits } from '../state/lips.js';
import { OFFERED, offer } from '../state/largest.js';
import { LEFT_ALONE, sharpen } from '../state/sharpness.js';
import { CALM, listen, playoutMs, USUAL_VOICE, voiceFor } from '../state/speech.js';
import { soundMissed, statsBetween, totalsOf } from '../rtc/stats.js';
import { statsMessage, stillMessage } from '../protocol/messages.js';
import { piecesOf } from '../state/stills.js';
import { Camera } from './stills.js';

const SECOND_MS = 1_000;
/** No way is as long without a queue, but one over a satellite; a queue that stays full looks like one. */
const FULL_QUEUE_MS = 450;

export class BandwidthWatch {
  /**
   * @param {import('./way.js').Store} store @param {import('./media.js').LocalMedia} media @param {import('./link.js').Link} link
   */
  constructor(store, media, link) {
    this.store = store;
    this.media = media;
    this.link = link;
    this.camera = new Camera();
    this.state = begin(performance.now());
    /** @type {import('../state/speech.js').Speech} */
    this.speech = CALM;
    /** @type {import('../state/speech.js').Voice} */
    this.voice = USUAL_VOICE;
    /** @type {import('../state/sharpness.js').Sharpness} */
    this.sharpness = LEFT_ALONE;
    /** @type {import('../state/largest.js').Largest} */
    this.largest = OFFERED;
    /** @type {{peer: import('../rtc/peer.js').Peer, totals: import('../rtc/stats.js').Totals, buffers: import('../state/lips.js').Buffers, entries: any[]} | null} */
    this.last = null;
    /** What is left to send of a still. @type {string[]} */
    this.pieces = [];
    this.timer = setInterval(() => void this.#look(), SECOND_MS);
  }

  stop() {
    clearInterval(this.timer);
    this.camera.stop();
  }

  async #look() {
    const { peer } = this.link;
    if (this.store.state().phase !== 'call' || !peer) return;
    const entries = [...(await peer.connection.getStats()).values()];
    const [totals, buffers] = [totalsOf(entries, performance.now()), buffersOf(entries)];
    const last = this.last?.peer === peer ? this.last : null;
    const before = last?.totals;
    this.last = { peer, totals, buffers, entries };
    if (!before) [this.sharpness, this.largest] = [LEFT_ALONE, OFFERED];
    if (!before) return this.#adopt({ ...this.state, sinceMs: totals.atMs, atMs: totals.atMs, tightSinceMs: null });
    const stats = statsBetween(before, totals, this.state.rung);
    this.link.send(statsMessage(stats));
    const { uplink, downlink } = stats;
    const own = this.#own();
    const estimateBps = uplink.estimate_bps ?? own?.uplink?.estimate_bps ?? null;
    // What nobody displays is not sent, and the estimate is of nothing.
    if (this.state.rung === 'full' && peer.isWatched()) this.largest = offer(this.largest, { estimateBps, meanLoss: this.speech.meanLoss });
    const downBps = own?.downlink?.estimate_bps ?? null;
    const sample = sampleOf(before, totals, stats, { estimateBps, downBps, isWatched: peer.isWatched(), waits: this.speech.waits });
    // Where packets wait, so does the server's word of it.
    this.link.told.downBps = sample.waits ? null : downBps;
    this.#adopt(observe(this.state, sample, totals.atMs));
    const soundLoss = totals.soundLoss;
    const others = this.#others();
    const speakersLoss = Math.max(0, ...others.map((other) => other.uplink?.loss_ratio ?? 0));
    const { loss_ratio: downlinkLoss, concealed_ratio: concealed } = downlink;
    this.speech = listen(this.speech, { soundLoss, estimateBps, rttMs: uplink.rtt_ms, downlinkLoss, speakersLoss, concealed });
    this.voice = voiceFor(this.voice, [estimateBps, ...others.map((other) => other.downlink?.estimate_bps ?? null)]);
    await peer.speak(this.speech.isRedundant, this.voice);
    peer.playAfter(playoutMs(this.speech, uplink.rtt_ms));
    const { room } = this.store.state();
    if (room) peer.showAfter(pictureWaits(room, last.buffers, buffers));
    this.sharpness = sharpen(this.sharpness, peer.cameraSent(last.entries, entries));
    await peer.sharpen(this.sharpness.isWhole);
    await this.#sendStill(estimateBps);
  }

  /** @param {import('../state/bandwidth.js').Bandwidth} state */
  #adopt(state) {
    this.state = state;
    const downlinks = this.#others().map(({ downlink }) => ({ estimateBps: downlink?.estimate_bps ?? null, loss: downlink?.loss_ratio ?? 0 }));
    this.link.peer?.shape(state.rung, roomOf(downlinks), this.largest);
    this.store.dispatch({ type: 'rung', rung: state.rung });
  }

  /** How the server rates this person: what the uplink carries too, once its queue was full, which a browser may not know or tell (Firefox). */
  #own() {
    const { quality, selfId } = this.store.state();
    return selfId ? quality[selfId] : undefined;
  }

  /** How the others fare. */
  #others() {
    const { quality, selfId } = this.store.state();
    return Object.values(quality).filter(({ id }) => id !== selfId);
  }

  /** A piece each second: sound does not wait behind a whole one. @param {number | null} estimateBps */
  async #sendStill(estimateBps) {
    if (this.state.rung !== 'stills') {
      this.pieces = [];
      return this.camera.stop();
    }
    if (this.pieces.length === 0) this.pieces = piecesOf(await this.camera.still(this.media.preview(this.media.tracks.has('exam') ? 'exam' : 'camera'), estimateBps));
    const piece = this.pieces.shift();
    if (piece) this.link.send(stillMessage(piece));
  }
}

/**
 * @param {import('../rtc/stats.js').Totals} before @param {import('../rtc/stats.js').Totals} now @param {ReturnType<typeof statsBetween>} stats
 * @param {{estimateBps: number | null, downBps: number | null, isWatched: boolean, waits: boolean}} known @returns {import('../state/bandwidth.js').Sample}
 */
function sampleOf(before, now, { uplink, downlink }, { estimateBps, downBps, isWatched, waits }) {
  const isFull = waits || now.rttMs >= FULL_QUEUE_MS;
  return {
    estimateBps,
    downBps,
    isBrowsers: uplink.estimate_bps !== null,
    sentBps: uplink.rate_bps,
    loss: uplink.loss_ratio,
    soundLoss: soundMissed(before, now),
    airLoss: isFull ? 0 : now.soundLoss,
    waits: isFull,
    concealed: now.samples > before.samples ? downlink.concealed_ratio : 0,
    isWatched,
    isHeard: now.heardBytes > before.heardBytes,
  };
}
