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
