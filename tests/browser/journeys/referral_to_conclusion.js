/** The whole way: a referral that an MIS posts, a time that the nurse finds, a patient who comes by the link, media, a conclusion that is signed. */

import assert from 'node:assert/strict';

import { linkTo } from '../harness/clinic.js';
import { everybodyArrives } from '../harness/media.js';
import { journey } from '../harness/world.js';

/** @typedef {import('../harness/person.js').Person} Person */

const MINUTE = 60_000;

/**
 * The specialist has time at once, whatever the clock says: check-in opens half an hour before a visit.
 * @param {Person} specialist
 */
async function opensHoursNow(specialist) {
  const { site } = await specialist.asks('GET', '/session');
  const start = new Date(Math.ceil((Date.now() + 4 * MINUTE) / (5 * MINUTE)) * 5 * MINUTE);
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: site.time_zone, dateStyle: 'short', timeStyle: 'short' });
  const [date, time] = clock.format(start).split(' ');
  const end = clock.format(new Date(start.getTime() + 15 * MINUTE)).split(' ')[1];
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay() || 7;
  await specialist.asks('POST', '/schedules', {
    weekday, start: time, end: end === '00:00' ? '24:00' : end, slot_minutes: 15, channel: 'home_link', valid_from: date, valid_to: date,
  });
  return start;
}

journey('from a posted referral to a signed conclusion', async ({ atDesk, person, say }) => {
  const [nurse, specialist] = await Promise.all([atDesk('aigul'), atDesk('timur')]);
  const start = await opensHoursNow(specialist);

  const mis_ref = `way-${process.pid}-${Date.now()}`;
  const patient = { mis_id: mis_ref, name: 'Айтжанов Бауыржан', birth_date: '1969-02-01', sex: 'male', phone: '+77000009001', language: 'kk' };
  const reason = 'Кашель третий месяц, похудел на 4 кг.';
  const came = await nurse.asks('POST', '/referrals', { source: 'journey', mis_ref, patient, referring_doctor: 'Сейтказин Ерлан', specialty: 'pulmonology', reason });
  await nurse.press(`[data-testid="referral"][data-id="${came.id}"] [data-testid="find-time"]`);
  await nurse.click('channel-home_link');
  const slot = `[data-testid="slot"][data-start="${start.toISOString()}"]`;
  await nurse.finds(slot);
  await nurse.press(slot);
  await nurse.click('book');
  await nurse.sees('booked');
  await nurse.click('confirm-booked');

  const { items } = await nurse.asks('GET', `/appointments?from=${start.toISOString()}&to=${new Date(start.getTime() + MINUTE).toISOString()}&patient=${came.patient.id}`);
  const [visit] = items;
  const guest = await person('chromium');
  await guest.page.goto((await linkTo(nurse, visit.id)).url);
  await guest.click('way-enter');
  await guest.click('consent-give');
  await guest.click('join-call');
  await guest.sees('waiting-room');

  await specialist.click('tab-my-day');
  await specialist.page.bringToFront();
  await specialist.click(`join-${visit.id}`);
  await specialist.click('join-call');
  await specialist.isConnected();
  await specialist.admits(guest);
  say(await everybodyArrives([specialist, guest]));

  const summary = 'ХОБЛ, обострение. Назначено лечение, контроль через месяц.';
  await specialist.types('case-summary', summary);
  await specialist.click('finish');
  await specialist.click('finish-ok');
  await guest.sees('left-page');

  const done = await specialist.asks('GET', `/appointments/${visit.id}`);
  assert.equal(done.status, 'completed');
  assert.equal(done.conclusion.summary, summary);
  assert.ok(done.conclusion.signed, 'the conclusion is signed');
  assert.ok(done.visit.started && done.visit.ended, 'the visit has its times');
  assert.deepEqual(done.visit.people.map((/** @type {any} */ attendee) => attendee.role).sort(), ['patient', 'specialist']);
  assert.equal((await nurse.asks('GET', `/referrals/${came.id}`)).status, 'completed');
});
