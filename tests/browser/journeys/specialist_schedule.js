/** The specialist's own time: hours, an absence, the calendar's address, and a day called off with what becomes of its patients. */

import assert from 'node:assert/strict';

import { journey } from '../harness/world.js';

journey('a specialist adds hours and an absence, and subscribes to the calendar', async ({ atDesk, base }) => {
  const specialist = await atDesk('timur');
  const rows = (/** @type {string} */ kind) => specialist.page.$$eval(`li[data-testid^="${kind}-"]`, (found) => found.length);
  await specialist.click('tab-my-schedule');
  await specialist.finds('[data-testid^="hours-"]');
  const before = await rows('hours');

  await specialist.click('new-hours');
  await specialist.page.select('[data-testid="channel"]', 'phone');
  await sets(specialist, 'start', '20:00');
  await sets(specialist, 'end', '21:00');
  await specialist.click('save-hours');
  await specialist.until('the hours are listed', async () => (await rows('hours')) === before + 1);

  await specialist.click('new-absence');
  await specialist.types('reason', 'Врачебная конференция');
  await specialist.click('save-absence');
  await specialist.until('the absence is listed', async () => (await specialist.text('view')).includes('Врачебная конференция'));

  await specialist.click('feed-make');
  await specialist.sees('feed-url');
  const url = await specialist.page.$eval('[data-testid="feed-url"]', (field) => /** @type {HTMLInputElement} */ (field).value);
  const calendar = await fetch(url.replace(new URL(url).origin, base));
  assert.match(await calendar.text(), /^BEGIN:VCALENDAR/);
});

journey('a specialist calls a day off and reads what becomes of each patient', async ({ atDesk }) => {
  const specialist = await atDesk('asel');
  await specialist.click('tab-my-schedule');
  await specialist.click('day-off');
  await specialist.until('it is said whom this concerns', async () => Number(await specialist.attribute('day-off-concerned', 'data-count')) > 0);
  await specialist.types('day-off-reason', 'Командировка');
  await specialist.click('day-off-ok');
  await specialist.finds('[data-testid="day-off-dialog"] .badge[data-value]');
  const outcomes = await specialist.page.$$eval('[data-testid="day-off-dialog"] .badge[data-value]', (badges) => /** @type {HTMLElement[]} */ (badges).map(({ dataset }) => dataset.value));
  assert.ok(outcomes.every((outcome) => outcome === 'offered' || outcome === 'call'), outcomes.join());
  await specialist.click('day-off-done');
});

/** A time field takes no keys without its locale's separators. @param {import('../harness/person.js').Person} someone @param {string} testId @param {string} value */
async function sets(someone, testId, value) {
  await someone.page.$eval(`[data-testid="${testId}"]`, (field, text) => {
    /** @type {HTMLInputElement} */ (field).value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }, value);
}
