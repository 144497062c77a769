/**
 * Keeps the server's idea of this person's wishes equal to the page's: derives the intent from the state and sends it when it changed.
 * Owns the slots, the measured heights and the revision.
 */
import { intentMessage } from '../protocol/messages.js';
import { sendsVideo } from '../state/bandwidth.js';
import { assignSlots, buildIntent, deviceHeight, wantedTracks } from '../state/intent.js';
import { stageOf } from '../state/tiles.js';

/** @typedef {import('../state/reducer.js').State} State */
/** @typedef {import('../state/intent.js').Mids} Mids */

/** Changes within this time go out as one intent. */
const COALESCE_MS = 50;
/** A window being dragged must not ask for a new layer at every pixel. */
const MEASURE_MS = 250;

export class Wishes {
  /** @param {{state: () => State, mids: () => Mids | null, send: (message: string) => void}} page `mids` is null while nothing can be said */
  constructor(page) {
    this.page = page;
    this.rev = 0;
    /** The wish as last sent, without its revision. */
    this.sent = '';
    /** @type {Map<string, string>} mid -> track */
    this.slots = new Map();
    /** @type {Map<string, number>} tile -> device pixels */
    this.heights = new Map();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.dueAtMs = Infinity;
  }

  changed() {
    this.#within(COALESCE_MS);
  }

  /** @param {string} tile @param {number} cssHeight 0 = not shown */
  measured(tile, cssHeight) {
    const height = deviceHeight(cssHeight, window.devicePixelRatio);
    const before = this.heights.get(tile);
    this.heights.set(tile, height);
    if (height !== before) this.#within(before === undefined ? COALESCE_MS : MEASURE_MS);
  }

  /** A new session or a resumed one: revisions go on from the server's, and the whole wish is said again. @param {number} serverRev */
  renew(serverRev) {
    this.rev = Math.max(this.rev, serverRev);
    this.sent = '';
    this.send();
  }

  send() {
    clearTimeout(this.timer);
    this.dueAtMs = Infinity;
    const mids = this.page.mids();
    const state = this.page.state();
    if (!mids || !state.room) return;
    const { tiles, arrangement } = stageOf(state);
    this.slots = assignSlots(mids.video, wantedTracks(tiles, arrangement), this.slots);
    const wish = buildIntent({
      mids,
      sources: state.sources,
      carriesVideo: sendsVideo(state.rung),
      tiles,
      arrangement,
      slots: this.slots,
      heights: this.heights,
      pinned: state.pinned,
      hidden: document.visibilityState === 'hidden',
      listenTo: state.room.tracks.flatMap((track) =>
        track.source === 'stethoscope' && track.active && track.participant !== state.selfId ? track.id : [],
      ),
    });
    const said = JSON.stringify(wish);
    if (said === this.sent) return;
    this.sent = said;
    this.rev += 1;
    this.page.send(intentMessage({ rev: this.rev, ...wish }));
  }

  /** @param {number} ms */
  #within(ms) {
    const dueAtMs = performance.now() + ms;
    if (dueAtMs >= this.dueAtMs) return;
    clearTimeout(this.timer);
    this.dueAtMs = dueAtMs;
    this.timer = setTimeout(() => this.send(), ms);
  }
}
