/** The nurse's booking: its budget of clicks, two nurses after one slot, and what becomes of a time that is given back. */

import assert from 'node:assert/strict';

import { journey } from '../harness/world.js';

/** @typedef {import('../harness/person.js').Person} Person */

/** Offers are made by the server's upkeep, once a minute at the latest. */
const OFFERED_MS = 75_000;

let referrals = 0;

/**
 * A referral as an MIS would post it, of a patient whom nobody else's journey touches.
 * @param {Person} nurse @param {string} specialty @param {string} [priority]
 */
async function referral(nurse, specialty, priority = 'routine') {
  const mis_id = `journey-${process.pid}-${++referrals}`;
  const patient = { mis_id, name: `Серікова Айша ${referrals}`, birth_date: '1975-04-12', sex: 'female', phone: `+7700000${String(1000 + referrals)}`, language: 'kk' };
  const reason = 'Бақылау қажет: жүрек қағуы, ентігу.';
  return nurse.asks('POST', '/referrals', { mis_ref: mis_id, patient, referring_doctor: 'Сейтказин Ерлан', specialty, reason, priority });
}

/** @param {string} id @param {string} testId */
const inRow = (id, testId) => `[data-testid="referral"][data-id="${id}"] [data-testid="${testId}"]`;
const slotAt = (/** @type {string} */ id) => `[data-testid="slot"][data-id="${id}"]`;

journey('a referral that comes in is booked and confirmed in five clicks', async ({ atDesk, say }) => {
  const nurse = await atDesk('aigul');
  await nurse.finds('[data-testid="inbox-count"]');
  const came = await referral(nurse, 'cardiology', 'urgent');
  // Nobody reloads: the inbox hears of it.
  await nurse.finds(inRow(came.id, 'find-time'));

  const before = nurse.clicks;
  await nurse.press(inRow(came.id, 'find-time'));
  await nurse.press('[data-testid="slot"]');
  await nurse.until('the hold counts down from ten minutes', async () => /^(9:\d\d|10:00)$/.test(await nurse.text('countdown')));
  await nurse.click('book');
  await nurse.sees('booked');
  await nurse.click('confirm-booked');
  await nurse.until('the booking is confirmed', async () => (await nurse.attribute('booked', 'data-status')) === 'confirmed');
  const clicks = nurse.clicks - before;
  say(`${clicks} clicks`);
  assert.ok(clicks <= 5, `${clicks} clicks`);

  const { status } = await nurse.asks('GET', `/referrals/${came.id}`);
  assert.equal(status, 'booked');
});

journey('of two nurses who want one slot, one books it and the other reads why and takes another', async ({ atDesk, base }) => {
  const [aigul, svetlana] = await Promise.all([atDesk('aigul'), atDesk('svetlana', 'kk')]);
  const nurses = [aigul, svetlana];
  const came = await Promise.all(nurses.map((nurse) => referral(nurse, 'neurology')));
  for (const [at, nurse] of nurses.entries()) {
    await nurse.page.goto(`${base}/desk#/book/${came[at].id}`);
    await nurse.finds('[data-testid="slot"]');
  }
  // Both look at the same moment: the list of the slower one has not heard yet.
  const wanted = await aigul.page.$eval('[data-testid="slot"]', (slot) => /** @type {HTMLElement} */ (slot).dataset.id ?? '');
  await svetlana.finds(slotAt(wanted));
  await Promise.all(nurses.map((nurse) => nurse.press(slotAt(wanted))));

  const holds = await Promise.all(nurses.map(async (nurse) => {
    await nurse.until('the server has answered', () => nurse.page.evaluate(() => document.querySelector('[data-testid="countdown"], [data-testid="problem"]') !== null));
    return nurse.page.evaluate(() => document.querySelector('[data-testid="countdown"]') !== null);
  }));
  assert.deepEqual([...holds].sort(), [false, true], 'one holds it');
  const [winner, loser] = holds[0] ? nurses : [...nurses].reverse();
  assert.ok(winner && loser);
  const code = await loser.attribute('problem', 'data-code');
  assert.ok(code === 'hold_of_another' || code === 'slot_taken', String(code));
  assert.ok((await loser.text('problem')).length > 20, 'the reason is in words');
  await loser.until('the slot is gone from the list', async () => !(await loser.page.$(slotAt(wanted))));

  await winner.click('book');
  await winner.sees('booked');
  await loser.press('[data-testid="slot"]');
  await loser.sees('countdown');
  await loser.click('book');
  await loser.sees('booked');
});

