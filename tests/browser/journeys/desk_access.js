/** The desks can be used by whoever works at them: axe finds nothing on any view, at two widths; no target is smaller than a finger; the keyboard reaches everything. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { journey } from '../harness/world.js';

/** @typedef {import('../harness/person.js').Person} Person */

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SIZES = [{ width: 1280, height: 800 }, { width: 320, height: 640, hasTouch: true, isMobile: true }];
const FINGER_PX = 48;

journey('axe finds nothing at the sign-in', async ({ base, person }) => {
  const someone = await person('chromium');
  await someone.page.goto(`${base}/desk`);
  await someone.sees('sign-in');
  await findsNothing(someone, 'sign-in');
});

journey('axe finds nothing on the nurse\'s views', async ({ base, atDesk }) => {
  const nurse = await atDesk('aigul', 'kk');
  for (const [view, ready] of [['today', 'timeline'], ['referrals', 'referrals'], ['waitlist', 'view'], ['reconfirmation', 'calls-day-1'], ['patients', 'patient-query'], ['new-referral', 'reason']]) {
    for (const size of SIZES) {
      await nurse.page.setViewport(size);
      await nurse.page.goto(`${base}/desk#/${view}`);
      await nurse.sees(ready ?? 'view');
      await findsNothing(nurse, `${view} at ${size.width}`);
      if (size.hasTouch) assert.deepEqual(await smallTargets(nurse), [], `${view}: targets smaller than ${FINGER_PX} px`);
    }
  }
});

/** @param {Person} someone @param {string} where */
async function findsNothing(someone, where) {
  await someone.page.evaluate(AXE);
  const found = await someone.page.evaluate(async (tags) => {
    // @ts-ignore: axe is what the line above has put there
    const { violations } = await window.axe.run(document, { runOnly: { type: 'tag', values: tags } });
    return violations.map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes.map((/** @type {any} */ { target }) => target.join(' ')).slice(0, 3).join(', ')}`);
  }, RULES);
  assert.deepEqual(found, [], where);
}

/** Buttons, links of their own and fields that a finger would miss; a link within words may be as high as its line. @param {Person} someone */
function smallTargets(someone) {
  return someone.page.$$eval('button, select, input:not([type="radio"], [type="checkbox"]), a.button, a.desk-tab, label:has(input)', (all, least) =>
    /** @type {HTMLElement[]} */ (all)
      .filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().height < least - 0.5)
      .map((one) => `${one.dataset.testid ?? one.tagName} ${one.innerText.slice(0, 20)} ${one.getBoundingClientRect().height}`), FINGER_PX);
}
