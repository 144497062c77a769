import { test } from 'node:test';
import assert from 'node:assert/strict';
import { dayOfVisits, guestsOf, patientAt } from '../public/js/desk/specialist/day.js';
import { mondayOf, weekOf } from '../public/js/desk/specialist/week-plan.js';

/** @typedef {import('../public/js/desk/types.js').Appointment} Appointment */

/** @param {Partial<Appointment>} parts */
const visit = (parts) => /** @type {Appointment} */ ({ id: parts.start, status: 'confirmed', proposal: null, start: '2026-11-22T04:30:00.000Z', people: [], ...parts });
/** @param {readonly Appointment[]} visits */
const times = (visits) => visits.map(({ start }) => start.slice(11, 16));

test('a day has what is now, what wants a decision, what comes and what is past, each in the order of time', () => {
  const day = dayOfVisits([
    visit({ start: '2026-11-22T09:00:00.000Z' }),
    visit({ start: '2026-11-22T08:00:00.000Z' }),
    visit({ start: '2026-11-22T07:00:00.000Z', status: 'checked_in' }),
    visit({ start: '2026-11-22T06:00:00.000Z', proposal: 'no_show' }),
    visit({ start: '2026-11-22T05:00:00.000Z', status: 'completed' }),
    visit({ start: '2026-11-22T06:30:00.000Z', status: 'in_call', proposal: 'server' }),
  ]);
  assert.deepEqual(times(day.now), ['06:30', '07:00']);
  assert.deepEqual(times(day.undecided), ['06:00']);
  assert.deepEqual(times(day.next), ['08:00', '09:00']);
  assert.deepEqual(times(day.past), ['05:00']);
});

test('the patient is where the patient’s side is: the cart and its nurse count', () => {
  const at = (/** @type {Appointment['people']} */ people) => patientAt({ people, channel: 'cart' });
  assert.equal(at([]), 'absent');
  assert.equal(at([{ role: 'specialist', name: 'О', place: 'in_call' }]), 'absent');
  assert.equal(at([{ role: 'patient', name: 'М', place: 'waiting' }]), 'waiting');
  assert.equal(at([{ role: 'nurse', name: 'Т', place: 'in_call' }, { role: 'patient', name: 'М', place: 'waiting' }]), 'in_call');
  assert.equal(patientAt({ channel: 'home_link', people: [{ role: 'nurse', name: 'А', place: 'in_call' }] }), 'absent', 'a nurse elsewhere is not the patient');
});

test('an interpreter is named beside the patient', () => {
  assert.deepEqual(guestsOf({ people: [{ role: 'guest', name: 'Ли', place: 'waiting' }, { role: 'nurse', name: 'А', place: 'waiting' }] }), ['Ли']);
});

const HOURS = { id: 's', version: 1, time_zone: 'Asia/Almaty', slot_minutes: 30, channel: /** @type {const} */ ('cart'), start: '09:00', end: '13:00', weekday: 7, valid_from: '2026-11-22', valid_to: null };

test('a week begins on Monday', () => {
  assert.deepEqual(['2026-11-16', '2026-11-22', '2026-11-23'].map(mondayOf), ['2026-11-16', '2026-11-16', '2026-11-23']);
});

test('a visit stands on the clinic’s day, hours where they are valid', () => {
  // 20:00 UTC is the next day in the clinic.
  const late = visit({ start: '2026-11-21T20:00:00.000Z' });
  const week = weekOf('2026-11-16', 'Asia/Almaty', [late], [HOURS], [{ id: 'e', date: '2026-11-20', start: '09:00', end: '12:00', reason: 'Курс' }]);
  assert.deepEqual(week.map(({ day }) => day).at(-1), '2026-11-22');
  assert.deepEqual(week.map(({ visits }) => visits.length), [0, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual(week.map(({ hours }) => hours.length), [0, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual(week.map(({ away }) => away.length), [0, 0, 0, 0, 1, 0, 0]);
  const before = weekOf('2026-11-09', 'Asia/Almaty', [], [HOURS], []);
  assert.deepEqual(before.flatMap(({ hours }) => hours), [], 'not valid yet');
});
