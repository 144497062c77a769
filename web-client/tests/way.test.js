import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Api } from '../public/js/desk/api.js';
import { reduce, initialState } from '../public/js/state/reducer.js';
import { createStore } from '../public/js/state/store.js';
import { awaitsPatient, inOrder, mayEnter, opensAtMs, stepOf } from '../public/js/state/way.js';
import { Way } from '../public/js/session/way.js';

/** @typedef {import('../public/js/state/way.js').Visit} Visit */

const WISH = { isEntering: false, hasDeclined: false, asksAgain: false };
const TEXT = { purpose: 'consultation', version: 3, text: '…' };

/** @param {Partial<Visit>} [parts] @param {Partial<Visit['appointment']>} [appointment] @returns {Visit} */
function visit(parts = {}, appointment = {}) {
  return {
    appointment: {
      status: 'confirmed',
      start: '2026-11-22T09:30:00.000Z',
      end: '2026-11-22T10:00:00.000Z',
      channel: 'home_link',
      specialist: { name: 'Оспанов М.', specialty: 'cardiology' },
      site: { name: 'Преснов АА', time_zone: 'Asia/Almaty', phone: '+7 7152 55-12-34' },
      ...appointment,
    },
    role: 'patient',
    name: 'Марат Сәрсенов',
    language: 'kk',
    consents_needed: [TEXT],
    allowed: ['check_in', 'cancel'],
    host: { status: 'away' },
    ...parts,
  };
}

test('the way goes from the greeting over consent to the waiting room', () => {
  assert.equal(stepOf(visit(), WISH), 'greeting');
  assert.equal(stepOf(visit(), { ...WISH, isEntering: true }), 'consent');
  assert.equal(stepOf(visit({ consents_needed: [] }), { ...WISH, isEntering: true }), 'ready');
});

test('who declined stands before a closed door until they ask to read it again', () => {
  const answered = visit({ consents_needed: [] });
  assert.equal(stepOf(answered, { ...WISH, isEntering: true, hasDeclined: true }), 'declined');
  assert.equal(stepOf(answered, { ...WISH, isEntering: true, asksAgain: true }), 'consent');
});

test('nothing leads into a visit that is over', () => {
  for (const status of ['completed', 'cancelled', 'no_show', 'failed', 'entered_in_error']) {
    assert.equal(stepOf(visit({}, { status }), { ...WISH, isEntering: true }), 'over', status);
  }
});

test('the waiting room opens half an hour before a visit by link, and never for a visit at the clinic', () => {
  const opens = Date.parse('2026-11-22T09:00:00.000Z');
  assert.equal(opensAtMs(visit(), opens - 1), opens);
  assert.equal(opensAtMs(visit(), opens), null);
  assert.equal(opensAtMs(visit({}, { channel: 'cart' }), opens - 1), null);
});

test('who came to help waits until somebody has checked the patient in', () => {
  const nowMs = Date.parse('2026-11-22T09:10:00.000Z');
  const guest = (/** @type {string[]} */ allowed) => visit({ role: 'interpreter', consents_needed: [], allowed });
  assert.ok(awaitsPatient(guest([]), nowMs));
  assert.ok(!awaitsPatient(guest(['join']), nowMs));
  assert.ok(!awaitsPatient(visit({ allowed: [] }), nowMs), 'the patient checks in');
});

test('the server says who may enter', () => {
  assert.ok(mayEnter(visit()) && mayEnter(visit({ allowed: ['join'] })));
  assert.ok(!mayEnter(visit({ allowed: ['confirm', 'cancel'] })));
});

test('the consultation is asked about first', () => {
  const purposes = inOrder([{ ...TEXT, purpose: 'images' }, TEXT]).map(({ purpose }) => purpose);
  assert.deepEqual(purposes, ['consultation', 'images']);
});

/** A server of one visit that writes down what it was asked. @param {Visit} at first @param {Record<string, (body: any) => Visit | {status: number, code: string}>} acts */
function clinic(at, acts) {
  let now = at;
  /** @type {string[]} */
  const asked = [];
  const fetcher = /** @type {typeof fetch} */ (async (url, init) => {
    const path = String(url).replace('/api/v1/visit', '');
    assert.equal(new Headers(init?.headers).get('authorization'), 'Bearer v_secret');
    const answer = (/** @type {unknown} */ body, status = 200) => new Response(body === null ? null : JSON.stringify(body), { status });
    if (init?.method === 'GET') return answer(now);
    asked.push(`${path} ${init?.body ?? ''}`.trim());
    const next = acts[path]?.(JSON.parse(String(init?.body ?? '{}')));
    if (next && 'code' in next) return answer({ ...next, title: 'No' }, next.status);
    now = next ?? now;
    return answer(null, 204);
  });
  const store = createStore(reduce, initialState('kk'));
  let opened = 0;
  const way = new Way(new Api('kk', fetcher, 'v_secret'), store, async () => void (opened += 1));
  return { way, asked, state: () => store.state().way, opened: () => opened };
}

test('from the link to the waiting room: the answer is recorded, the person checked in, the door opened once', async () => {
  const { way, asked, opened, state } = clinic(visit(), { '/consents': () => visit({ consents_needed: [] }), '/check-in': () => visit({ consents_needed: [], allowed: ['join'] }) });
  await way.read();
  await way.enter();
  assert.deepEqual([opened(), asked], [0, []], 'the questions come first');
  await way.decide({ consultation: 'given' });
  assert.deepEqual(asked, ['/consents {"purpose":"consultation","decision":"given","text_version":3,"language":"kk","giver":"patient"}', '/check-in']);
  assert.deepEqual([opened(), state()?.isBusy], [1, false]);
});

test('a refusal is recorded and leads nowhere; a second thought asks the same texts again', async () => {
  const answered = visit({ consents_needed: [] });
  const { way, asked, opened, state } = clinic(visit(), { '/consents': () => answered });
  await way.read();
  await way.enter();
  await way.decide({ consultation: 'refused' });
  assert.deepEqual([opened(), asked.length, state()?.hasDeclined], [0, 1, true]);
  way.thinkAgain();
  assert.deepEqual(state()?.texts, [TEXT]);
  await way.decide({ consultation: 'given' });
  assert.equal(opened(), 1);
});

test('what the server refuses is said in its words, and the person is back at the greeting', async () => {
  const { way, opened, state } = clinic(visit({ consents_needed: [] }), { '/check-in': () => ({ status: 409, code: 'check_in_too_late' }) });
  await way.read();
  await way.enter();
  assert.deepEqual(state()?.problem, { code: 'check_in_too_late', words: ['No'] });
  assert.deepEqual([opened(), state()?.isEntering], [0, false]);
});

test('a representative answers in their own name', async () => {
  const { way, asked } = clinic(visit({ role: 'legal_representative', name: 'Сейтқали Б.' }), {});
  await way.read();
  await way.decide({ consultation: 'given' });
  assert.match(asked[0] ?? '', /"giver":"legal_representative","giver_name":"Сейтқали Б\."/);
});
