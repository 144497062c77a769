/** A patient comes by the link of the SMS: three taps to the waiting room, two clicks for the specialist, a conclusion that no reload loses, signed. And links that open nothing. */

import assert from 'node:assert/strict';

import { FINGER_PX, findsNothing, smallTargets } from '../harness/access.js';
import { atHome, linkTo, visitOf } from '../harness/clinic.js';
import { drawing } from '../harness/draw.js';
import { everybodyArrives } from '../harness/media.js';
import { journey } from '../harness/world.js';

/** @typedef {import('../harness/person.js').Person} Person */

/** A phone of the cheap kind. */
const PHONE = { width: 320, height: 640, hasTouch: true, isMobile: true };

/** @param {Person} guest @param {string} url */
async function opens(guest, url) {
  await guest.page.setViewport(PHONE);
  await guest.page.bringToFront();
  await guest.page.goto(url);
}

journey('a patient by link: consent, check, waiting room; admitted from Today in two clicks; the conclusion survives a reload and is signed', async ({ atDesk, person, say }) => {
  const [nurse, specialist] = await Promise.all([atDesk('aigul'), atDesk('daniyar')]);
  const visit = await atHome(nurse, 'Давление 170/100');
  const { url } = await linkTo(nurse, visit.id);
  const patient = await person('chromium');
  await opens(patient, url);

  await patient.sees('way-greeting');
  await patient.click('language-ru');
  await isAccessible(patient, 'way-greeting');
  const before = patient.clicks;
  await patient.click('way-enter');
  await isAccessible(patient, 'way-consent');
  await patient.click('consent-give');
  await isAccessible(patient, 'device-check');
  await patient.click('join-call');
  await isAccessible(patient, 'waiting-room');
  assert.equal(patient.clicks - before, 3, 'three taps from the link to the waiting room');
  assert.equal(await patient.attribute('host-status', 'data-status'), 'absent');

  // Nobody reloads: Today hears of it.
  await specialist.click('tab-my-day');
  await specialist.until('the patient’s lamp is on', async () => specialist.page.evaluate((id) =>
    document.querySelector(`[data-testid="visit-${id}"] [data-testid="patient-lamp"][data-on="true"]`) !== null, visit.id));
  const clicks = specialist.clicks;
  await specialist.page.bringToFront();
  await specialist.click(`join-${visit.id}`);
  await specialist.click('join-call');
  assert.equal(specialist.clicks - clicks, 2, 'two clicks from Today into the room');
  await specialist.isConnected();
  await patient.until('the doctor is announced', async () => (await patient.attribute('host-status', 'data-status')) !== 'absent');
  await specialist.sees('case-reason');
  assert.match(await specialist.text('case-reason'), /Давление 170/);
  assert.equal(await specialist.attribute('case-consent-consultation', 'data-decision'), 'given');

  await specialist.admits(patient);
  say(await everybodyArrives([specialist, patient]));

  const summary = 'Люмбоишиалгия слева. Рекомендована МРТ поясничного отдела.';
  await specialist.types('case-summary', summary);
  await specialist.until('the draft is on the server', async () => (await specialist.attribute('case-conclusion', 'data-status')) === 'saved');
  await specialist.types('case-recommendations', 'Покой');
  // At once, before a pause in typing has sent it.
  await reloadNow(specialist);
  await specialist.isConnected();
  await specialist.until('the text is there again', async () => (await value(specialist, 'case-recommendations')) === 'Покой');
  assert.equal(await value(specialist, 'case-summary'), summary);

  await specialist.until('the patient is in the call', async () => (await specialist.tiles()).length === 1);
  await findsNothing(specialist, 'the call with the visit beside it');
  await drawing('ru')(specialist, 'call-case');
  await specialist.click('finish');
  await drawing('ru')(specialist, 'finish');
  await specialist.click('finish-ok');
  await patient.sees('left-page');
  assert.equal(await patient.attribute('left-page', 'data-reason'), 'ended');
  await specialist.sees('left-page');
  await drawing('ru')(patient, 'survey');
  await patient.click('survey-5');
  await patient.sees('survey-thanks');

  const signed = await specialist.asks('GET', `/appointments/${visit.id}/conclusion`);
  assert.deepEqual([signed.summary, signed.recommendations], [summary, 'Покой']);
  assert.ok(signed.signed, 'the conclusion is signed');
  assert.equal((await specialist.asks('GET', `/appointments/${visit.id}`)).status, 'completed');
  await specialist.click('to-desk');
  await specialist.click('tab-conclusions');
  await specialist.click(`conclusion-${visit.id}`);
  await specialist.until('the conclusion is read', async () => (await specialist.text('conclusion-summary')) === summary);
});

