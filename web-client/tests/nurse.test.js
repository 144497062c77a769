import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Problem } from '../public/js/desk/problem.js';
import { againAt, callOrder, callState } from '../public/js/desk/nurse/calls.js';
import { patientInput, EMPTY_PATIENT } from '../public/js/desk/nurse/patient-form.js';
import { CHOOSING, reduceBooking } from '../public/js/desk/nurse/booking.js';
import { byDay } from '../public/js/desk/nurse/free-slots.js';
import { hoursWaited, inbox, urgentFirst } from '../public/js/desk/nurse/inbox.js';
import { foldable, inOrder, mayCheckIn, nextStep, nowRow, presence } from '../public/js/desk/nurse/timeline.js';

const START = '2026-11-22T05:00:00.000Z';
const MINUTE = 60_000;
const startMs = Date.parse(START);

/** @typedef {import('../public/js/desk/types.js').Appointment} Appointment */

/** @param {Partial<Appointment>} parts @returns {Appointment} */
function visit(parts) {
  const base = { id: 'a', version: 1, status: 'booked', proposal: null, channel: 'cart', start: START, end: '2026-11-22T05:30:00.000Z', people: [], consents: {}, allowed: [] };
  return /** @type {any} */ ({ ...base, ...parts });
}

test('the day is in order of time, and at one time who is here comes first', () => {
  const rows = [
    visit({ id: 'late', start: '2026-11-22T09:00:00.000Z' }),
    visit({ id: 'gone', status: 'cancelled' }),
    visit({ id: 'due' }),
    visit({ id: 'here', status: 'checked_in' }),
  ];
  assert.deepEqual(inOrder(rows).map(({ id }) => id), ['here', 'due', 'gone', 'late']);
  assert.equal(nowRow(inOrder(rows), startMs + MINUTE), 3);
  assert.equal(nowRow(inOrder(rows), startMs + 24 * 60 * MINUTE), 4);
});

test('a morning that is over is folded away, and nothing that is still to be done', () => {
  const over = (/** @type {string} */ id, status = 'completed') => visit({ id, status: /** @type {any} */ (status) });
  const after = startMs + 60 * MINUTE;
  assert.equal(foldable([over('1'), over('2', 'cancelled'), over('3'), visit({ id: '4' }), over('5')], after), 3);
  assert.equal(foldable([over('1'), over('2'), visit({ id: '3' })], after), 0);
  assert.equal(foldable([visit({ id: '0' }), over('1'), over('2'), over('3')], after), 0);
});

test('check-in is offered from half an hour before the start until an hour after it', () => {
  const due = visit({ allowed: ['check_in', 'cancel'] });
  const at = (/** @type {number} */ minutes) => mayCheckIn(due, startMs + minutes * MINUTE);
  assert.deepEqual([-31, -30, 0, 60, 61].map(at), [false, true, true, true, false]);
  assert.equal(mayCheckIn(visit({ allowed: [] }), startMs), false);
});

test('each row says the one thing to do next', () => {
  const next = (/** @type {Partial<Appointment>} */ parts, minutes = 0) => nextStep(visit(parts), startMs + minutes * MINUTE);
  assert.equal(next({ allowed: ['confirm', 'check_in'] }, -120), 'confirm');
  assert.equal(next({ allowed: ['confirm', 'check_in'] }, -10), 'check_in');
  assert.equal(next({ status: 'confirmed', allowed: ['check_in'] }, -120), 'wait');
  assert.equal(next({ status: 'checked_in', allowed: ['join', 'cancel'] }), 'start');
  assert.equal(next({ status: 'in_call', allowed: ['join'] }), 'start');
  assert.equal(next({ proposal: 'no_show', allowed: ['confirm_no_show', 'check_in'] }, 20), 'confirm_no_show');
  assert.equal(next({ proposal: 'cart_offline', allowed: ['confirm_failure'] }), 'confirm_failure');
  assert.equal(next({ status: 'no_show', allowed: ['reschedule'] }), 'reschedule');
  assert.equal(next({ status: 'completed' }), 'wait');
});

test('who waits is seen from the list', () => {
  const people = (/** @type {string[]} */ ...those) => those.map((one) => ({ role: one.split('/')[0] ?? '', name: 'x', place: /** @type {'waiting' | 'in_call'} */ (one.split('/')[1]) }));
  assert.equal(presence(visit({ people: [] })), 'nobody');
  assert.equal(presence(visit({ people: people('patient/waiting') })), 'patient_waits');
  assert.equal(presence(visit({ people: people('specialist/in_call', 'patient/waiting') })), 'patient_waits');
  assert.equal(presence(visit({ people: people('specialist/in_call') })), 'specialist_here');
  assert.equal(presence(visit({ people: people('specialist/in_call', 'patient/in_call') })), 'in_call');
});

test('the inbox has what needs a time, urgent first, then the oldest', () => {
  const referral = (/** @type {string} */ id, /** @type {string} */ priority, /** @type {number} */ hour, status = 'received') =>
    /** @type {any} */ ({ id, priority, status, created: `2026-11-22T0${hour}:00:00.000Z` });
  const all = [referral('new', 'routine', 5), referral('old', 'routine', 1), referral('urgent', 'urgent', 6), referral('done', 'urgent', 1, 'booked'), referral('waits', 'urgent', 2, 'waitlisted')];
  assert.deepEqual(inbox(all).map(({ id }) => id), ['urgent', 'old', 'new']);
  assert.deepEqual(urgentFirst(all).map(({ id }) => id), ['done', 'waits', 'urgent', 'old', 'new']);
  assert.equal(hoursWaited('2026-11-22T01:00:00.000Z', Date.parse('2026-11-22T05:59:00.000Z')), 4);
});

