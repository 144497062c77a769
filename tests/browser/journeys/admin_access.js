/** The administrator's desk and the kiosk can be used by whoever works at them, in each language. */

import assert from 'node:assert/strict';

import { DESK_AND_PHONE, FINGER_PX, findsNothing, smallTargets } from '../harness/access.js';
import { journey } from '../harness/world.js';

/** @typedef {import('../harness/person.js').Person} Person */

/** View, what stands there when it is drawn, and the button of its form. */
const VIEWS = [['sites', 'new-site', 'site-form'], ['users', 'new-user', 'user-form'], ['carts', 'new-cart', 'cart-form'], ['texts', 'new-text-consultation', 'text-form'], ['keys', 'new-key', 'key-form']];

/** @param {Person} someone @param {string} where @param {() => Promise<void>} open */
async function isUsable(someone, where, open) {
  for (const size of DESK_AND_PHONE) {
    await someone.page.setViewport(size);
    await open();
    await findsNothing(someone, `${where} at ${size.width}`);
    if (size.hasTouch) assert.deepEqual(await smallTargets(someone), [], `${where}: targets smaller than ${FINGER_PX} px`);
  }
}

journey('axe finds nothing on the administrator’s views and forms', async ({ base, atDesk }) => {
  const admin = await atDesk('ruslan', 'kk');
  const opens = async (/** @type {string} */ view) => {
    await admin.page.goto('about:blank');
    await admin.page.goto(`${base}/desk#/${view}`);
    await admin.sees(view);
  };
  for (const [view = '', button = '', form = ''] of VIEWS) {
    await isUsable(admin, view, async () => {
      await opens(view);
      await admin.finds('.sheet, [data-testid="empty"]');
    });
    await isUsable(admin, form, async () => {
      await opens(view);
      await admin.finds('.sheet, [data-testid="empty"]');
      await admin.click(button);
      await admin.sees(form);
    });
  }
  await isUsable(admin, 'schedules', async () => {
    await opens('schedules');
    await admin.until('somebody can be chosen', () => admin.page.$('#whose option:nth-child(2)'));
    await admin.page.select('#whose', await admin.page.$eval('#whose option:nth-child(2)', (option) => /** @type {HTMLOptionElement} */ (option).value));
    await admin.sees('week');
  });
  await isUsable(admin, 'messages', async () => {
    await opens('messages');
    await admin.finds('[data-testid="sent"], [data-testid="empty"]');
  });
  await isUsable(admin, 'audit', async () => {
    await opens('audit');
    await admin.sees('entries');
    await admin.sees('chain');
  });
});

journey('axe finds nothing on the kiosk', async ({ base, atDesk, person }) => {
  const admin = await atDesk('ruslan');
  const kiosk = await person('chromium');
  await isUsable(kiosk, 'pairing', async () => {
    await kiosk.page.goto(`${base}/cart`);
    await kiosk.sees('pairing');
  });
  const { items } = await admin.asks('GET', '/carts?limit=200');
  const cart = items.find((/** @type {any} */ one) => one.name === 'Тележка 1');
  const { code } = await admin.asks('POST', `/carts/${cart.id}/pairing`);
  await kiosk.types('cart-code', code);
  await kiosk.click('cart-pair');
  await kiosk.sees('cart-check');
  await isUsable(kiosk, 'today', async () => {
    await kiosk.page.goto(`${base}/cart`);
    await kiosk.sees('cart-check');
    await kiosk.finds('.visit, [data-testid="no-visits"]');
  });
  await kiosk.page.goto(`${base}/cart`);
  if (await kiosk.page.waitForSelector('.visit button', { timeout: 5_000 }).catch(() => null)) {
    await isUsable(kiosk, 'consent', async () => {
      await kiosk.page.goto(`${base}/cart`);
      await kiosk.press('.visit button');
      await kiosk.sees('consent-words');
    });
  }
  await isUsable(kiosk, 'check', async () => {
    await kiosk.page.goto(`${base}/cart`);
    await kiosk.click('cart-check');
    await kiosk.sees('check');
  });
});