journey('a patient who does not consent is told what that means, and may think again', async ({ atDesk, person }) => {
  const nurse = await atDesk('svetlana');
  const visit = await atHome(nurse, 'Бляшки на локтях');
  const { url } = await linkTo(nurse, visit.id);
  const patient = await person('chromium');
  await opens(patient, url);
  await patient.click('way-enter');
  await patient.click('consent-refuse');
  await isAccessible(patient, 'way-declined');
  const { consents, status } = await nurse.asks('GET', `/appointments/${visit.id}`);
  assert.equal(consents.consultation, 'refused');
  assert.notEqual(status, 'checked_in');

  await patient.click('consent-again');
  await patient.click('consent-give');
  await patient.sees('device-check');
  assert.equal((await nurse.asks('GET', `/appointments/${visit.id}`)).consents.consultation, 'given');
});

journey('a patient who cannot come says so by the link, and the specialist sees it', async ({ atDesk, person }) => {
  const specialist = await atDesk('daniyar');
  const visit = await visitOf(specialist, 'Перебои в сердце');
  const { url } = await linkTo(specialist, visit.id);
  const patient = await person('chromium');
  await opens(patient, url);
  await patient.sees('way-greeting');
  assert.ok(await patient.text('way-when'), 'the time is said');
  await patient.click('way-cannot-come');
  await patient.click('why-patient_ill');
  await patient.click('way-cancel');
  await isAccessible(patient, 'way-over');
  // In an hour: at 23 o'clock that is tomorrow.
  const { site } = await specialist.asks('GET', '/session');
  const [today, itsDay] = [Date.now(), Date.parse(visit.start)].map((at) => new Intl.DateTimeFormat('sv-SE', { timeZone: site.time_zone }).format(at));
  if (itsDay !== today) await specialist.click('day-after');
  await specialist.until('its day shows it', () => specialist.page.evaluate((id) => document.querySelector(`[data-testid="visit-${id}"]`)?.getAttribute('data-status') === 'cancelled', visit.id));
});

journey('a link that opens nothing says why, in words', async ({ atDesk, base, person }) => {
  const specialist = await atDesk('vadim');
  const visit = await visitOf(specialist, 'Судороги во сне');
  const guest = await person('chromium');
  /** @param {string} url @param {string} code */
  const says = async (url, code) => {
    await guest.page.goto('about:blank');
    await opens(guest, url);
    await guest.sees('error-box');
    assert.equal(await guest.attribute('error-box', 'data-code'), code);
    assert.ok((await guest.text('error-box')).length > 40, 'there are words');
  };
  await says(`${base}/visit`, 'E-LINK-1');
  await says(`${base}/visit#v_${'x'.repeat(43)}`, 'E-LINK-2');
  await says(`${base}/visit#a=${visit.id}`, 'E-LINK-7');
  await says((await linkTo(specialist, visit.id, 'interpreter')).url, 'E-LINK-6');
  const revoked = await linkTo(specialist, visit.id);
  await specialist.asks('DELETE', `/appointments/${visit.id}/links/${revoked.id}`);
  await says(revoked.url, 'E-LINK-5');
});

/** @param {Person} guest @param {string} page its `data-testid` */
async function isAccessible(guest, page) {
  await guest.sees(page);
  await findsNothing(guest, page);
  assert.deepEqual(await smallTargets(guest), [], `${page}: targets smaller than ${FINGER_PX} px`);
}

/** As quickly as a finger on F5, whatever the page asks before it goes. @param {Person} someone */
async function reloadNow(someone) {
  someone.page.once('dialog', (dialog) => void dialog.accept());
  await someone.page.reload();
}

/** @param {Person} someone @param {string} testId */
function value(someone, testId) {
  return someone.page.$eval(`[data-testid="${testId}"]`, (field) => /** @type {HTMLTextAreaElement} */ (field).value);
}
