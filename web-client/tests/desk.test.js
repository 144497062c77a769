import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Api, withQuery } from '../public/js/desk/api.js';
import { Problem, isOvertaken } from '../public/js/desk/problem.js';
import { can, tabsOf, viewFor, VIEWS } from '../public/js/desk/navigation.js';
import { readRoute, routeHash } from '../public/js/desk/route.js';
import { readNotice, reconnectDelayMs } from '../public/js/desk/live-rules.js';
import { NO_TOASTS, reduceToasts } from '../public/js/desk/toasts.js';
import { readdirSync } from 'node:fs';

/** @typedef {{url: string, method: string, headers: Record<string, string>, body: any}} Call */

/** An API before a server that answers from `answers`, one after the other. @param {(() => Response)[]} answers */
function apiBefore(...answers) {
  /** @type {Call[]} */
  const calls = [];
  const fetcher = async (/** @type {any} */ url, /** @type {any} */ init) => {
    calls.push({ url, method: init.method, headers: init.headers, body: init.body && JSON.parse(init.body) });
    const answer = answers.shift();
    if (!answer) throw new TypeError('no network');
    return answer();
  };
  return { api: new Api('kk', /** @type {any} */ (fetcher)), calls };
}

const json = (/** @type {object} */ body, status = 200, headers = {}) => () => new Response(JSON.stringify(body), { status, headers });

test('a call says its language and the version that it changes', async () => {
  const { api, calls } = apiBefore(json({}), json({ id: 'x' }));
  await api.post('/appointments/1/events', { event: 'confirm' }, 7);
  assert.deepEqual(calls[0]?.headers['If-Match'], '"7"');
  assert.deepEqual(calls[0]?.headers['Accept-Language'], 'kk');
  assert.equal(calls[0]?.url, '/api/v1/appointments/1/events');
});

test('a click that is repeated because no answer came has the same idempotency key', async () => {
  const { api, calls } = apiBefore();
  await assert.rejects(api.create('/appointments', { slot: 'a' }), { code: 'E-NET-1' });
  await assert.rejects(api.create('/appointments', { slot: 'a' }), { code: 'E-NET-1' });
  await assert.rejects(api.create('/appointments', { slot: 'b' }), { code: 'E-NET-1' });
  const keys = calls.map(({ headers }) => headers['Idempotency-Key']);
  assert.equal(keys[0], keys[1]);
  assert.notEqual(keys[0], keys[2]);
  assert.match(keys[0] ?? '', /^[0-9a-f]{32}$/);
});

test('after an answer the same form makes something new', async () => {
  const { api, calls } = apiBefore(json({ id: '1' }, 201), json({ code: 'time_taken', title: 'Taken' }, 409), json({ id: '2' }, 201));
  await api.create('/appointments', { slot: 'a' });
  await assert.rejects(api.create('/appointments', { slot: 'a' }), { code: 'time_taken' });
  await api.create('/appointments', { slot: 'a' });
  assert.equal(new Set(calls.map(({ headers }) => headers['Idempotency-Key'])).size, 3);
});

test('a refusal has the server\'s words, its code and what is wrong with each field', async () => {
  const { api } = apiBefore(json({ code: 'invalid', title: 'Тексеріңіз', fields: [{ field: 'iin', code: 'field_check_digit', text: 'ЖСН қате' }] }, 422));
  const problem = await api.get('/patients').catch((/** @type {unknown} */ error) => error);
  assert.ok(problem instanceof Problem);
  assert.deepEqual([problem.code, problem.title, problem.status, problem.field('iin'), problem.field('name')], ['invalid', 'Тексеріңіз', 422, 'ЖСН қате', null]);
});

test('an answer that is no problem+json still has words and a code', () => {
  const problem = Problem.read(502, '<html>');
  assert.deepEqual([problem.code, problem.title], ['E-NET-6', null]);
});

test('who is signed out is led to the sign-in page', async () => {
  const { api } = apiBefore(json({ code: 'not_signed_in', title: 'x' }, 401));
  let signedOut = 0;
  api.onSignedOut = () => signedOut++;
  await assert.rejects(api.get('/appointments'));
  assert.equal(signedOut, 1);
});

test('a list is read to its end', async () => {
  const { api, calls } = apiBefore(json({ items: [1, 2], next: 'c 1' }), json({ items: [3], next: null }));
  assert.deepEqual(await api.list('/referrals', { status: 'received' }), { items: [1, 2, 3], isCut: false });
  assert.equal(calls[1]?.url, '/api/v1/referrals?limit=200&status=received&cursor=c+1');
});

