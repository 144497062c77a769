/** From Today into the call, with the patient beside the cart. Comes after the kiosk's pictures: the made-up clinic has one visit on this cart that is due. */

import assert from 'node:assert/strict';

import { journey } from '../harness/world.js';

/** @typedef {import('../harness/person.js').Person} Person */

journey('a cart session starts in three clicks from Today', async ({ atDesk, say }) => {
  const nurse = await atDesk('aigul');
  const due = await dueOnCart(nurse);
  const inVisit = (/** @type {string} */ testId) => `[data-testid="visit"][data-id="${due}"] [data-testid="${testId}"]`;
  await nurse.finds(inVisit('check-in'));

  const before = nurse.clicks;
  await nurse.press(inVisit('check-in'));
  await nurse.click('consent-given');
  await nurse.click('start-now');
  const clicks = nurse.clicks - before;
  say(`${clicks} clicks`);
  assert.equal(clicks, 3);
  await nurse.until('the visit page is open', () => nurse.page.evaluate(() => location.pathname === '/visit'));
  const visit = await nurse.asks('GET', `/appointments/${due}`);
  assert.deepEqual([visit.status, visit.consents.consultation], ['checked_in', 'given']);
});

/** A visit on the cart that is about to begin and that nobody has checked in: one of the made-up clinic's, which are told around now. @param {Person} nurse @returns {Promise<string>} */
async function dueOnCart(nurse) {
  const within = (/** @type {number} */ minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
  const { items } = await nurse.asks('GET', `/appointments?from=${within(-55)}&to=${within(29)}`);
  const due = items.find((/** @type {any} */ visit) => visit.channel === 'cart' && visit.allowed.includes('check_in') && !visit.consents.consultation);
  assert.ok(due, 'the made-up clinic has a visit on its cart now');
  return due.id;
}