/** @param {string} id @param {string} start @param {string} [specialist] */
const slot = (id, start, specialist = 'd1') => /** @type {any} */ ({ id, version: 1, start, end: start, specialist: { id: specialist, name: specialist }, status: 'free', channel: 'cart', kind: 'competitive' });

test('free slots stand by the clinic\'s day and by who is free first', () => {
  const days = byDay([slot('3', '2026-11-23T05:00:00.000Z'), slot('2', '2026-11-22T20:00:00.000Z', 'd2'), slot('1', '2026-11-22T05:00:00.000Z')], 'Asia/Almaty');
  assert.deepEqual(days.map(({ day, count }) => [day, count]), [['2026-11-22', 1], ['2026-11-23', 2]]);
  assert.deepEqual(days[1]?.specialists.map(({ id, slots }) => [id, slots.length]), [['d2', 1], ['d1', 1]]);
});

const held = { ...slot('1', START), hold_until: '2026-11-22T04:10:00.000Z' };
const refused = new Problem({ code: 'hold_of_another', status: 409, title: 'x', detail: null, fields: [] });
/** @param {import('../public/js/desk/nurse/booking.js').BookingEvent[]} events */
const after = (...events) => events.reduce(reduceBooking, CHOOSING);

test('a booking goes from a slot to a hold to an appointment', () => {
  const booked = after({ type: 'choose', slot: slot('1', START) }, { type: 'held', slot: held }, { type: 'book' }, { type: 'booked', appointment: visit({}) });
  assert.deepEqual([booked.phase, booked.appointment?.status], ['booked', 'booked']);
});

test('a hold that runs out leads back to choosing and says so', () => {
  const state = after({ type: 'choose', slot: slot('1', START) }, { type: 'held', slot: held });
  assert.equal(reduceBooking(state, { type: 'time', nowMs: Date.parse('2026-11-22T04:09:59.000Z') }), state);
  const out = reduceBooking(state, { type: 'time', nowMs: Date.parse('2026-11-22T04:10:00.000Z') });
  assert.deepEqual([out.phase, out.hasRunOut], ['choosing', true]);
});

test('who is overtaken chooses again and reads why', () => {
  const out = after({ type: 'choose', slot: slot('1', START) }, { type: 'overtaken', problem: refused });
  assert.deepEqual([out.phase, out.slot, out.problem?.code], ['choosing', null, 'hold_of_another']);
});

test('a booking that got no answer keeps its hold', () => {
  const failed = after({ type: 'choose', slot: slot('1', START) }, { type: 'held', slot: held }, { type: 'book' }, { type: 'failed', problem: refused });
  assert.deepEqual([failed.phase, failed.slot?.id], ['held', '1']);
});

test('the answer to a hold that nobody wants any more changes nothing', () => {
  const other = after({ type: 'choose', slot: slot('1', START) }, { type: 'choose', slot: slot('2', START) });
  assert.equal(reduceBooking(other, { type: 'held', slot: held }), other);
});

/** @param {string} id @param {string[]} results an hour apart, the last one at the start */
const line = (id, results, status = 'booked') => {
  const calls = results.map((result, at) => ({ attempt: at + 1, result, note: null, at: new Date(startMs - (results.length - 1 - at) * 60 * MINUTE).toISOString() }));
  return { appointment: visit({ id, status: /** @type {any} */ (status) }), calls };
};

test('who did not answer is called again after two hours, three times at most', () => {
  assert.equal(callState(line('a', []), startMs), 'now');
  assert.equal(callState(line('a', ['no_answer']), startMs), 'later');
  assert.equal(againAt(line('a', ['no_answer']).calls), startMs + 120 * MINUTE);
  assert.equal(callState(line('a', ['no_answer']), startMs + 120 * MINUTE), 'now');
  assert.equal(callState(line('a', ['no_answer', 'call_back', 'no_answer']), startMs + 240 * MINUTE), 'done');
  assert.equal(callState(line('a', ['wrong_number']), startMs + 240 * MINUTE), 'done');
  assert.equal(callState(line('a', [], 'confirmed'), startMs), 'done');
});

test('who is to be called now comes first', () => {
  const lines = [line('done', ['declined']), line('later', ['no_answer']), line('now', [])];
  assert.deepEqual(callOrder(lines, startMs).map(({ appointment }) => appointment.id), ['now', 'later', 'done']);
});

test('a patient is sent as the form has it, without what is empty', () => {
  const draft = { ...EMPTY_PATIENT, name: ' Ким Виктор ', birthDate: '30.1.1972', phone: '+7 (701) 234-56-78', iin: '' };
  assert.deepEqual(patientInput(draft, null), { name: 'Ким Виктор', birth_date: '1972-01-30', phone: '+77012345678', language: 'kk', needs_interpreter: false });
  assert.equal(patientInput({ ...draft, birthDate: '31.02.1972' }, null).birth_date, '31.02.1972');
});
