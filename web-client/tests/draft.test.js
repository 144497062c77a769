import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Api } from '../public/js/desk/api.js';
import { unreachable } from '../public/js/desk/problem.js';
import { Case } from '../public/js/session/case.js';
import { bodyOf, EMPTY_DRAFT, isUnsaved, isWorthSaving, reduceDraft } from '../public/js/state/draft.js';

/** @typedef {import('../public/js/state/draft.js').DraftEvent} DraftEvent */

/** @param {string} summary @param {number} version @param {string | null} [signed] */
const conclusion = (summary, version, signed = null) => ({ version, summary, recommendations: null, icd10: null, signed });
/** @param {string} summary @param {number} version */
const kept = (summary, version) => ({ summary, recommendations: '', icd10: '', version });
/** @param {DraftEvent[]} events */
const after = (...events) => events.reduce(reduceDraft, EMPTY_DRAFT);
/** @type {DraftEvent} */
const BLANK = { type: 'loaded', conclusion: null, kept: null };
/** @param {string} text @returns {DraftEvent} */
const typed = (text) => ({ type: 'typed', field: 'summary', text });

test('what is typed is unsaved until the server has it', () => {
  const draft = after(BLANK, typed('Стенокардия'));
  assert.deepEqual([draft.status, isUnsaved(draft), isWorthSaving(draft)], ['unsaved', true, true]);
  const saved = reduceDraft(draft, { type: 'saved', conclusion: conclusion('Стенокардия', 1) });
  assert.deepEqual([saved.status, saved.version, isUnsaved(saved)], ['saved', 1, false]);
});

test('what was typed while a text was on its way is sent after it', () => {
  const draft = after(BLANK, typed('С'), { type: 'saving' }, typed('Ст'), { type: 'saved', conclusion: conclusion('С', 1) });
  assert.deepEqual([draft.status, draft.words.summary, draft.version], ['unsaved', 'Ст', 1]);
});

test('without a summary there is nothing that the server takes, and nothing is lost', () => {
  const draft = after(BLANK, { type: 'typed', field: 'icd10', text: 'I20.8' });
  assert.deepEqual([isWorthSaving(draft), isUnsaved(draft)], [false, true]);
});

test('after a reload the copy in this tab goes on where it was', () => {
  const draft = after({ type: 'loaded', conclusion: conclusion('Ст', 3), kept: kept('Стенокардия', 3) });
  assert.deepEqual([draft.status, draft.words.summary], ['unsaved', 'Стенокардия']);
});

test('a text that was saved elsewhere meanwhile is chosen between, not written over', () => {
  const draft = after({ type: 'loaded', conclusion: conclusion('Их', 4), kept: kept('Мой', 3) });
  assert.deepEqual([draft.status, draft.words.summary, draft.theirs?.summary, isWorthSaving(draft)], ['overtaken', 'Мой', 'Их', false]);
  const mine = reduceDraft(draft, { type: 'keep_mine' });
  assert.deepEqual([mine.words.summary, isWorthSaving(mine), mine.version], ['Мой', true, 4]);
  const theirs = reduceDraft(draft, { type: 'take_theirs' });
  assert.deepEqual([theirs.words.summary, isUnsaved(theirs)], ['Их', false]);
});

test('the same text saved elsewhere is no conflict', () => {
  const draft = after(BLANK, typed('Одно'), { type: 'saving' }, { type: 'overtaken', conclusion: conclusion('Одно', 2) });
  assert.deepEqual([draft.status, draft.version], ['saved', 2]);
});

test('what is signed is not typed into', () => {
  const draft = after({ type: 'loaded', conclusion: conclusion('Готово', 5, '2026-11-22T05:00:00.000Z'), kept: kept('Другое', 4) });
  assert.deepEqual([draft.status, draft.words.summary], ['signed', 'Готово']);
  assert.equal(reduceDraft(draft, typed('!')).words.summary, 'Готово');
});

test('a failure keeps the text and tries again', () => {
  const draft = after(BLANK, typed('Текст'), { type: 'saving' }, { type: 'failed', problem: unreachable() });
  assert.deepEqual([draft.status, draft.words.summary, isWorthSaving(draft)], ['failed', 'Текст', true]);
});

test('the API takes null for what was left blank', () => {
  assert.deepEqual(bodyOf({ summary: ' a ', recommendations: ' ', icd10: '' }), { summary: 'a', recommendations: null, icd10: null });
});

/** A server that keeps one conclusion and one appointment. */
function clinic() {
  /** @type {{calls: string[], conclusion: ReturnType<typeof conclusion> | null}} */
  const server = { calls: [], conclusion: null };
  const answer = (/** @type {unknown} */ body, status = 200) => new Response(JSON.stringify(body), { status });
  const fetcher = /** @type {typeof fetch} */ (async (url, init) => {
    const path = String(url).replace('/api/v1/appointments/7', '');
    const headers = new Headers(init?.headers);
    const body = init?.body ? JSON.parse(String(init.body)) : null;
    if (init?.method !== 'GET') server.calls.push(`${init?.method} ${path} ${headers.get('if-match')} ${init?.body}`);
    if (path === '/conclusion' && init?.method === 'PUT') {
      if (headers.get('if-match') !== `"${server.conclusion?.version ?? 0}"`) return answer({ code: 'changed', title: 'Changed' }, 412);
      server.conclusion = conclusion(body.summary, (server.conclusion?.version ?? 0) + 1);
      return answer(server.conclusion);
    }
    if (path === '/conclusion') return server.conclusion ? answer(server.conclusion) : answer({ code: 'not_found', title: 'None' }, 404);
    return answer({ version: 9, status: 'in_call', allowed: ['complete'] });
  });
  const opened = new Case(new Api('ru', fetcher), '7', true, () => {});
  opened.draft.dispatch(BLANK);
  return { server, opened };
}

test('finishing saves what was typed last, then signs it upon the appointment as it is', async () => {
  const { server, opened } = clinic();
  opened.type('summary', 'Стенокардия');
  assert.equal(await opened.finish(null), true);
  assert.deepEqual(server.calls, [
    'PUT /conclusion "0" {"summary":"Стенокардия","recommendations":null,"icd10":null}',
    'POST /events "9" {"event":"complete"}',
  ]);
  assert.equal(opened.draft.state().status, 'signed');
});

test('a visit without a conclusion ends with the reason for none', async () => {
  const { server, opened } = clinic();
  await opened.finish('patient_left');
  assert.deepEqual(server.calls, ['POST /events "9" {"event":"complete","reason":"patient_left"}']);
});

test('nothing is signed while another text stands on the server', async () => {
  const { server, opened } = clinic();
  server.conclusion = conclusion('Из другого окна', 1);
  opened.type('summary', 'Мой текст');
  assert.equal(await opened.finish(null), false);
  assert.deepEqual([opened.draft.state().status, server.calls.length, server.conclusion.summary], ['overtaken', 1, 'Из другого окна']);
});
