import { test } from 'node:test';
import assert from 'node:assert/strict';
import {
  SPECIALTIES, actorKind, detailPairs, exceptionBody, inAYear, isOver, keyState, readTime, scheduleBody, slotsIn, textsByPurpose, toggled, usersLike, weekOf, worksOn,
} from '../public/js/desk/admin/rules.js';
import { withoutShown } from '../public/js/desk/admin/form.js';
import { Problem } from '../public/js/desk/problem.js';
import { en } from '../public/js/i18n/specialties/en.js';

/** @typedef {import('../public/js/desk/admin/types.js').Schedule} Schedule */

/** @param {Partial<Schedule>} parts @returns {Schedule} */
const schedule = (parts) => ({
  id: 's', version: 1, time_zone: 'Asia/Almaty', weekday: 1, start: '09:00', end: '13:00', slot_minutes: 30, channel: 'cart', valid_from: '2026-01-01', valid_to: null, ...parts,
});

test('each specialty that can be chosen has its words', () => {
  for (const specialty of SPECIALTIES) assert.ok(`specialty.${specialty}` in en, specialty);
});

test('what is ticked keeps the order in which it is offered', () => {
  assert.deepEqual(toggled(['a', 'b', 'c'], ['c'], 'a', true), ['a', 'c']);
  assert.deepEqual(toggled(['a', 'b', 'c'], ['a', 'c'], 'a', false), ['c']);
});

test('people are found by part of a name or login, by site and by role', () => {
  const user = (/** @type {string} */ id, /** @type {string} */ name, /** @type {string} */ site, /** @type {string[]} */ roles) => ({ id, version: 1, site, name, login: `${id}.login`, roles, specialty: null, languages: [], is_locked: false });
  const users = [user('2', 'Оспанов Мұхтар', 's1', ['specialist']), user('1', 'Ахметова Әлия', 's2', ['nurse'])];
  const found = (/** @type {Partial<{text: string, site: string, role: string}>} */ wish) => usersLike(users, { text: '', site: '', role: '', ...wish }).map(({ id }) => id);
  assert.deepEqual(found({}), ['1', '2']);
  assert.deepEqual(found({ text: 'ӘЛИЯ' }), ['1']);
  assert.deepEqual(found({ text: '2.log' }), ['2']);
  assert.deepEqual(found({ site: 's1' }), ['2']);
  assert.deepEqual(found({ role: 'admin' }), []);
});

test('a week has seven days, each with its hours in order', () => {
  const week = weekOf([schedule({ id: 'late', start: '14:00', end: '18:00' }), schedule({ id: 'early' }), schedule({ id: 'sunday', weekday: 7 })]);
  assert.deepEqual(week.map((day) => day.map(({ id }) => id)), [['early', 'late'], [], [], [], [], [], ['sunday']]);
});

test('hours end after their last day', () => {
  assert.equal(isOver(schedule({ valid_to: '2026-11-22' }), '2026-11-22'), false);
  assert.equal(isOver(schedule({ valid_to: '2026-11-21' }), '2026-11-22'), true);
  assert.equal(isOver(schedule({}), '2099-01-01'), false);
});

test('times are taken as people type them', () => {
  for (const [typed, meant] of [['9:05', '09:05'], ['09.30', '09:30'], ['9', '09:00'], ['17', '17:00'], ['930', '09:30'], ['1730', '17:30'], ['24:00', '24:00'], ['noon', 'noon'], ['', '']]) {
    assert.equal(readTime(typed ?? ''), meant, typed);
  }
});

test('a schedule is sent as the server takes it', () => {
  const form = { weekday: '3', start: '9', end: '13:00', slot_minutes: '20', channel: 'cart', time_zone: 'Asia/Almaty', valid_from: '22.11.2026', valid_to: '' };
  assert.deepEqual(scheduleBody(form, { cart: 'c1' }), {
    cart: 'c1', weekday: 3, start: '09:00', end: '13:00', slot_minutes: 20, channel: 'cart', time_zone: 'Asia/Almaty', valid_from: '2026-11-22',
  });
  assert.equal(scheduleBody({ ...form, valid_to: '31.12.2026' }, { specialist: 'u1' }).valid_to, '2026-12-31');
  assert.equal(scheduleBody({ ...form, valid_from: 'soon' }, { cart: 'c1' }).valid_from, 'soon', 'the server says what is wrong with it');
});

