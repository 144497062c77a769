/**
 * Measures the link before a call, against the server's `/api/v1/link-check`: first how fast it is, by a few transfers, then, over the very way
 * that media would take, which transport works and what is lost. Nine seconds and 0.3 MB each way at most. What it means is `state/link.js`'s.
 */
import { chosenPair } from '../rtc/stats.js';
import { MOST_WAYS, SILENCE, atLeast, isAgreed, isCalledSlow, isInDoubt, lossOf, nextSample, rateOf, waysOf, written } from '../state/link.js';

/** @typedef {import('../state/link.js').Measured} Measured */
/** @typedef {import('../state/link.js').Sample} Sample */
/** @typedef {import('../state/link.js').Counted} Counted */
/** @typedef {import('../state/link.js').Transport} Transport */
/** @typedef {{token: () => Promise<string | null>, microphone: MediaStreamTrack | undefined}} Means `token` null: the cookie tells who asks */

const BASE = '/api/v1/link-check';
/** Whatever is known by then is what is said. */
const MOST_MS = 10_000;
const MOST_PINGS = 6;
const RATES_MS = 2_000;
/** What opens the way for media would take its part of a slow link while that is measured. */
const QUIET_AFTER_MS = 1_200;
/** Whoever has not got through by then has no way through, or none that would last. */
const CONNECTED_MS = 4_500;
/** Four seconds of 200 packets: they tell 3 % from none and from 8, and the server reports four times on what came. */
const LISTEN_MS = 4_200;
const COUNT_MS = 250;
/** How long the link is filled, and from when on what comes counts. */
const FILL_MS = 1_200;
const FILLED_MS = 400;
/** Before the end, so that it is in time; and to listen for less says too little. */
const FILL_BY_MS = FILL_MS + 300;
const LEAST_LISTEN_MS = 2_000;

/** The server said no: too often, or it is too busy. */
export class NotMeasured extends Error {}

/** @param {Means} means @param {AbortSignal} signal ends it at once @returns {Promise<Measured>} @throws {NotMeasured} */
export async function measureLink(means, signal) {
  const measured = { ...SILENCE };
  const limit = new AbortController();
  const end = () => limit.abort();
  const timer = setTimeout(end, MOST_MS);
  signal.addEventListener('abort', end);
  try {
    await measure(means, measured, performance.now() + MOST_MS, limit.signal);
  } catch (error) {
    if (error instanceof NotMeasured || signal.aborted) throw error;
    // What there was no time for, or no answer to, stays unknown.
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
  return measured;
}

/** @param {Means} means @param {Measured} measured filled in as it becomes known @param {number} endsAt @param {AbortSignal} signal */
async function measure({ token, microphone }, measured, endsAt, signal) {
  const media = new Trial(microphone);
  try {
    const server = new Server(await token(), signal);
    const { ice_servers } = await (await server.ask('')).json();
    // Alone: the offers alone would fill a slow link for some time.
    const rttMs = await roundTrip(server);
    measured.rttMs = rttMs;
    const connecting = within(CONNECTED_MS, signal, media.connect(ice_servers, server), false);
    // Looked at below; until then nobody is to be alarmed.
    connecting.catch(() => {});
    await within(QUIET_AFTER_MS, signal, connecting, false);
    await Promise.all([
      rate(rttMs, signal, (bytes, until, onArrived) => server.download(bytes, until, onArrived)).then((bps) => (measured.downBps = bps)),
      rate(rttMs, signal, (bytes, until, onArrived) => server.upload(bytes, until, onArrived)).then((bps) => (measured.upBps = bps)),
    ]);
    if (await connecting) {
      const room = isCalledSlow(measured) ? endsAt - FILL_BY_MS - performance.now() : LISTEN_MS;
      await media.listen(waysOf(measured), Math.max(LEAST_LISTEN_MS, Math.min(LISTEN_MS, room)), signal, (heard) => Object.assign(measured, heard));
      if (isInDoubt(measured)) Object.assign(measured, atLeast(measured, await media.fill(signal), FILL_MS - FILLED_MS));
    }
    // For whoever looks after this place's network; nobody waits for it.
    server.tell(measured).catch(() => {});
  } finally {
    media.close();
  }
}

class Server {
  /** @param {string | null} token @param {AbortSignal} signal */
  constructor(token, signal) {
    /** @type {Record<string, string>} */
    this.headers = token === null ? {} : { Authorization: `Bearer ${token}` };
    this.signal = signal;
  }

  /** @param {string} path @param {RequestInit} [request] @returns {Promise<Response>} */
  async ask(path, request) {
    const answer = await fetch(BASE + path, { credentials: 'same-origin', cache: 'no-store', signal: this.signal, headers: this.headers, ...request });
    if (!answer.ok) throw new NotMeasured(`${answer.status}`);
    return answer;
  }

  /** @type {Transfer} */
  async download(bytes, until, onArrived) {
    const reader = (await this.ask(`/sample?bytes=${bytes}`, { signal: until })).body?.getReader();
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) onArrived(part.value.length);
  }

  /** What of it has arrived is known when all of it has. @type {Transfer} */
  async upload(bytes, until, onArrived) {
    await this.ask('/sample', { method: 'POST', body: noise(bytes), signal: until });
    onArrived(bytes);
  }

  /** @param {object} offers @returns {Promise<{speak: string, listen: string}>} */
  async tryOut(offers) {
    return (await this.#post('/trial', offers)).json();
  }

  /** @param {Measured} measured */
  tell(measured) {
    return this.#post('', written(measured));
  }

  /** @param {string} path @param {object} body */
  #post(path, body) {
    return this.ask(path, { method: 'POST', body: JSON.stringify(body), headers: { ...this.headers, 'Content-Type': 'application/json' } });
  }
}

