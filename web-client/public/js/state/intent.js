/** What this person wishes to send and to see, as the `intent` message says it. Pure; revisions and sending belong to the session. */

/** @typedef {import('../protocol/types.js').Intent} Intent */
/** @typedef {import('../protocol/types.js').Source} Source */
/** @typedef {import('../protocol/types.js').PublishWish} PublishWish */
/** @typedef {import('./tiles.js').Tile} Tile */
/** @typedef {import('./tiles.js').Arrangement} Arrangement */

/** What one local source is doing. `used` stays true once the source was on: an off camera keeps its slot. @typedef {{held: boolean, muted: boolean, used: boolean}} LocalSource */
/** @typedef {Record<Source, LocalSource>} LocalSources */

/** `a=mid` of each section of the offer; a missing section is null. */
/** @typedef {{microphone: string | null, camera: string | null, detail: string | null, instrument: string | null, video: string[]}} Mids */

/** Heights asked for until the tile has been measured. */
const UNMEASURED = { main: 720, strip: 180 };

/** @param {Mids} mids @param {LocalSources} sources @param {boolean} carriesVideo the uplink does @returns {PublishWish[]} */
export function publishWishes(mids, sources, carriesVideo) {
  /** @type {[string | null, Source][]} */
  const sections = [
    [mids.microphone, 'microphone'],
    [mids.camera, 'camera'],
    [mids.detail, sources.exam.held ? 'exam' : 'screen'],
    [mids.instrument, 'stethoscope'],
  ];
  return sections.flatMap(([mid, source]) => {
    const { held, muted, used } = sources[source];
    const keepsSlot = source === 'camera' && used;
    const active = held && (carriesVideo || source === 'microphone' || source === 'stethoscope');
    return mid !== null && (held || keepsSlot) ? [{ mid, source, active, muted: muted || !active }] : [];
  });
}

/**
 * Who is seen in which slot: a track that already has a slot keeps it, so a picture never flickers because somebody else came or went.
 * @param {string[]} mids viewing slots
 * @param {string[]} wanted tracks, the most important first; what does not fit is not seen
 * @param {Map<string, string>} previous mid -> track
 * @returns {Map<string, string>}
 */
export function assignSlots(mids, wanted, previous) {
  const chosen = new Set(wanted.slice(0, mids.length));
  /** @type {Map<string, string>} */
  const slots = new Map();
  for (const mid of mids) {
    const track = previous.get(mid);
    if (track !== undefined && chosen.delete(track)) slots.set(mid, track);
  }
  const free = mids.filter((mid) => !slots.has(mid));
  for (const track of chosen) {
    const mid = free.shift();
    if (mid !== undefined) slots.set(mid, track);
  }
  return slots;
}

/** @param {Tile[]} tiles @param {Arrangement} arrangement @returns {string[]} tracks to see, the stage first */
export function wantedTracks(tiles, arrangement) {
  return [...arrangement.main, ...arrangement.strip].flatMap((key) => tiles.find((tile) => tile.key === key)?.track ?? []);
}

/**
 * @param {object} wish
 * @param {Mids} wish.mids
 * @param {LocalSources} wish.sources
 * @param {boolean} wish.carriesVideo
 * @param {Tile[]} wish.tiles
 * @param {Arrangement} wish.arrangement
 * @param {Map<string, string>} wish.slots mid -> track
 * @param {Map<string, number>} wish.heights tile key -> height on the screen in device pixels
 * @param {string | null} wish.pinned
 * @param {boolean} wish.hidden the page is in the background
 * @param {string[]} wish.listenTo audio tracks that must be heard (instruments)
 * @returns {Omit<Intent, 'rev'>}
 */
export function buildIntent(wish) {
  const video = wish.mids.video.map((mid) => {
    const track = wish.slots.get(mid) ?? null;
    const tile = track === null ? undefined : wish.tiles.find((candidate) => candidate.track === track);
    if (track === null || !tile) return { mid, track: null, max_height: 0, priority: 0 };
    const main = wish.arrangement.main.includes(tile.key);
    const height = wish.heights.get(tile.key) ?? (main ? UNMEASURED.main : UNMEASURED.strip);
    return { mid, track, max_height: wish.hidden ? 0 : height, priority: priorityOf(tile, main, wish.pinned) };
  });
  return { publish: publishWishes(wish.mids, wish.sources, wish.carriesVideo), video, audio: { auto: true, pinned: wish.listenTo } };
}

/** @param {Tile} tile @param {boolean} main @param {string | null} pinned */
function priorityOf(tile, main, pinned) {
  if (tile.key === pinned || (main && tile.source !== 'camera')) return 3;
  return main ? 2 : 1;
}

/** @param {number} cssPixels @param {number} pixelRatio @returns {number} a height as `max_height` carries it */
export function deviceHeight(cssPixels, pixelRatio) {
  return Math.min(4320, Math.max(0, Math.round(cssPixels * pixelRatio)));
}
