/** Pictures of the nurse's desk in three sizes and three languages, for a person to look at: `output/nurse-<view>-<size>-<language>.png`. Nothing runs over the edge. */

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { journey } from '../harness/world.js';

const OUTPUT = fileURLToPath(new URL('../output/', import.meta.url));
const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 320, height: 640 },
];
/** Address, and what is there when it is drawn. */
const VIEWS = [
  ['today', 'timeline'],
  ['referrals', 'referrals'],
  ['waitlist', 'view'],
  ['reconfirmation', 'calls-day-1'],
  ['patients', 'patient-query'],
  ['new-referral', 'reason'],
];

for (const language of ['kk', 'ru', 'en']) {
  journey(`the nurse's desk is drawn in three sizes: ${language}`, async ({ base, atDesk }) => {
    await mkdir(OUTPUT, { recursive: true });
    const nurse = await atDesk('aigul', language);
    /** @param {string} name */
    const draw = async (name) => {
      for (const size of SIZES) {
        await nurse.page.setViewport(size);
        await nurse.page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
        await nurse.page.screenshot({ path: `${OUTPUT}nurse-${name}-${size.width}x${size.height}-${language}.png`, fullPage: true });
        const overflow = await nurse.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(overflow <= 0, `${name} at ${size.width} wide overflows by ${overflow} px`);
      }
    };
    for (const [view = '', ready = 'view'] of VIEWS) {
      await nurse.page.goto(`${base}/desk#/${view}`);
      await nurse.sees(ready);
      await nurse.until('nothing is being read any more', async () => !(await nurse.page.$('[aria-busy="true"]')));
      await draw(view);
    }
    await nurse.page.goto(`${base}/desk#/referrals`);
    await nurse.click('find-time');
    await nurse.press('[data-testid="slot"]');
    await nurse.sees('countdown');
    await draw('booking');
    await nurse.click('release');
    await nurse.page.goto(`${base}/desk#/today`);
    await nurse.click('details');
    await nurse.sees('visit-dialog');
    await draw('visit');
  });
}