/** @param {Server} server @returns {Promise<number>} the shortest, on a connection that is open */
async function roundTrip(server) {
  /** @type {number[]} */
  const pings = [];
  while (pings.length < MOST_PINGS && !isAgreed(pings)) {
    const started = performance.now();
    await (await server.ask('/sample?bytes=0')).arrayBuffer();
    pings.push(performance.now() - started);
  }
  return Math.round(Math.min(...pings));
}

/** @typedef {(bytes: number, until: AbortSignal, onArrived: (bytes: number) => void) => Promise<void>} Transfer */

/** @param {number} rttMs @param {AbortSignal} signal @param {Transfer} transfer @returns {Promise<number | null>} bits a second of one direction */
async function rate(rttMs, signal, transfer) {
  const late = new AbortController();
  const end = () => late.abort();
  signal.addEventListener('abort', end);
  const timer = setTimeout(end, RATES_MS);
  /** @type {Sample[]} */
  const samples = [];
  try {
    for (let bytes = nextSample(samples, rttMs); bytes !== null && !late.signal.aborted; bytes = nextSample(samples, rttMs)) {
      const started = performance.now();
      let arrived = 0;
      await transfer(bytes, late.signal, (more) => (arrived += more)).catch((error) => {
        if (!late.signal.aborted) throw error;
      });
      samples.push({ bytes, arrived, ms: performance.now() - started });
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
  signal.throwIfAborted();
  return rateOf(samples, rttMs);
}

/** What nothing on the way can make smaller. @param {number} bytes */
function noise(bytes) {
  const all = new Uint8Array(bytes);
  // The most that a browser gives at once.
  for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(all.subarray(at, at + 65_536));
  return all;
}

/** Two PeerConnections with the server, of which one hears the silence that the other sends, several times at once. Owns both and the silence. */
class Trial {
  /** @type {MediaStreamTrack | null} */ #silence = null;
  /** @type {AudioContext | null} */ #context = null;
  /** @type {RTCPeerConnection | null} */ #speaker = null;
  /** @type {RTCPeerConnection | null} */ #listener = null;
  /** @type {RTCRtpSender[]} */ #senders = [];

  /** @param {MediaStreamTrack | undefined} microphone its clock, not its sound */
  constructor(microphone) {
    this.microphone = microphone;
  }

  /** @param {RTCIceServer[]} iceServers @param {Server} server @returns {Promise<boolean>} */
  async connect(iceServers, server) {
    const [speaker, listener] = [this.#open(iceServers), this.#open(iceServers)];
    [this.#speaker, this.#listener] = [speaker, listener];
    // Silence of the first section is not sent; that of the others is (sfu/src/sdp/text.rs).
    speaker.addTransceiver('audio', { direction: 'sendonly' });
    for (let way = 0; way < MOST_WAYS; way++) {
      this.#senders.push(speaker.addTransceiver('audio', { direction: 'sendonly', sendEncodings: [{ maxBitrate: 32_000 }] }).sender);
      listener.addTransceiver('audio', { direction: 'recvonly' });
    }
    for (const peer of [speaker, listener]) await peer.setLocalDescription(await peer.createOffer());
    const answers = await server.tryOut({ speak: speaker.localDescription?.sdp, listen: listener.localDescription?.sdp });
    await speaker.setRemoteDescription({ type: 'answer', sdp: answers.speak });
    await listener.setRemoteDescription({ type: 'answer', sdp: answers.listen });
    return (await Promise.all([speaker, listener].map(connected))).every(Boolean);
  }

  /** @param {RTCIceServer[]} iceServers */
  #open(iceServers) {
    return new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers });
  }

  /** @returns {MediaStreamTrack} */
  #makeSilence() {
    let silence = this.microphone?.clone();
    if (!silence) {
      this.#context = new AudioContext();
      silence = this.#context.createMediaStreamDestination().stream.getAudioTracks()[0];
    }
    if (!silence) throw new Error('no sound');
    silence.enabled = false;
    return silence;
  }

  /**
   * Not before the rates are known: a slow link has no room for both.
   * @param {number} ways that the silence takes at once @param {number} ms how long @param {AbortSignal} signal @param {(heard: Pick<Measured, 'transport'> & import('../state/link.js').Loss) => void} onHeard so far
   */
  async listen(ways, ms, signal, onHeard) {
    await this.#send(ways);
    /** @type {Counted[]} */
    const counted = [];
    const ends = performance.now() + ms;
    while (performance.now() < ends) {
      await pause(COUNT_MS, signal);
      const { transport, ...count } = await this.#count();
      counted.push(count);
      onHeard({ transport, ...lossOf(counted) });
    }
  }

  /** All that there is at once. @param {AbortSignal} signal @returns {Promise<number>} packets that came through from FILLED_MS to FILL_MS */
  async fill(signal) {
    await this.#send(MOST_WAYS);
    await pause(FILLED_MS, signal);
    const before = await this.#count();
    await pause(FILL_MS - FILLED_MS, signal);
    return (await this.#count()).received - before.received;
  }

  /** @param {number} ways */
  async #send(ways) {
    this.#silence ??= this.#makeSilence();
    await Promise.all(this.#senders.slice(0, ways).map((sender) => sender.replaceTrack(this.#silence)));
  }

  /** @returns {Promise<Counted & Pick<Measured, 'transport'>>} since the beginning */
  async #count() {
    const [spoken = [], heard = []] = await Promise.all([this.#speaker, this.#listener].map(async (peer) => /** @type {any[]} */ ([...((await peer?.getStats())?.values() ?? [])])));
    const sum = (/** @type {any[]} */ entries, /** @type {string} */ key) => entries.reduce((all, entry) => all + (entry[key] ?? 0), 0);
    const reports = spoken.filter((entry) => entry.type === 'remote-inbound-rtp' && entry.fractionLost !== undefined);
    const inbound = heard.filter((entry) => entry.type === 'inbound-rtp');
    return {
      transport: transportOf(spoken),
      sent: sum(spoken.filter((entry) => entry.type === 'outbound-rtp'), 'packetsSent'),
      // By the server's last reports.
      missed: reports.length > 0 ? Math.max(0, sum(reports, 'packetsLost')) : null,
      reportedMs: reports.reduce((newest, { timestamp }) => Math.max(newest, timestamp), 0),
      received: sum(inbound, 'packetsReceived'),
      lost: Math.max(0, sum(inbound, 'packetsLost')),
    };
  }

  close() {
    this.#speaker?.close();
    this.#listener?.close();
    this.#silence?.stop();
    void this.#context?.close();
  }
}

/** @param {RTCPeerConnection} peer @returns {Promise<boolean>} false: it never will be */
function connected(peer) {
  return new Promise((resolve) => {
    const look = () => {
      if (peer.connectionState === 'connected') resolve(true);
      if (peer.connectionState === 'failed' || peer.connectionState === 'closed') resolve(false);
    };
    peer.addEventListener('connectionstatechange', look);
    // One may have got through while the other's answer was being read.
    look();
  });
}

/** @param {any[]} entries of getStats() @returns {Transport | null} that media takes now */
function transportOf(entries) {
  const pair = chosenPair(entries);
  const local = entries.find((entry) => entry.id === pair?.localCandidateId);
  if (!local) return null;
  return local.candidateType === 'relay' ? 'turn' : local.protocol === 'tcp' ? 'tcp' : 'udp';
}

/** @param {number} ms @param {AbortSignal} signal */
const pause = (ms, signal) => within(ms, signal, new Promise(() => {}), null);

/**
 * @template T @param {number} ms @param {AbortSignal} signal @param {Promise<T>} promise @param {T} otherwise when it takes longer
 * @returns {Promise<T>} rejects with the signal
 */
async function within(ms, signal, promise, otherwise) {
  let end = () => {};
  const limit = new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(otherwise), ms);
    const stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop);
    end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
  });
  return Promise.race([promise, /** @type {Promise<T>} */ (limit)]).finally(() => end());
}
