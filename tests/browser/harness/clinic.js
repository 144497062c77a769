/** The made-up clinic (src/demo/) as journeys use it: its visits, and links to them. */

import { DESKTOP } from './person.js';

/** @typedef {import('./person.js').Person} Person */

/**
 * The visit of one of the made-up clinic's patients today.
 * @param {Person} staff @param {string} reason begins with
 */
export async function visitOf(staff, reason) {
  const from = new Date(Date.now() - 24 * 3_600_000).toISOString();
  const to = new Date(Date.now() + 24 * 3_600_000).toISOString();
  const { items } = await staff.asks('GET', `/appointments?from=${from}&to=${to}`);
  const found = items.find((/** @type {any} */ visit) => visit.referral?.reason.startsWith(reason));
  if (!found) throw new Error(`no visit for "${reason}" within a day of now`);
  return found;
}

/** A visit on the cart becomes one at home. @param {Person} nurse @param {string} reason */
export async function atHome(nurse, reason) {
  const visit = await visitOf(nurse, reason);
  return nurse.asks('POST', `/appointments/${visit.id}/place`, { channel: 'home_link' }, visit.version);
}

/** @param {Person} staff @param {string} visit @param {string} [role] @returns {Promise<{id: string, url: string}>} */
export function linkTo(staff, visit, role = 'patient') {
  return staff.asks('POST', `/appointments/${visit}/links`, { role, name: 'Абенов Марат' });
}

const MINUTE = 60_000;

/**
 * A specialist at the desk who has no hours yet: those of the made-up clinic's own would be in the way for half of the day.
 * @param {import('./world.js').Journey} journey @param {string} specialty that nobody in the made-up clinic has
 */
export async function newSpecialist({ atDesk, base, person }, specialty) {
  const admin = await atDesk('ruslan');
  const login = `${specialty}.${process.pid}.${Date.now()}`;
  const { site } = await admin.asks('GET', '/session');
  const made = await admin.asks('POST', '/users', { name: 'Оспанова Мадина', login, site: site.id, roles: ['specialist'], specialty, languages: ['kk', 'ru'] });
  const { one_time_password: once } = await admin.asks('POST', `/users/${made.id}/password`, undefined, made.version);
  const specialist = await person('chromium');
  await specialist.page.setViewport(DESKTOP);
  await specialist.page.goto(`${base}/desk`);
  await specialist.types('login', login);
  await specialist.types('password', once);
  await specialist.click('sign-in-submit');
  await specialist.choosesPassword(once, 'таудың тасы 2024');
  return specialist;
}

/**
 * A cart with no visits yet: for much of the day those of the made-up clinic's own are in the way.
 * @param {Person} admin @param {string} site @returns {Promise<{id: string, name: string}>}
 */
export const newCart = (admin, site) => admin.asks('POST', '/carts', { name: `Journey ${process.pid}.${Date.now()}`, site });

/**
 * The specialist has time at once, whatever the clock says: check-in opens half an hour before a visit.
 * @param {Person} specialist with no hours of today @param {'cart' | 'home_link'} channel
 */
export async function opensHoursNow(specialist, channel) {
  const { site } = await specialist.asks('GET', '/session');
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: site.time_zone, dateStyle: 'short', timeStyle: 'short' });
  const at = (/** @type {number} */ millis) => clock.format(new Date(millis)).split(' ');
  let start = Math.ceil((Date.now() + 4 * MINUTE) / (5 * MINUTE)) * 5 * MINUTE;
  // Hours end with their day.
  while (at(start)[0] !== at(start + 15 * MINUTE - 1)[0]) start += 5 * MINUTE;
  const [[date, time], [, end]] = [at(start), at(start + 15 * MINUTE)];
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay() || 7;
  await specialist.asks('POST', '/schedules', {
    weekday, start: time, end: end === '00:00' ? '24:00' : end, slot_minutes: 15, channel, valid_from: date, valid_to: date,
  });
  return new Date(start);
}

/**
 * A visit on a cart that is about to begin, of a patient whom no other journey touches.
 * @param {Person} nurse @param {Person} specialist @param {string} cart
 */
export async function dueOnCart(nurse, specialist, cart) {
  const start = await opensHoursNow(specialist, 'cart');
  const { specialty } = await specialist.asks('GET', '/session');
  const mis_ref = `due-${process.pid}-${Date.now()}`;
  const person = { mis_id: mis_ref, name: 'Темірханова Дана', birth_date: '2019-03-08', sex: 'female', language: 'kk' };
  const { id: referral, patient, site } = await nurse.asks('POST', '/referrals', {
    source: 'journey', mis_ref, patient: person, referring_doctor: 'Лысенко Игорь', specialty, reason: 'Вторую неделю болит при мочеиспускании.',
  });
  const until = new Date(start.getTime() + MINUTE).toISOString();
  const { items: [slot] } = await nurse.asks('GET', `/slots?specialty=${specialty}&channel=cart&cart=${cart}&patient=${patient.id}&from=${start.toISOString()}&to=${until}`);
  if (!slot) throw new Error(`nothing is free from ${start.toISOString()} to ${until} for this specialist, patient and cart together`);
  await nurse.asks('POST', `/slots/${slot.id}/hold`, {});
  return nurse.asks('POST', '/appointments', { referral, patient: patient.id, site, slot: slot.id, cart });
}
