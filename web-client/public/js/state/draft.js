/**
 * The conclusion as it is being written: the text on the screen, what the server has of it, and whether the two agree. Nothing that was
 * typed is dropped: it leaves only when the server has it, or when the person says so. Pure.
 */

/** @typedef {{summary: string, recommendations: string, icd10: string}} Words */
/** @typedef {{version: number, summary: string, recommendations: string | null, icd10: string | null, signed: string | null}} Conclusion as the API gives it */
/**
 * @typedef {object} Draft
 * @property {'loading' | 'saved' | 'unsaved' | 'saving' | 'failed' | 'overtaken' | 'signed'} status
 * @property {Words} words
 * @property {Words} stored what the server has
 * @property {number} version of what the server has; 0 = nothing yet
 * @property {Words | null} theirs what was saved elsewhere meanwhile, to be chosen between
 * @property {import('../desk/problem.js').Problem | null} problem why it was not saved
 */
/** @typedef {Words & {version: number}} Kept the copy in this tab, with the version that it was written upon */
/**
 * @typedef {{type: 'loaded', conclusion: Conclusion | null, kept: Kept | null} | {type: 'typed', field: keyof Words, text: string} | {type: 'saving'}
 *   | {type: 'saved', conclusion: Conclusion} | {type: 'failed', problem: import('../desk/problem.js').Problem} | {type: 'overtaken', conclusion: Conclusion}
 *   | {type: 'keep_mine'} | {type: 'take_theirs'} | {type: 'signed'}} DraftEvent
 */

/** @type {Words} */
const BLANK = { summary: '', recommendations: '', icd10: '' };

/** @type {Draft} */
export const EMPTY_DRAFT = { status: 'loading', words: BLANK, stored: BLANK, version: 0, theirs: null, problem: null };

/** @param {Draft} draft @param {DraftEvent} event @returns {Draft} */
export function reduceDraft(draft, event) {
  switch (event.type) {
    case 'loaded':
      return loaded(event.conclusion, event.kept);
    case 'typed':
      return typed(draft, { ...draft.words, [event.field]: event.text });
    case 'saving':
      return { ...draft, status: 'saving', problem: null };
    case 'saved': {
      const stored = wordsOf(event.conclusion);
      return settled({ ...draft, stored, version: event.conclusion.version, problem: null });
    }
    case 'failed':
      return { ...draft, status: 'failed', problem: event.problem };
    case 'overtaken':
      return overtaken({ ...draft, version: event.conclusion.version, stored: wordsOf(event.conclusion) });
    case 'keep_mine':
      return { ...draft, status: 'unsaved', theirs: null };
    case 'take_theirs':
      return { ...draft, status: 'saved', words: draft.theirs ?? draft.words, theirs: null };
    case 'signed':
      return { ...draft, status: 'signed' };
  }
}

/** There is something to send, and the server takes it. @param {Draft} draft */
export function isWorthSaving({ status, words }) {
  return (status === 'unsaved' || status === 'failed') && words.summary.trim() !== '';
}

/** What would be lost with this tab. @param {Draft} draft */
export function isUnsaved({ status, words, stored }) {
  return status !== 'loading' && status !== 'signed' && !isSame(words, stored);
}

/** @param {Words} words as the API takes them */
export function bodyOf({ summary, recommendations, icd10 }) {
  return { summary: summary.trim(), recommendations: recommendations.trim() || null, icd10: icd10.trim() || null };
}

/** @param {Words} one @param {Words} other */
export function isSame(one, other) {
  const [a, b] = [bodyOf(one), bodyOf(other)];
  return a.summary === b.summary && a.recommendations === b.recommendations && a.icd10?.toUpperCase() === b.icd10?.toUpperCase();
}

/** @param {Conclusion | null} conclusion @param {Kept | null} kept @returns {Draft} */
function loaded(conclusion, kept) {
  const stored = conclusion ? wordsOf(conclusion) : BLANK;
  const version = conclusion?.version ?? 0;
  const draft = { ...EMPTY_DRAFT, words: stored, stored, version };
  if (conclusion?.signed) return { ...draft, status: 'signed' };
  if (!kept || isSame(kept, stored)) return { ...draft, status: 'saved' };
  const mine = { ...draft, words: { summary: kept.summary, recommendations: kept.recommendations, icd10: kept.icd10 } };
  return kept.version === version ? { ...mine, status: 'unsaved' } : overtaken(mine);
}

/** @param {Draft} draft @param {Words} words @returns {Draft} */
function typed(draft, words) {
  if (draft.status === 'signed' || draft.status === 'loading') return draft;
  // Between two texts the person decides first; while one is on its way the answer decides.
  const waits = draft.status === 'overtaken' || draft.status === 'saving';
  return waits ? { ...draft, words } : settled({ ...draft, words });
}

/** @param {Draft} draft @returns {Draft} */
function settled(draft) {
  return { ...draft, status: isSame(draft.words, draft.stored) ? 'saved' : 'unsaved' };
}

/** @param {Draft} draft @returns {Draft} */
function overtaken(draft) {
  if (isSame(draft.words, draft.stored)) return { ...draft, status: 'saved', theirs: null };
  return { ...draft, status: 'overtaken', theirs: draft.stored };
}

/** @param {Conclusion} conclusion @returns {Words} */
function wordsOf({ summary, recommendations, icd10 }) {
  return { summary, recommendations: recommendations ?? '', icd10: icd10 ?? '' };
}
