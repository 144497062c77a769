import { test } from 'node:test';
import assert from 'node:assert/strict';
import { addDays, ageOn, clock, countdown, date, dayBounds, dayOf, instantAt, minuteOfDay, moment, readDay, span, todayBounds, weekday, zoneSuffix } from '../public/js/desk/clinic-time.js';

const ALMATY = 'Asia/Almaty';
const AT = '2026-11-22T20:30:00.000Z';

test('a time is the clinic\'s, wherever it is read', () => {
  assert.equal(moment(AT, ALMATY), '23.11.2026 01:30');
  assert.equal(span(AT, '2026-11-22T21:00:00.000Z', ALMATY), '01:30–02:00');
  assert.equal(dayOf(AT, ALMATY), '2026-11-23');
  assert.equal(minuteOfDay(AT, ALMATY), 90);
  assert.equal(clock('2026-11-22T19:00:00.000Z', ALMATY), '00:00');
  assert.equal(date(Date.parse(AT), 'UTC'), '22.11.2026');
});

test('a suffix tells that the viewer\'s clock differs, and only then', () => {
  assert.equal(zoneSuffix(AT, ALMATY, 'Asia/Yekaterinburg'), '');
  assert.equal(zoneSuffix(AT, ALMATY, 'Europe/Berlin'), 'UTC+5');
  assert.equal(zoneSuffix(AT, 'Asia/Kolkata', ALMATY), 'UTC+5:30');
  assert.equal(zoneSuffix(AT, 'America/New_York', ALMATY), 'UTC−5');
});

test('a day lasts from local midnight to the next, with and without a change of clocks', () => {
  assert.deepEqual(dayBounds('2026-11-22', ALMATY), { from: '2026-11-21T19:00:00.000Z', to: '2026-11-22T19:00:00.000Z' });
  assert.deepEqual(dayBounds('2026-03-29', 'Europe/Berlin'), { from: '2026-03-28T23:00:00.000Z', to: '2026-03-29T22:00:00.000Z' });
  assert.deepEqual(dayBounds('2026-10-25', 'Europe/Berlin'), { from: '2026-10-24T22:00:00.000Z', to: '2026-10-25T23:00:00.000Z' });
});

test('around midnight today has those visits of the other day that people may come for', () => {
  const midnight = Date.parse('2026-11-22T19:00:00.000Z');
  const today = (/** @type {number} */ minutes) => todayBounds(midnight + minutes * 60_000, ALMATY);
  assert.deepEqual(today(-14 * 60), dayBounds('2026-11-22', ALMATY));
  assert.deepEqual(today(-10), { from: '2026-11-21T19:00:00.000Z', to: '2026-11-22T19:30:00.000Z' });
  assert.deepEqual(today(10), { from: '2026-11-22T18:00:00.000Z', to: '2026-11-23T19:00:00.000Z' });
  assert.deepEqual(today(61), dayBounds('2026-11-23', ALMATY));
});

test('a local time that there is twice is the first', () => {
  assert.equal(instantAt('2026-10-25', '02:30', 'Europe/Berlin'), '2026-10-25T00:30:00.000Z');
  assert.equal(instantAt('2026-03-29', '02:30', 'Europe/Berlin'), '2026-03-29T01:30:00.000Z');
  assert.equal(instantAt('2026-11-22', '09:30', ALMATY), '2026-11-22T04:30:00.000Z');
});

test('days are counted across the end of a month', () => {
  assert.equal(addDays('2026-11-30', 1), '2026-12-01');
  assert.equal(addDays('2026-03-01', -1), '2026-02-28');
  assert.deepEqual(['2026-11-22', '2026-11-23'].map(weekday), [7, 1]);
});

test('a date is read as it is written in Kazakhstan', () => {
  assert.equal(readDay('5.3.1961'), '1961-03-05');
  assert.equal(readDay('1961-03-05'), '1961-03-05');
  for (const text of ['', '31.02.2020', '5.3.61', 'x']) assert.equal(readDay(text), null, text);
});

test('an age is in whole years', () => {
  assert.equal(ageOn('1961-11-23', '2026-11-22'), 64);
  assert.equal(ageOn('1961-11-22', '2026-11-22'), 65);
});

test('a countdown has minutes and seconds and ends at nought', () => {
  assert.deepEqual([600_000, 65_001, 1, 0, -5].map(countdown), ['10:00', '1:05', '0:00', '0:00', '0:00']);
});
