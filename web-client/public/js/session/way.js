/** A guest's way to the waiting room: reads the visit by the link and tells the server what the person answers. Keeps nothing that is not in the store. */
import { Problem } from '../desk/problem.js';
import { hasDeclined, stepOf } from '../state/way.js';
import { Refusal, refusalOf } from './entrance.js';

/** @typedef {import('../state/store.js').Store<import('../state/reducer.js').State, import('../state/reducer.js').AppEvent>} Store */

export class Way {
  /** @param {import('../desk/api.js').Api} api that carries the link @param {Store} store @param {() => Promise<unknown>} onReady nothing stands before the waiting room any more */
  constructor(api, store, onReady) {
    this.api = api;
    this.store = store;
    this.onReady = onReady;
  }

  /** @returns {Promise<import('../state/way.js').Visit>} @throws {Refusal} where the link opens nothing */
  async read() {
    const visit = await this.api.get('/visit').catch((error) => {
      throw refusalOf('link', error);
    });
    this.#change({ visit });
    return visit;
  }

  /** Reads anew without a word when that fails: what is shown stays. */
  async refresh() {
    await this.read().catch(() => {});
  }

  confirm() {
    return this.#act(() => this.api.post('/visit/confirm'));
  }

  /** @param {string} reason one of `CANNOT_COME` */
  cancel(reason) {
    return this.#act(() => this.api.post('/visit/cancel', { reason }));
  }

  /** @param {number} score from 1 to 5 */
  async rate(score) {
    this.#change({ hasRated: true });
    // Who thanks a person for an answer does not then ask them to send it again.
    await this.api.post('/visit/survey', { score }).catch(() => {});
  }

  /** Towards the waiting room: through the questions that are open, and in. */
  async enter() {
    this.#change({ isEntering: true, hasDeclined: false, asksAgain: false });
    await this.#act(async () => null);
  }

  /** @param {import('../state/way.js').Decisions} decisions */
  async decide(decisions) {
    const { visit, texts } = this.#way();
    const { language } = this.store.state();
    const giver = visit.role === 'patient' ? { giver: 'patient' } : { giver: 'legal_representative', giver_name: visit.name };
    this.#change({ hasDeclined: hasDeclined(decisions), asksAgain: false });
    await this.#act(async () => {
      let told = null;
      for (const { purpose, version } of texts) {
        const decision = decisions[purpose];
        if (decision) told = await this.api.create('/visit/consents', { purpose, decision, text_version: version, language, ...giver });
      }
      return told;
    });
  }

  thinkAgain() {
    this.#change({ hasDeclined: false, asksAgain: true });
  }

  back() {
    this.#change({ isEntering: false, hasDeclined: false, asksAgain: false });
  }

  /** Tells the server, takes what became of the visit, and goes on from there. @param {() => Promise<any>} tell */
  async #act(tell) {
    if (this.#way().isBusy) return;
    this.#change({ isBusy: true, problem: null });
    try {
      // What was told is answered with the visit as it is then; it is asked for where it was not.
      const told = await tell();
      const visit = told?.appointment ? told : await this.read();
      this.#change({ visit });
      if (stepOf(visit, this.#way()) !== 'ready') return;
      if (visit.allowed.includes('check_in')) await this.api.post('/visit/check-in');
      await this.onReady();
    } catch (error) {
      this.#change({ problem: problemOf(error), isEntering: false });
    } finally {
      this.#change({ isBusy: false });
    }
  }

  #way() {
    const { way } = this.store.state();
    if (!way) throw new Error('the visit has not been read');
    return way;
  }

  /** @param {Partial<import('../state/reducer.js').Way>} change */
  #change(change) {
    this.store.dispatch({ type: 'way', change });
  }
}

/** @param {unknown} error @returns {import('../state/reducer.js').Problem} in the server's words, where it gave any */
export function problemOf(error) {
  if (error instanceof Refusal) return error.problem;
  if (!(error instanceof Problem)) return { code: 'E-NET-6' };
  return { code: error.code, words: [error.title, error.detail].flatMap((words) => words ?? []) };
}
