/** Who and what is on the stage: one tile per remote person, one more per shared detail, and how they are arranged. Pure. */

/** @typedef {import('../protocol/types.js').Room} Room */
/** @typedef {import('../protocol/types.js').Role} Role */
/** @typedef {import('../protocol/types.js').Source} Source */

/**
 * @typedef {object} Tile
 * @property {string} key the track's id (`p3/camera`), also when no such track exists yet
 * @property {string} participant
 * @property {string} name
 * @property {Role} role
 * @property {Source} source camera, exam or screen
 * @property {string | null} track what to show; null = an avatar
 * @property {boolean} muted the person's microphone is off or missing
 * @property {boolean} reconnecting
 */

/** @typedef {{mode: 'empty' | 'grid' | 'spotlight', main: string[], strip: string[]}} Arrangement */

/** Sources that are shown on a tile of their own, the most important first. */
const DETAILS = /** @type {const} */ (['exam', 'screen']);

/** Who is looked at when nobody has spoken yet. @type {Role[]} */
const ROLE_ORDER = ['specialist', 'nurse', 'patient', 'guest'];

/** @param {import('./reducer.js').State} state */
export function stageOf(state) {
  const tiles = state.room && state.selfId ? tilesOf(state.room, state.selfId) : [];
  return { tiles, arrangement: arrange(tiles, state) };
}

/** @param {Room} room @param {string} selfId @returns {Tile[]} in order of arrival, each person's camera before their details */
export function tilesOf(room, selfId) {
  return room.participants
    .filter((person) => person.id !== selfId && person.status !== 'waiting')
    .flatMap((person) => {
      const own = room.tracks.filter((track) => track.participant === person.id && track.active);
      const visible = own.filter((track) => track.kind === 'video' && !track.muted);
      const shown = (/** @type {Source} */ source) => visible.find((track) => track.source === source)?.id ?? null;
      const tile = (/** @type {Source} */ source) => ({
        key: `${person.id}/${source}`,
        participant: person.id,
        name: person.name,
        role: person.role,
        source,
        track: shown(source),
        muted: !own.some((track) => track.source === 'microphone' && !track.muted),
        reconnecting: person.status === 'reconnecting',
      });
      return [tile('camera'), ...DETAILS.filter((source) => shown(source) !== null).map(tile)];
    });
}

/**
 * A pinned tile or a shared detail takes the stage; otherwise everybody is equal, but on a narrow screen with more than two people the last
 * speaker takes it.
 * @param {Tile[]} tiles
 * @param {{pinned: string | null, narrow: boolean, leadSpeaker: string | null}} view
 * @returns {Arrangement}
 */
export function arrange(tiles, view) {
  if (tiles.length === 0) return { mode: 'empty', main: [], strip: [] };
  const focus = focusOf(tiles, view);
  if (focus === null) return { mode: 'grid', main: tiles.map((tile) => tile.key), strip: [] };
  return { mode: 'spotlight', main: [focus], strip: tiles.map((tile) => tile.key).filter((key) => key !== focus) };
}

/** @param {Tile[]} tiles @param {{pinned: string | null, narrow: boolean, leadSpeaker: string | null}} view @returns {string | null} */
function focusOf(tiles, view) {
  if (tiles.length < 2) return null;
  const pinned = tiles.find((tile) => tile.key === view.pinned);
  if (pinned) return pinned.key;
  for (const source of DETAILS) {
    const detail = tiles.find((tile) => tile.source === source);
    if (detail) return detail.key;
  }
  if (!view.narrow || tiles.length === 2) return null;
  const speaker = tiles.find((tile) => tile.participant === view.leadSpeaker);
  return (speaker ?? byRole(tiles))?.key ?? null;
}

/** @param {Tile[]} tiles */
function byRole(tiles) {
  return [...tiles].sort((a, b) => ROLE_ORDER.indexOf(a.role) - ROLE_ORDER.indexOf(b.role))[0];
}

/** @param {string} name @returns {string} at most two letters for the avatar */
export function initialsOf(name) {
  const words = name.trim().split(/\s+/u).slice(0, 2);
  return words.map((word) => [...word][0]?.toLocaleUpperCase() ?? '').join('');
}
