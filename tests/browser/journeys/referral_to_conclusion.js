/** The whole way: a referral that an MIS posts, a time that the nurse finds, a patient who comes by the link, media, a conclusion that is signed. */

import assert from 'node:assert/strict';

import { linkTo, newSpecialist, opensHoursNow } from '../harness/clinic.js';
import { everybodyArrives } from '../harness/media.js';
import { journey } from '../harness/world.js';

const MINUTE = 60_000;

journey('from a posted referral to a signed conclusion', async (way) => {
  const { atDesk, person, say } = way;
  const [nurse, specialist] = await Promise.all([atDesk('aigul'), newSpecialist(way, 'rheumatology')]);
  const start = await opensHoursNow(specialist, 'home_link');

  const mis_ref = `way-${process.pid}-${Date.now()}`;
  const patient = { mis_id: mis_ref, name: 'Айтжанов Бауыржан', birth_date: '1969-02-01', sex: 'male', phone: '+77000009001', language: 'kk' };
  const reason = 'Утром полчаса не гнутся пальцы, второй месяц.';
  const came = await nurse.asks('POST', '/referrals', { source: 'journey', mis_ref, patient, referring_doctor: 'Сейтказин Ерлан', specialty: 'rheumatology', reason });
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

  const summary = 'Ревматоидный артрит под вопросом. Назначены анализы, контроль через месяц.';
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
