/** From Today into the call, with the patient beside the cart. */

import assert from 'node:assert/strict';

import { dueOnCart, newCart, newSpecialist } from '../harness/clinic.js';
import { journey } from '../harness/world.js';

journey('a cart session starts in three clicks from Today', async (way) => {
  const { atDesk, say } = way;
  const [admin, nurse, specialist] = await Promise.all([atDesk('ruslan'), atDesk('aigul'), newSpecialist(way, 'nephrology')]);
  const { site } = await nurse.asks('GET', '/session');
  const cart = await newCart(admin, site.id);
  const due = await dueOnCart(nurse, specialist, cart.id);
  const inVisit = (/** @type {string} */ testId) => `[data-testid="visit"][data-id="${due.id}"] [data-testid="${testId}"]`;
  await nurse.finds(inVisit('check-in'));

  const before = nurse.clicks;
  await nurse.press(inVisit('check-in'));
  await nurse.click('consent-given');
  await nurse.click('start-now');
  const clicks = nurse.clicks - before;
  say(`${clicks} clicks`);
  assert.equal(clicks, 3);
  await nurse.until('the visit page is open', () => nurse.page.evaluate(() => location.pathname === '/visit'));
  const visit = await nurse.asks('GET', `/appointments/${due.id}`);
  assert.deepEqual([visit.status, visit.consents.consultation], ['checked_in', 'given']);
});
