/** Whether everybody can use a page: what axe finds, and targets that a finger would miss. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** @typedef {import('./person.js').Person} Person */

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
export const DESK_AND_PHONE = [{ width: 1280, height: 800 }, { width: 320, height: 640, hasTouch: true, isMobile: true }];
export const FINGER_PX = 48;

/** @param {Person} someone @param {string} where */
export async function findsNothing(someone, where) {
  await someone.page.evaluate(AXE);
  const found = await someone.page.evaluate(async (tags) => {
    // @ts-ignore: axe is what the line above has put there
    const { violations } = await window.axe.run(document, { runOnly: { type: 'tag', values: tags } });
    return violations.map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes.map((/** @type {any} */ { target }) => target.join(' ')).slice(0, 3).join(', ')}`);
  }, RULES);
  assert.deepEqual(found, [], where);
}

/** Buttons, links of their own and fields that a finger would miss; a link within words may be as high as its line. @param {Person} someone */
export function smallTargets(someone) {
  return someone.page.$$eval('button, select, input:not([type="radio"], [type="checkbox"]), a.button, a.desk-tab, label:has(input)', (all, least) =>
    /** @type {HTMLElement[]} */ (all)
      .filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().height < least - 0.5)
      .map((one) => `${one.dataset.testid ?? one.tagName} ${one.innerText.slice(0, 20)} ${one.getBoundingClientRect().height}`), FINGER_PX);
}