journey('a visit that the patient declines on the telephone goes to the next one who waits', async ({ atDesk, base, say }) => {
  const nurse = await atDesk('aigul');
  const [declines, waits] = [await referral(nurse, 'dermatology'), await referral(nurse, 'dermatology', 'urgent')];

  // The day after tomorrow, so that a message can be answered in time; on the page, as a nurse does it.
  await nurse.page.goto(`${base}/desk#/book/${declines.id}`);
  await nurse.click('channel-home_link');
  const from = new Date(Date.now() + 24.5 * 3_600_000).toISOString();
  const to = new Date(Date.now() + 60 * 3_600_000).toISOString();
  const atHome = async () => (await nurse.asks('GET', `/slots?specialty=dermatology&channel=home_link&from=${from}&to=${to}`)).items[0];
  const slot = await nurse.until('there is a slot tomorrow or the day after', atHome);
  await nurse.press(slotAt(slot.id));
  await nurse.sees('countdown');
  await nurse.click('book');
  await nurse.sees('booked');

  await nurse.asks('POST', `/referrals/${waits.id}/events`, { event: 'take' }, waits.version);
  await nurse.click('booked-referrals');
  await nurse.press(inRow(waits.id, 'to-waitlist'));
  await nurse.click('wait-channel-home_link');
  await nurse.click('wait-submit');
  await nurse.doesNotSee('wait-dialog');

  await nurse.click('tab-reconfirmation');
  const lines = () => nurse.page.$$eval('[data-testid="call-line"]', (all) => /** @type {HTMLElement[]} */ (all).map(({ innerText, dataset }) => ({ text: innerText, id: dataset.id ?? '' })));
  const wanted = async () => (await lines()).find(({ text }) => text.includes(declines.patient.name))?.id;
  for (const day of ['1', '2']) {
    await nurse.click(`calls-day-${day}`);
    await nurse.until('the calls are listed', () => nurse.page.evaluate(() => document.querySelector('[data-testid="calls"], [data-testid="empty"]') !== null));
    if (await nurse.until('the visit is on this day', wanted, 3_000).catch(() => null)) break;
  }
  const visit = await wanted();
  assert.ok(visit, 'the visit is on the work list');
  await nurse.press(`[data-testid="call-line"][data-id="${visit}"] [data-testid="result-declined"]`);
  await nurse.until('the visit is cancelled', async () => (await nurse.asks('GET', `/appointments/${visit}`)).status === 'cancelled');

  await nurse.click('tab-waitlist');
  const offer = `[data-testid="waitlist-entry"]:has([data-testid="offer"])`;
  const accept = async () => nurse.page.$$eval(offer, (rows, name) => {
    const row = /** @type {HTMLElement[]} */ (rows).find(({ innerText }) => innerText.includes(name));
    row?.querySelector(/** @type {'button'} */ ('[data-testid="offer-accept"]'))?.click();
    return row !== undefined;
  }, waits.patient.name);
  await nurse.until('the time is offered to who waits', accept, OFFERED_MS);
  await nurse.until('the one who waited is booked', async () => (await nurse.asks('GET', `/referrals/${waits.id}`)).status === 'booked');
  const { items } = await nurse.asks('GET', `/appointments?from=${from}&to=${to}&patient=${waits.patient.id}`);
  assert.deepEqual(items.map((/** @type {any} */ booked) => booked.start), [slot.start], 'at the time that was given back');
  say(`${slot.start} went to the waiting list and was booked anew`);
});

journey('a one-time password opens nothing but the form for one\'s own', async ({ atDesk, base, person }) => {
  const admin = await atDesk('ruslan');
  const login = `nurse.${process.pid}`;
  const { items } = await admin.asks('GET', '/sites');
  const made = await admin.asks('POST', '/users', { name: 'Әлиева Гүлжан', login, site: items[0].id, roles: ['nurse'], languages: ['kk'] });
  const { one_time_password: once } = await admin.asks('POST', `/users/${made.id}/password`, undefined, made.version);

  const newcomer = await person('chromium');
  await newcomer.page.goto(`${base}/desk`);
  await newcomer.types('login', login);
  await newcomer.types('password', 'a wrong guess');
  await newcomer.click('sign-in-submit');
  await newcomer.sees('problem');
  await newcomer.page.reload();
  await newcomer.types('login', login);
  await newcomer.types('password', once);
  await newcomer.click('sign-in-submit');
  await newcomer.choosesPassword(once, 'дала мен аспан 77');
  assert.equal(await newcomer.text('person-name'), 'Әлиева Гүлжан');
  await newcomer.click('sign-out');
  await newcomer.sees('sign-in');
});
