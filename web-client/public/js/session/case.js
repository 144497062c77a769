/**
 * The appointment behind the call, for staff: its referral and consents as they are now, the conclusion being written, and the end of the
 * visit. Owns the draft's copy in this tab until the server has it.
 */
import { Live } from '../desk/live.js';
import { Problem, unreachable } from '../desk/problem.js';
import { bodyOf, EMPTY_DRAFT, isSame, isUnsaved, isWorthSaving, reduceDraft } from '../state/draft.js';
import { createStore } from '../state/store.js';

/** @typedef {import('../desk/types.js').Appointment} Appointment */
/** @typedef {{visit: Appointment | null, problem: Problem | null, isBusy: boolean}} CaseState */

/** A pause in typing. */
const SAVE_AFTER_MS = 1_000;
const AGAIN_AFTER_MS = 4_000;
/** The server ends the room by itself; a page that does not hear of it leaves. */
const ROOM_ENDS_MS = 3_000;

export class Case {
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {Promise<void> | null} */ #saving = null;

  /** @param {import('../desk/api.js').Api} api @param {string} id of the appointment @param {boolean} writes this person writes the conclusion @param {() => void} onEnded */
  constructor(api, id, writes, onEnded) {
    this.api = api;
    this.id = id;
    this.writes = writes;
    this.onEnded = onEnded;
    this.draft = createStore(reduceDraft, EMPTY_DRAFT);
    /** @type {import('../state/store.js').Store<CaseState, Partial<CaseState>>} */
    this.store = createStore(changed, { visit: null, problem: null, isBusy: false });
    this.live = new Live();
  }

  start() {
    this.live.listen(['appointments', 'consents', 'visits'], () => void this.read());
    this.live.start();
    this.draft.subscribe(() => this.#keep());
    window.addEventListener('online', () => this.#saveSoon(0));
    window.addEventListener('pagehide', () => this.#keep());
    window.addEventListener('beforeunload', (event) => isUnsaved(this.draft.state()) && event.preventDefault());
    return Promise.all([this.read(), this.writes ? this.#readConclusion() : undefined]);
  }

  async read() {
    try {
      this.store.dispatch({ visit: await this.api.get(`/appointments/${this.id}`), problem: null });
    } catch (error) {
      if (!this.store.state().visit) this.store.dispatch({ problem: asProblem(error) });
    }
  }

  /** @param {keyof import('../state/draft.js').Words} field @param {string} text */
  type(field, text) {
    this.draft.dispatch({ type: 'typed', field, text });
    this.#saveSoon(SAVE_AFTER_MS);
  }

  /** Which of two texts it is to be. @param {'keep_mine' | 'take_theirs'} choice */
  choose(choice) {
    this.draft.dispatch({ type: choice });
    this.#saveSoon(0);
  }

  /** Now, and the answer awaited. */
  async save() {
    clearTimeout(this.#timer);
    await this.#saving;
    if (!isWorthSaving(this.draft.state())) return;
    this.#saving = this.#put().finally(() => {
      this.#saving = null;
    });
    await this.#saving;
  }

  /** Signs the conclusion, or says why there is none, and ends the visit. @param {string | null} reason for none @returns {Promise<boolean>} */
  finish(reason) {
    return this.#act(async () => {
      if (reason === null) {
        await this.save();
        const { status, problem } = this.draft.state();
        if (status !== 'saved') throw problem ?? unreachable();
      }
      await this.#tell({ event: 'complete', ...(reason === null ? {} : { reason }) });
      this.draft.dispatch({ type: 'signed' });
      setTimeout(this.onEnded, ROOM_ENDS_MS);
    });
  }

  /** Says that what the system proposes is so. @param {'confirm_no_show' | 'confirm_failure'} event */
  confirm(event) {
    return this.#act(() => this.#tell({ event }));
  }

  /** Upon the appointment as it is at this moment: people who come and go change it all the time. @param {{event: string, reason?: string}} what */
  async #tell(what) {
    const { version } = await this.api.get(`/appointments/${this.id}`);
    await this.api.post(`/appointments/${this.id}/events`, what, version);
    await this.read();
  }

  /** @param {() => Promise<void>} act */
  async #act(act) {
    if (this.store.state().isBusy) return false;
    this.store.dispatch({ isBusy: true, problem: null });
    try {
      await act();
      return true;
    } catch (error) {
      this.store.dispatch({ problem: asProblem(error) });
      return false;
    } finally {
      this.store.dispatch({ isBusy: false });
    }
  }

  async #readConclusion() {
    const conclusion = await this.#conclusion().catch(() => undefined);
    if (conclusion === undefined) return void setTimeout(() => void this.#readConclusion(), AGAIN_AFTER_MS);
    this.draft.dispatch({ type: 'loaded', conclusion, kept: recall(this.id) });
    this.#saveSoon(0);
  }

  /** @returns {Promise<import('../state/draft.js').Conclusion | null>} null: nobody has begun one */
  async #conclusion() {
    return this.api.get(`/appointments/${this.id}/conclusion`).catch((error) => {
      if (error instanceof Problem && error.status === 404) return null;
      throw error;
    });
  }

  /** @param {number} ms */
  #saveSoon(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), ms);
  }

  async #put() {
    const { words, version } = this.draft.state();
    this.draft.dispatch({ type: 'saving' });
    try {
      this.draft.dispatch({ type: 'saved', conclusion: await this.api.put(`/appointments/${this.id}/conclusion`, bodyOf(words), version) });
      if (!isSame(words, this.draft.state().words)) this.#saveSoon(SAVE_AFTER_MS);
    } catch (error) {
      await this.#notSaved(asProblem(error));
    }
  }

  /** @param {Problem} problem */
  async #notSaved(problem) {
    const isOvertaken = problem.status === 412 || problem.code === 'conclusion_signed';
    const theirs = isOvertaken ? await this.#conclusion().catch(() => null) : null;
    if (theirs?.signed) return this.draft.dispatch({ type: 'signed' });
    if (theirs) return this.draft.dispatch({ type: 'overtaken', conclusion: theirs });
    this.draft.dispatch({ type: 'failed', problem });
    // What a form has to correct is sent again when it was corrected.
    if (problem.status === 0 || problem.status >= 500) this.#saveSoon(AGAIN_AFTER_MS);
  }

  #keep() {
    const draft = this.draft.state();
    if (draft.status !== 'loading') remember(this.id, isUnsaved(draft) ? { ...draft.words, version: draft.version } : null);
  }
}

/** @param {CaseState} state @param {Partial<CaseState>} change @returns {CaseState} */
function changed(state, change) {
  return { ...state, ...change };
}

/** @param {unknown} error */
function asProblem(error) {
  return error instanceof Problem ? error : unreachable();
}

/** @param {string} id */
const keyOf = (id) => `kenes.conclusion.${id}`;

/** @param {string} id @returns {import('../state/draft.js').Kept | null} */
function recall(id) {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(id)) ?? 'null');
  } catch {
    return null;
  }
}

/** @param {string} id @param {import('../state/draft.js').Kept | null} kept */
function remember(id, kept) {
  try {
    if (kept) sessionStorage.setItem(keyOf(id), JSON.stringify(kept));
    else sessionStorage.removeItem(keyOf(id));
  } catch {
    // Without storage the text lives on the screen until the server has it, and the page asks before it goes.
  }
}
