/** Pictures of a page in three sizes, for a person to look at: `output/<page>-<size>-<language>.png`. Nothing may stand out over the page's edge. */

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./person.js').Person} Person */

const OUTPUT = fileURLToPath(new URL('../output/', import.meta.url));
export const LANGUAGES = ['kk', 'ru', 'en'];
export const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 320, height: 640 },
];

/** @param {string} language @returns {(who: Person, name: string, check?: (who: Person) => Promise<void>) => Promise<void>} draws in each size, with `check` at each */
export function drawing(language) {
  return async (who, name, check) => {
    await mkdir(OUTPUT, { recursive: true });
    const before = who.page.viewport();
    for (const size of SIZES) {
      await who.page.setViewport(size);
      await who.page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      await who.page.screenshot({ path: `${OUTPUT}${name}-${size.width}x${size.height}-${language}.png` });
      const overflow = await who.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `${name} at ${size.width} wide overflows by ${overflow} px`);
      await check?.(who);
    }
    await who.page.setViewport(before);
  };
}
