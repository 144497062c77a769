/** The administrator's desk: a new colleague gets in, a key is shown once, what is wrong stands beside its field, the trail tells of it all. */

import assert from 'node:assert/strict';

import { journey } from '../harness/world.js';

/** @typedef {import('../harness/person.js').Person} Person */

const ADMIN = 'ruslan';
let made = 0;
const fresh = (/** @type {string} */ name) => `${name} ${process.pid}-${++made}`;

/** @param {Person} admin @param {string} view */
async function opens(admin, view) {
  await admin.click(`tab-${view}`);
  await admin.sees(view);
}

journey('a new colleague signs in with the password that is shown once, and must choose another', async ({ atDesk, base, person }) => {
  const admin = await atDesk(ADMIN);
  await opens(admin, 'users');
  await admin.click('new-user');
  await admin.click('form-submit');
  await admin.until('the empty name is told beside its field', async () => (await admin.page.$('#name-error')) !== null);

  const login = `journey${process.pid}`;
  await admin.types('name', 'Сапарова Динара');
  await admin.types('user-login', login);
  await admin.click('role-nurse');
  await admin.click('form-submit');
  await admin.sees('secret');
  const password = await admin.text('secret');
  await admin.click('secret-close');
  await admin.finds(`[data-login="${login}"]`);

  const colleague = await person('chromium');
  await colleague.page.goto(`${base}/desk`);
  await colleague.types('login', login);
  await colleague.types('password', password);
  await colleague.click('sign-in-submit');
  await colleague.sees('change-password');
});

journey('a site is named, changed, and the change is in the audit trail, whose chain is whole', async ({ atDesk }) => {
  const admin = await atDesk(ADMIN, 'kk');
  const name = fresh('Journey ambulatory');
  await opens(admin, 'sites');
  await admin.click('new-site');
  await admin.types('name', name);
  await admin.click('kind-ambulatory');
  await admin.types('km_to_hub', '42');
  await admin.click('form-submit');
  await admin.until('the site is listed', async () => (await admin.text('sites')).includes(name));
  const { items } = await admin.asks('GET', '/sites?limit=200');
  const site = items.find((/** @type {any} */ one) => one.name === name);
  assert.deepEqual([site.kind, site.time_zone, site.km_to_hub], ['ambulatory', 'Asia/Almaty', 42]);

  await opens(admin, 'audit');
  await admin.until('the chain is whole', async () => (await admin.attribute('chain', 'data-state')) === 'intact');
  await admin.page.select('#entity', 'site');
  await admin.types('entity_id', site.id);
  await admin.until('the trail has the one change', async () => {
    const rows = await admin.page.$$eval('[data-testid="entry"]', (all) => /** @type {HTMLElement[]} */ (all).map(({ dataset }) => `${dataset.entity} ${dataset.action}`));
    return rows.length === 1 && rows[0] === 'site created';
  });
});

journey('the administrator sees how the links of a site were before its calls', async ({ atDesk }) => {
  const admin = await atDesk(ADMIN);
  const { site } = await admin.asks('GET', '/session');
  await admin.asks('POST', '/link-check', { transport: 'tcp', rtt_ms: 90, up_bps: 300_000, down_bps: 2_000_000, lost_up_percent: 0, lost_down_percent: 1 });
  await opens(admin, 'sites');
  await admin.click(`links-${site.id}`);
  await admin.sees('link-line');
  assert.equal(await admin.attribute('link-line', 'data-rung'), 'small');
  assert.match(await admin.text('link-line'), /ICE-TCP/);
  await admin.click('dialog-close');
});

journey('hours that are added to a week can be booked, and a day off takes them away', async ({ atDesk }) => {
  const admin = await atDesk(ADMIN);
  const { items } = await admin.asks('GET', '/users?role=specialist&limit=1');
  const [doctor] = items;
  await opens(admin, 'schedules');
  await admin.until('the specialist can be chosen', () => admin.page.$(`#whose option[value="specialist ${doctor.id}"]`));
  await admin.page.select('#whose', `specialist ${doctor.id}`);
  await admin.sees('week');
  const windows = () => admin.page.$$eval('[data-testid="weekday-7"] .window', (all) => all.length);
  const before = await windows();
  await admin.click('add-7');
  await admin.until('the form is there', () => admin.page.$('#start'));
  await admin.page.$eval('#start', (field) => /** @type {HTMLInputElement} */ (field).select());
  await admin.types('start', '23');
  await admin.page.$eval('#end', (field) => /** @type {HTMLInputElement} */ (field).select());
  await admin.types('end', '24:00');
  await admin.click('form-submit');
  await admin.until('the window stands on Sunday', async () => (await windows()) === before + 1);

  await admin.click('new-absence');
  await admin.types('date', '31.12.2026');
  await admin.types('reason', 'Journey');
  await admin.click('form-submit');
  await admin.sees('absence-2026-12-31');
  await admin.press('[data-testid="absence-2026-12-31"] [data-testid="remove-absence"]');
  await admin.click('confirm-ok');
  await admin.doesNotSee('absence-2026-12-31');
});

journey('a program’s key is shown once, used, and revoked', async ({ atDesk, base }) => {
  const admin = await atDesk(ADMIN);
  const name = fresh('MIS');
  await opens(admin, 'keys');
  await admin.click('new-key');
  await admin.types('name', name);
  await admin.types('source', `mis-${process.pid}`);
  await admin.click('scope-referrals:read');
  await admin.click('form-submit');
  await admin.sees('secret');
  const key = await admin.text('secret');
  assert.match(key, /^kk_/);
  await admin.click('secret-close');

  const asks = () => fetch(`${base}/api/v1/referrals`, { headers: { authorization: `Bearer ${key}` } }).then(({ status }) => status);
  assert.equal(await asks(), 200);
  await admin.press(`[data-name="${name}"] button`);
  await admin.click('confirm-ok');
  await admin.finds(`[data-name="${name}"][data-state="revoked"]`);
  assert.equal(await asks(), 401);
});

journey('a new version of a consent text takes the place of the one before', async ({ atDesk }) => {
  const admin = await atDesk(ADMIN);
  await opens(admin, 'texts');
  const newest = async () => {
    const { items } = await admin.asks('GET', '/consent-texts');
    return Math.max(...items.filter((/** @type {any} */ text) => text.purpose === 'images').map((/** @type {any} */ text) => text.version));
  };
  const before = await newest();
  await admin.click('new-text-images');
  await admin.types('text-ru', ' Дополнение.');
  await admin.click('form-submit');
  await admin.doesNotSee('text-form');
  assert.equal(await newest(), before + 1);
  await admin.until('the new words are read', async () => (await admin.text('purpose-images')).includes('Дополнение.'));
});
