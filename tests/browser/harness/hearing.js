/** What a listener hears, by the browser's own counters: how much of it was made up, and the longest time in which nothing else was. */

/** @typedef {import('./person.js').Person} Person */
/** @typedef {{concealed: number, gap_ms: number, seconds: number, loss: number, red: boolean, packets: number}} Heard `concealed`: share of the sound that was made up; `red`: redundant audio came; `packets`: a second */

/** @param {Person} listener @param {string} track `p1/microphone` @param {number} seconds @returns {Promise<Heard>} */
export function hears(listener, track, seconds) {
  return listener.page.evaluate(async (wanted, forMs) => {
    const look = async () => {
      const mid = window.kenes.state().room?.audio.find((/** @type {any} */ slot) => slot.track === wanted)?.mid;
      const receiver = window.kenes.peerConnection()?.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver;
      const entries = receiver ? [...(await receiver.getStats()).values()] : [];
      const inbound = entries.find((entry) => entry.type === 'inbound-rtp') ?? {};
      const { totalSamplesReceived = 0, concealedSamples = 0, silentConcealedSamples = 0, packetsReceived = 0, packetsLost = 0, fecPacketsReceived = 0 } = inbound;
      return { at: performance.now(), played: totalSamplesReceived, concealed: concealedSamples - silentConcealedSamples, packetsReceived, packetsLost, fecPacketsReceived };
    };
    const first = await look();
    let [last, gap, longest] = [first, 0, 0];
    while (last.at - first.at < forMs) {
      await new Promise((resume) => setTimeout(resume, 40));
      const now = await look();
      const played = now.played - last.played;
      const missed = now.concealed - last.concealed;
      // A stretch in which hardly anything was real goes on.
      gap = played > 0 && missed > played * 0.9 ? gap + (now.at - last.at) : 0;
      longest = Math.max(longest, gap);
      last = now;
    }
    const played = last.played - first.played;
    const lost = last.packetsLost - first.packetsLost;
    return {
      concealed: played > 0 ? (last.concealed - first.concealed) / played : 1,
      gap_ms: Math.round(longest),
      seconds: Math.round((last.at - first.at) / 1000),
      loss: lost / Math.max(1, lost + last.packetsReceived - first.packetsReceived),
      red: last.fecPacketsReceived > first.fecPacketsReceived,
      packets: Math.round(((last.packetsReceived - first.packetsReceived) * 1000) / (last.at - first.at)),
    };
  }, track, seconds * 1000);
}

/**
 * Watches a voice inside the listener's page; `stop` gives the longest time in which nothing of it came.
 * @param {Person} listener @param {string} track of somebody who speaks all the time
 * @returns {Promise<{stop: () => Promise<number>}>}
 */
export async function watchVoice(listener, track) {
  const watch = await listener.page.evaluateHandle((wanted) => {
    const found = { packets: -1, at: performance.now(), longest_ms: 0, timer: 0 };
    found.timer = window.setInterval(async () => {
      const mid = window.kenes.state().room?.audio.find((/** @type {any} */ slot) => slot.track === wanted)?.mid;
      const receiver = window.kenes.peerConnection()?.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver;
      const entries = receiver ? [...(await receiver.getStats()).values()] : [];
      const packets = entries.find((entry) => entry.type === 'inbound-rtp')?.packetsReceived ?? found.packets;
      const now = performance.now();
      found.longest_ms = Math.max(found.longest_ms, now - found.at);
      if (packets !== found.packets) [found.packets, found.at] = [packets, now];
    }, 50);
    return found;
  }, track);
  return {
    stop: () => watch.evaluate((found) => {
      clearInterval(found.timer);
      return Math.round(found.longest_ms);
    }),
  };
}

/**
 * How long a viewer's browser holds somebody's voice and picture back before it plays them: what differs is seen on the lips, for both took the same way.
 * @param {Person} viewer @param {string} participant @param {number} seconds @returns {Promise<{voiceMs: number, pictureMs: number}>}
 */
export function holdsBack(viewer, participant, seconds) {
  return viewer.page.evaluate(async (id, forMs) => {
    const slots = { audio: `${id}/microphone`, video: `${id}/camera` };
    const look = async (/** @type {'audio' | 'video'} */ kind) => {
      const mid = window.kenes.state().room?.[kind].find((/** @type {any} */ slot) => slot.track === slots[kind])?.mid;
      const receiver = window.kenes.peerConnection()?.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver;
      const inbound = [...((await receiver?.getStats())?.values() ?? [])].find((entry) => entry.type === 'inbound-rtp') ?? {};
      return { held: (inbound.jitterBufferDelay ?? 0) * 1000, count: inbound.jitterBufferEmittedCount ?? 0 };
    };
    const before = [await look('audio'), await look('video')];
    await new Promise((resume) => setTimeout(resume, forMs));
    const now = [await look('audio'), await look('video')];
    const [voiceMs, pictureMs] = now.map(({ held, count }, at) => Math.round((held - before[at].held) / Math.max(1, count - before[at].count)));
    return { voiceMs, pictureMs };
  }, participant, seconds * 1000);
}