test('a wrong clock of the PC is put right by the server\'s', async () => {
  const { api } = apiBefore(json({}, 200, { Date: new Date(Date.now() + 3_600_000).toUTCString() }));
  await api.get('/session');
  assert.ok(Math.abs(api.nowMs() - Date.now() - 3_600_000) < 2_000);
});

test('what is not asked for is left out of the query', () => {
  assert.equal(withQuery('/slots', { specialty: 'cardiology', cart: null, patient: undefined, urgent: false }), '/slots?specialty=cardiology&urgent=false');
});

test('to be overtaken by somebody is told apart from a mistake of one\'s own', () => {
  const of = (/** @type {string} */ code, status = 409) => new Problem({ code, status, title: null, detail: null, fields: [] });
  assert.ok(isOvertaken(of('hold_of_another')) && isOvertaken(of('changed', 412)));
  assert.ok(!isOvertaken(of('invalid', 422)) && !isOvertaken(new Error('x')));
});

const nurse = /** @type {import('../public/js/desk/types.js').Me} */ ({
  kind: 'user', id: '1', name: 'A', roles: ['nurse'], site: { id: 's', name: 'S', time_zone: 'Asia/Almaty' }, specialty: null, languages: [], must_change_password: false,
  rights: { 'appointments:read': 'site', 'appointments:write': 'site', 'referrals:read': 'site', 'waitlist:work': 'site', 'patients:read': 'site' },
});

test('a tab is there for whom has its role and its right', () => {
  assert.deepEqual(tabsOf(nurse).map(({ id }) => id), ['today', 'week', 'referrals', 'waitlist', 'patients']);
  assert.deepEqual(tabsOf({ ...nurse, roles: ['admin'] }), []);
});

test('an address that is not this person\'s leads to the first view', () => {
  assert.equal(viewFor(nurse, 'audit')?.id, 'today');
  assert.equal(viewFor(nurse, 'book')?.id, 'book');
  assert.equal(viewFor({ ...nurse, roles: ['integrator'] }, 'today'), null);
});

test('a right reaches as far as it was given', () => {
  assert.ok(can(nurse, 'patients:read', 'site'));
  assert.ok(!can(nurse, 'patients:read', 'everywhere'));
  assert.ok(!can(nurse, 'audit:read'));
});

test('each area of the navigation has its module and its words', () => {
  const folders = (/** @type {string} */ path) => readdirSync(new URL(`../public/js/${path}/`, import.meta.url));
  for (const { area } of VIEWS) assert.ok(folders('desk').includes(area) && folders('i18n').includes(area), area);
});

test('an address is read as it was written', () => {
  assert.deepEqual(readRoute(routeHash('book', '019-a')), { view: 'book', id: '019-a' });
  assert.deepEqual(readRoute(routeHash('today')), { view: 'today', id: null });
  for (const hash of ['', '#', '#/', '#/<script>', '#/a/b/c']) assert.deepEqual(readRoute(hash), { view: '', id: null }, hash);
});

test('the live socket waits longer each time, half a minute at most, and no two screens alike', () => {
  assert.deepEqual([0, 1, 2, 9, 99].map((attempt) => reconnectDelayMs(attempt, 1)), [1_000, 2_000, 4_000, 30_000, 30_000]);
  assert.equal(reconnectDelayMs(0, 0), 500);
});

test('a notice that is not understood means that anything may have changed', () => {
  assert.deepEqual(readNotice('{"changed":[{"topic":"slots","id":"1"},{"topic":"carts","id":"2"}]}'), ['slots', 'carts']);
  assert.equal(readNotice('{"changed":[{"topic":"everything","id":""}]}'), null);
  assert.equal(readNotice('{"hello":1}'), null);
  assert.equal(readNotice('x'), null);
});

test('the same toast is not said twice, and no more than three stand there', () => {
  const say = (/** @type {string} */ text) => ({ type: /** @type {const} */ ('say'), toast: { kind: /** @type {const} */ ('done'), text, detail: null, code: null } });
  const state = ['a', 'b', 'a', 'c', 'd'].map(say).reduce(reduceToasts, NO_TOASTS);
  assert.deepEqual(state.toasts.map(({ text }) => text), ['a', 'c', 'd']);
  assert.deepEqual(reduceToasts(state, { type: 'close', id: state.toasts[1]?.id ?? 0 }).toasts.map(({ text }) => text), ['a', 'd']);
});
