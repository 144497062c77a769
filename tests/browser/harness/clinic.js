/** The made-up clinic (src/demo/) as journeys use it: its visits, and links to them. */

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
 * The specialist has time at once, whatever the clock says: check-in opens half an hour before a visit.
 * @param {Person} specialist @param {'cart' | 'home_link'} channel
 */
export async function opensHoursNow(specialist, channel) {
  const { site } = await specialist.asks('GET', '/session');
  const start = new Date(Math.ceil((Date.now() + 4 * MINUTE) / (5 * MINUTE)) * 5 * MINUTE);
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: site.time_zone, dateStyle: 'short', timeStyle: 'short' });
  const [date, time] = clock.format(start).split(' ');
  const end = clock.format(new Date(start.getTime() + 15 * MINUTE)).split(' ')[1];
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay() || 7;
  await specialist.asks('POST', '/schedules', {
    weekday, start: time, end: end === '00:00' ? '24:00' : end, slot_minutes: 15, channel, valid_from: date, valid_to: date,
  });
  return start;
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
    source: 'journey', mis_ref, patient: person, referring_doctor: 'Лысенко Игорь', specialty, reason: 'Косит левый глаз.',
  });
  const until = new Date(start.getTime() + MINUTE).toISOString();
  const { items } = await nurse.asks('GET', `/slots?specialty=${specialty}&channel=cart&cart=${cart}&patient=${patient.id}&from=${start.toISOString()}&to=${until}`);
  const slot = items[0].id;
  await nurse.asks('POST', `/slots/${slot}/hold`, {});
  return nurse.asks('POST', '/appointments', { referral, patient: patient.id, site, slot, cart });
}
