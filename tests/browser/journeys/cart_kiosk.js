/** A cart without a person: paired by a code, seen by the desks, shows its visits and starts one after somebody has decided. */

import assert from 'node:assert/strict';

import { dueOnCart, newCart, newSpecialist } from '../harness/clinic.js';
import { journey } from '../harness/world.js';

/** @typedef {import('../harness/person.js').Person} Person */

const ADMIN = 'ruslan';

/** A device that is typed a code on. @param {Person} kiosk @param {string} base @param {string} code */
async function pairs(kiosk, base, code) {
  await kiosk.page.setViewport({ width: 1280, height: 800 });
  await kiosk.page.goto(`${base}/cart`);
  await kiosk.types('cart-code', code);
  await kiosk.click('cart-pair');
  await kiosk.sees('cart-link');
}

/** @param {Person} admin @param {string} id of a cart @returns {Promise<string>} */
const codeFor = async (admin, id) => (await admin.asks('POST', `/carts/${id}/pairing`)).code;

journey('the kiosk shows its visits of today and starts one once the patient has decided', async (way) => {
  const { atDesk, base, person, say } = way;
  const [admin, nurse, specialist] = await Promise.all([atDesk(ADMIN), atDesk('svetlana'), newSpecialist(way, 'urology')]);
  const { site } = await nurse.asks('GET', '/session');
  const cart = await newCart(admin, site.id);
  const due = await dueOnCart(nurse, specialist, cart.id);
  const kiosk = await person('chromium');
  await pairs(kiosk, base, await codeFor(admin, cart.id));
  const before = kiosk.clicks;
  await kiosk.click(`start-${due.id}`);
  await kiosk.sees('consent-words');
  assert.ok((await kiosk.text('consent-words')).length > 200, 'the whole text is there to be read out');
  await kiosk.click('giver-legal_representative');
  assert.equal(await kiosk.page.$('[data-testid="consent-given"]:enabled'), null, 'a representative has a name');
  await kiosk.types('giver-name', 'Темірханова Әсем');
  await kiosk.click('consent-given');
  await kiosk.sees('device-check');
  say(`${kiosk.clicks - before} clicks from the list to the device check`);

  const id = await kiosk.page.evaluate(() => location.hash.replace('#a=', ''));
  const visit = await admin.asks('GET', `/appointments/${id}`);
  assert.deepEqual([visit.status, visit.consents.consultation, visit.cart.id], ['checked_in', 'given', cart.id]);

  await kiosk.page.goto(`${base}/cart`);
  await kiosk.until('the started visit is entered again at one touch', async () => (await kiosk.attribute(`visit-${id}`, 'data-step')) === 'enter');
  await kiosk.click(`start-${id}`);
  await kiosk.sees('device-check');
  const beat = kiosk.page.waitForRequest((request) => request.url().endsWith(`/carts/${cart.id}/heartbeat`));
  await kiosk.page.reload();
  await beat; // also in the visit the cart says that it is there
});

journey('an administrator pairs a cart by a code, and sees it come, go red and be let go', async ({ atDesk, base, person }) => {
  const admin = await atDesk(ADMIN);
  const name = `Journey cart ${process.pid}`;
  await admin.click('tab-carts');
  await admin.click('new-cart');
  await admin.types('name', name);
  await admin.click('form-submit');
  const light = `[data-name="${name}"] [data-testid="cart-light"]`;
  await admin.finds(`${light}[data-light="red"]`);

  await admin.press(`[data-name="${name}"] [data-testid^="pair-"]`);
  await admin.sees('pairing-left');
  const code = await admin.text('secret');
  const kiosk = await person('chromium');
  await kiosk.page.goto(`${base}/cart`);
  await kiosk.types('cart-code', code === '0000 0000' ? '1111 1111' : '0000 0000');
  await kiosk.click('cart-pair');
  await kiosk.sees('problem');
  await kiosk.page.$eval('[data-testid="cart-code"]', (field) => /** @type {HTMLInputElement} */ (field).select());
  await pairs(kiosk, base, code);
  assert.equal(await kiosk.text('cart-name'), name);
  await admin.click('secret-close');
  await admin.finds(`${light}[data-light="green"]`);

  await kiosk.page.setOfflineMode(true);
  await kiosk.sees('offline');
  assert.equal(await kiosk.attribute('cart-link', 'data-on'), 'false');
  await kiosk.page.setOfflineMode(false);
  await kiosk.doesNotSee('offline');
  await kiosk.page.reload();
  await kiosk.until('it is the same cart after a reload', async () => (await kiosk.text('cart-name')) === name);

  await admin.press(`[data-name="${name}"] [data-testid^="unpair-"]`);
  await admin.click('confirm-ok');
  await kiosk.sees('unpaired', 30_000);
});

journey('a cart checks itself, and the desk hears what it found', async ({ atDesk, base, person }) => {
  const admin = await atDesk(ADMIN);
  const kiosk = await person('chromium');
  const { items } = await admin.asks('GET', '/carts?limit=200');
  const cart = items.find((/** @type {any} */ one) => one.name === 'Тележка 2');
  await pairs(kiosk, base, await codeFor(admin, cart.id));
  await kiosk.page.bringToFront();
  await kiosk.click('cart-check');
  await kiosk.until('the tones are played', async () => (await kiosk.attribute('check', 'data-at')) === 'speaker', 40_000);
  for (const part of ['camera', 'microphone', 'network']) assert.equal(await kiosk.attribute(`part-${part}`, 'data-result'), 'ok', await kiosk.text(`part-${part}`));
  await kiosk.click('heard-no');
  await kiosk.sees('check-done');
  assert.equal(await kiosk.attribute('check-done', 'data-good'), 'false');
  await admin.until('the server knows', async () => ['degraded', 'failed'].includes((await admin.asks('GET', `/carts/${cart.id}`)).check));
  await admin.click('tab-carts');
  await admin.finds(`[data-testid="cart-${cart.id}"] [data-testid="cart-checked"]`);
});