test('an absence of a whole day has no hours', () => {
  const form = { date: '01.12.2026', isWholeDay: true, start: '9', end: '12', reason: ' Конференция ' };
  assert.deepEqual(exceptionBody(form, { specialist: 'u1' }), { specialist: 'u1', date: '2026-12-01', reason: 'Конференция' });
  assert.deepEqual(exceptionBody({ ...form, isWholeDay: false }, { specialist: 'u1' }), { specialist: 'u1', date: '2026-12-01', start: '09:00', end: '12:00', reason: 'Конференция' });
});

test('hours hold as many whole visits as fit', () => {
  assert.equal(slotsIn(schedule({})), 8);
  assert.equal(slotsIn(schedule({ end: '12:50' })), 7);
  assert.equal(slotsIn(schedule({ end: '08:00' })), 0);
  assert.equal(slotsIn(schedule({ slot_minutes: 0 })), 0);
});

test('an absence on a day without hours is told as such', () => {
  assert.equal(worksOn([schedule({})], '2026-11-23'), true, 'a Monday');
  assert.equal(worksOn([schedule({})], '2026-11-24'), false);
  assert.equal(worksOn([schedule({ valid_to: '2026-11-01' })], '2026-11-23'), false);
});

test('each purpose shows its newest version first, and one without a text is not forgotten', () => {
  const text = (/** @type {number} */ version) => ({ purpose: 'recording', version, texts: {} });
  const purposes = textsByPurpose([text(1), text(3), text(2)]);
  assert.deepEqual(purposes.map(({ purpose, versions }) => [purpose, versions.map(({ version }) => version)]), [['consultation', []], ['recording', [3, 2, 1]], ['images', []], ['third_party', []]]);
});

test('a key lives until it is revoked or ends', () => {
  const key = { id: 'k', name: 'MIS', site: 's', source: 'mis', scopes: [], created: '', expires: '2027-01-01T00:00:00.000Z', last_used: null, revoked: null };
  assert.equal(keyState(key, Date.parse('2026-12-31T00:00:00Z')), 'alive');
  assert.equal(keyState(key, Date.parse('2027-01-01T00:00:00Z')), 'expired');
  assert.equal(keyState({ ...key, revoked: '2026-11-22T00:00:00.000Z' }, 0), 'revoked');
  assert.equal(inAYear('2026-11-22'), '22.11.2027');
  assert.equal(inAYear('2028-02-29'), '28.02.2029');
});

test('an audit row says what kind of actor it was', () => {
  assert.equal(actorKind('user:0199'), 'user');
  assert.equal(actorKind('api_key:0199'), 'api_key');
  assert.equal(actorKind('system'), 'system');
});

test('an audit row’s detail is read whether it came as JSON or as its text', () => {
  assert.deepEqual(detailPairs('{"version":2,"kind":"hospital"}'), [['version', '2'], ['kind', 'hospital']]);
  assert.deepEqual(detailPairs({ roles: ['nurse'] }), [['roles', '["nurse"]']]);
  assert.deepEqual(detailPairs(null), []);
  assert.deepEqual(detailPairs('{}'), []);
});

test('a fault is said beside its field, and only there', () => {
  const problem = new Problem({ code: 'invalid', status: 422, title: 'Check', detail: null, fields: [{ field: 'name', code: 'field_missing', text: 'Write a name' }, { field: 'other', code: 'x', text: 'Odd' }] });
  assert.deepEqual(withoutShown(problem, ['name'])?.fields.map(({ field }) => field), ['other']);
  assert.equal(withoutShown(null, []), null);
});
