/**
 * Lips in step with words: a picture waits as long as the sound of the same person does. The server's slots carry now this person and now that one,
 * so that browsers cannot know which belong together (sfu/src/sdp/text.rs). Sound never waits for a picture. Pure.
 */

/** @typedef {Map<string, {heldS: number, count: number}>} Buffers by mid, since the beginning: how long samples or frames were held, summed, and how many */
/** @typedef {readonly {mid: string, track: string | null}[]} Slots */

/** Less apart than this nobody sees (ITU-R BT.1359: sound 125 ms late). */
const UNSEEN_MS = 80;
/** What a picture takes longer than sound on the rest of its way: encoder, pacer, decoder (docs/adr/0024). */
const BEHIND_MS = 60;
/** A picture that is held longer tells nobody anything. */
const MOST_MS = 2_000;
/** Each change is one of the decoder's pace. */
const STEP_MS = 40;

/** @param {Iterable<any>} entries what RTCPeerConnection.getStats() holds @returns {Buffers} */
export function buffersOf(entries) {
  const inbound = [...entries].filter(({ type, mid }) => type === 'inbound-rtp' && mid !== undefined);
  return new Map(inbound.map(({ mid, jitterBufferDelay = 0, jitterBufferEmittedCount = 0 }) => [mid, { heldS: jitterBufferDelay, count: jitterBufferEmittedCount }]));
}

/**
 * How long each picture is to wait, so that it is shown with its sound; one that nobody speaks in, or whose sound hardly waits, is shown as soon as it can be.
 * @param {{audio: Slots, video: Slots}} slots @param {Buffers} before @param {Buffers} now @returns {Map<string, number | null>} by the picture's mid; null: the browser decides
 */
export function pictureWaits({ audio, video }, before, now) {
  return new Map(video.map(({ mid, track }) => {
    const voice = track && audio.find((slot) => slot.track === `${track.split('/')[0]}/microphone`);
    const held = voice ? heldMs(before.get(voice.mid), now.get(voice.mid)) : 0;
    return [mid, held < UNSEEN_MS ? null : Math.min(MOST_MS, Math.round((held - BEHIND_MS) / STEP_MS) * STEP_MS)];
  }));
}

/**
 * How long a picture waits from now on. What nobody sees stays as it is: sound's wait goes up and down by a step each second, and a picture that
 * follows stumbles as often.
 * @param {number | null} waits @param {number | null} wished @returns {number | null}
 */
export function settled(waits, wished) {
  return waits !== null && wished !== null && Math.abs(wished - waits) <= UNSEEN_MS ? waits : wished;
}

/** @param {{heldS: number, count: number} | undefined} before @param {{heldS: number, count: number} | undefined} now */
function heldMs(before, now) {
  const count = (now?.count ?? 0) - (before?.count ?? 0);
  return before && now && count > 0 ? ((now.heldS - before.heldS) * 1000) / count : 0;
}
