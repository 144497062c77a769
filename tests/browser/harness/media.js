/** What arrives, by the browsers' own counters: frames against what the other side captured, audio by its energy. */

import { until } from './until.js';

/** @typedef {import('./person.js').Person} Person */

/** Of the captured frames, this share has to be decoded at the far end. */
const MIN_FRAME_RATIO = 0.8;
/** Frames captured in one comparison: at 15 per second some four seconds, so that one late frame decides nothing. */
const WINDOW_FRAMES = 60;
/** For ramp-up and for a machine that does other things: the first window that satisfies counts. */
const ARRIVES_MS = 45_000;

/**
 * @typedef {object} Counters
 * @property {Record<string, number>} captured frames by own source kind
 * @property {Record<string, number>} decoded frames by remote track (`p3/camera`)
 * @property {Record<string, number>} energy of sound by remote track
 */

/** @param {Person} person @returns {Promise<Counters>} */
export function counters(person) {
  return person.page.evaluate(async () => {
    const peer = window.kenes.peerConnection();
    const room = window.kenes.state().room;
    /** @type {Counters} */
    const found = { captured: {}, decoded: {}, energy: {} };
    if (!peer || !room) return found;
    const stats = async (/** @type {RTCRtpSender | RTCRtpReceiver} */ half, /** @type {string} */ type) =>
      [...(await half.getStats()).values()].find((entry) => entry.type === type);
    const offered = peer.getTransceivers();
    const receiver = (/** @type {string} */ mid) => offered.find((transceiver) => transceiver.mid === mid)?.receiver;
    const cameras = offered.filter(({ sender }) => sender.track?.kind === 'video');
    for (const { sender } of cameras.slice(0, 1)) {
      found.captured.camera = (await stats(sender, 'media-source'))?.frames ?? 0;
    }
    for (const { mid, track } of room.video) {
      const half = track && receiver(mid);
      if (half) found.decoded[track] = (await stats(half, 'inbound-rtp'))?.framesDecoded ?? 0;
    }
    for (const { mid, track } of room.audio) {
      const half = track && receiver(mid);
      if (half) found.energy[track] = (await stats(half, 'inbound-rtp'))?.totalAudioEnergy ?? 0;
    }
    return found;
  });
}

/**
 * The viewer decodes at least 80 % of what the publisher's camera captures, over one window.
 * @param {Person} publisher @param {Person} viewer
 * @returns {Promise<number>} the ratio
 */
export async function cameraArrives(publisher, viewer) {
  const track = `${await publisher.id()}/camera`;
  let start = await both(publisher, viewer);
  let ratio = 0;
  await viewer.until(
    `${viewer.kind} decodes ${MIN_FRAME_RATIO * 100} % of ${publisher.kind}'s frames (${track})`,
    async () => {
      const now = await both(publisher, viewer);
      const captured = now.sent.captured.camera - start.sent.captured.camera;
      if (captured < WINDOW_FRAMES) return false;
      ratio = (now.seen.decoded[track] - start.seen.decoded[track]) / captured;
      start = now;
      if (ratio >= MIN_FRAME_RATIO) return true;
      throw new Error(`last window: ${(ratio * 100).toFixed(0)} % of ${captured} frames`);
    },
    ARRIVES_MS,
  );
  return ratio;
}

/** The listener's counter of this source's sound grows. @param {Person} speaker @param {Person} listener */
export async function soundArrives(speaker, listener, source = 'microphone') {
  const track = `${await speaker.id()}/${source}`;
  const start = (await counters(listener)).energy[track] ?? 0;
  const heard = async () => ((await counters(listener)).energy[track] ?? 0) > start;
  await listener.until(`${listener.kind} hears ${speaker.kind} (${track})`, heard, ARRIVES_MS);
}

/** Everybody sees and hears everybody else. @param {Person[]} people @returns {Promise<string>} the ratios, for the log */
export async function everybodyArrives(people) {
  const pairs = people.flatMap((from) => people.filter((to) => to !== from).map((to) => ({ from, to })));
  const seen = pairs.map(async ({ from, to }) => {
    const ratio = await cameraArrives(from, to);
    await soundArrives(from, to);
    return `${from.kind} -> ${to.kind} ${(ratio * 100).toFixed(0)} %`;
  });
  return (await Promise.all(seen)).join(', ');
}

/** Waits for a frame of the track that was not yet there. @param {Person} viewer @param {string} track @param {number} [timeoutMs] */
export async function nextFrame(viewer, track, timeoutMs) {
  const start = (await counters(viewer)).decoded[track] ?? 0;
  const decoded = async () => ((await counters(viewer)).decoded[track] ?? 0) > start;
  await viewer.until(`${viewer.kind} decodes a new frame of ${track}`, decoded, timeoutMs);
}

/**
 * Watches a track inside the viewer's page, so that the measurement is not delayed by us; `stop` gives the longest time
 * without a new frame.
 * @param {Person} viewer @param {string} track
 * @returns {Promise<{stop: () => Promise<{frames: number, longest_gap_ms: number}>}>}
 */
export async function watchGaps(viewer, track) {
  await viewer.page.evaluate((wanted) => {
    const watch = { frames: 0, last: 0, at: performance.now(), longest_gap_ms: 0 };
    const look = async () => {
      const peer = window.kenes.peerConnection();
      const mid = window.kenes.state().room?.video.find((/** @type {any} */ slot) => slot.track === wanted)?.mid;
      const half = peer?.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver;
      const entries = half ? [...(await half.getStats()).values()] : [];
      const decoded = entries.find((entry) => entry.type === 'inbound-rtp')?.framesDecoded ?? 0;
      const now = performance.now();
      watch.longest_gap_ms = Math.max(watch.longest_gap_ms, now - watch.at);
      if (decoded > watch.last) watch.at = now;
      if (watch.last > 0) watch.frames += Math.max(0, decoded - watch.last);
      watch.last = decoded;
    };
    const timer = setInterval(look, 50);
    window.stopWatching = () => {
      clearInterval(timer);
      return { frames: watch.frames, longest_gap_ms: Math.round(watch.longest_gap_ms) };
    };
  }, track);
  await until('the watch has seen a frame', async () => (await counters(viewer)).decoded[track] > 0);
  return { stop: () => viewer.page.evaluate(() => window.stopWatching()) };
}

/** @param {Person} publisher @param {Person} viewer */
async function both(publisher, viewer) {
  const [sent, seen] = await Promise.all([counters(publisher), counters(viewer)]);
  return { sent, seen };
}
