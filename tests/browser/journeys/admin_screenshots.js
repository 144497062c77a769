/** Pictures of the administrator's desk and of the kiosk in three sizes and three languages, for a person to look at: `output/admin-<view>-..`, `output/cart-<screen>-..`. */

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { journey } from '../harness/world.js';

/** @typedef {import('../harness/person.js').Person} Person */

const OUTPUT = fileURLToPath(new URL('../output/', import.meta.url));
const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 320, height: 640 },
];
/** A view, and the button of its form where it has one. */
const VIEWS = [['sites', 'new-site'], ['users', 'new-user'], ['carts', 'new-cart'], ['schedules', ''], ['texts', 'new-text-consultation'], ['messages', ''], ['keys', 'new-key'], ['audit', '']];

/** @param {Person} someone @param {string} name @param {string} language */
async function draw(someone, name, language) {
  await someone.until('nothing is being read any more', async () => !(await someone.page.$('[aria-busy="true"]')));
  for (const size of SIZES) {
    await someone.page.setViewport(size);
    await someone.page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    await someone.page.screenshot({ path: `${OUTPUT}${name}-${size.width}x${size.height}-${language}.png`, fullPage: true });
    const overflow = await someone.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `${name} at ${size.width} wide overflows by ${overflow} px`);
  }
}

for (const language of ['kk', 'ru', 'en']) {
  journey(`the administrator's desk and the kiosk are drawn in three sizes: ${language}`, async ({ base, atDesk, person }) => {
    await mkdir(OUTPUT, { recursive: true });
    const admin = await atDesk('ruslan', language);
    for (const [view = '', form = ''] of VIEWS) {
      await admin.page.goto('about:blank');
      await admin.page.goto(`${base}/desk#/${view}`);
      await admin.sees(view);
      if (view === 'schedules') {
        await admin.until('somebody can be chosen', () => admin.page.$('#whose option:nth-child(2)'));
        await admin.page.select('#whose', await admin.page.$eval('#whose option:nth-child(2)', (option) => /** @type {HTMLOptionElement} */ (option).value));
        await admin.sees('week');
      }
      await draw(admin, `admin-${view}`, language);
      if (form) {
        await admin.click(form);
        await draw(admin, `admin-${view}-form`, language);
      }
    }

    const kiosk = await person('chromium');
    await kiosk.page.goto(`${base}/cart`);
    await kiosk.click(`language-${language}`);
    await kiosk.sees('pairing');
    await draw(kiosk, 'cart-pairing', language);
    const { items } = await admin.asks('GET', '/carts?limit=200');
    const cart = items.find((/** @type {any} */ one) => one.name === 'Тележка 1');
    await kiosk.types('cart-code', (await admin.asks('POST', `/carts/${cart.id}/pairing`)).code);
    await kiosk.click('cart-pair');
    await kiosk.finds('.visit');
    await draw(kiosk, 'cart-today', language);
    if (await kiosk.page.$('.visit button')) {
      await kiosk.press('.visit button');
      await kiosk.sees('consent-words');
      await draw(kiosk, 'cart-consent', language);
      await kiosk.click('consent-back');
    }
    await kiosk.click('cart-check');
    await kiosk.sees('heard-yes', 40_000);
    await draw(kiosk, 'cart-check', language);
    await kiosk.click('check-back');
    await admin.asks('DELETE', `/carts/${cart.id}/pairing`);
    await kiosk.sees('unpaired', 30_000);
    await draw(kiosk, 'cart-unpaired', language);
  });
}
