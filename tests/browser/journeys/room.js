/** Who is let in and who is put out, and what people write and read. */

import assert from 'node:assert/strict';

import { nextFrame } from '../harness/media.js';
import { journey } from '../harness/world.js';

journey('a patient waits until admitted and returns unasked', async ({ links, person }) => {
  const patient = await person('firefox');
  await patient.knock(links.patient);
  await patient.sees('waiting-room');
  assert.equal(await patient.attribute('host-status', 'data-status'), 'absent');

  const nurse = await person('chromium');
  await nurse.join(links.nurse);
  await patient.until('the host is announced', async () =>
    (await patient.attribute('host-status', 'data-status')) === 'in_call');
  assert.ok(await patient.text('waiting-position'), 'the place in the queue is said');
  assert.equal((await nurse.tiles()).length, 0, 'who waits is not in the call');

  const id = await patient.id();
  await nurse.sees(`knock-${id}`);
  await nurse.admits(patient);
  await nextFrame(nurse, `${id}/camera`);
  await nextFrame(patient, `${await nurse.id()}/camera`);

  await patient.page.reload();
  await patient.isConnected();
});

journey('who is removed is out', async ({ links, person }) => {
  const nurse = await person('chromium');
  const patient = await person('chromium');
  await nurse.join(links.nurse);
  await patient.knock(links.patient);
  await nurse.admits(patient);
  const id = await patient.id();
  await nextFrame(nurse, `${id}/camera`);

  await nurse.click('people-toggle');
  await nurse.click(`remove-${id}`);
  await nurse.click('confirm-ok');
  await patient.sees('left-page');
  assert.equal(await patient.attribute('left-page', 'data-reason'), 'removed');
  await nurse.until('the tile is gone', async () => (await nurse.tiles()).length === 0);
  assert.notEqual(await patient.page.evaluate(() => window.kenes.peerConnection()?.connectionState), 'connected');
});

journey('a chat message reaches everybody in the call', async ({ links, person }) => {
  const nurse = await person('chromium');
  const specialist = await person('firefox');
  await nurse.join(links.nurse);
  await specialist.join(links.specialist);
  await specialist.seesTile(await nurse.id());

  await nurse.click('chat-toggle');
  await nurse.types('chat-input', 'Қысым 140/90, тұрақты');
  await nurse.click('chat-send');
  await specialist.until('the message is announced', async () => (await specialist.attribute('chat-toggle', 'data-unread')) === '1');
  await specialist.click('chat-toggle');
  await reads(specialist, 'Қысым 140/90, тұрақты');

  await specialist.types('chat-input', 'Thank you <b>doctor</b>');
  await specialist.click('chat-send');
  await reads(nurse, 'Thank you <b>doctor</b>');
});

journey('the language switches on each page', async ({ base, links, person }) => {
  const nurse = await person('chromium');
  await nurse.page.goto(base);
  await nurse.sees('landing');
  await speaksThreeLanguages(nurse, 'landing');
  await nurse.arrive(links.nurse);
  await speaksThreeLanguages(nurse, 'device-check');
});

/** @param {import('../harness/person.js').Person} reader @param {string} text */
async function reads(reader, text) {
  await reader.until(`"${text}" is read`, async () => (await reader.text('chat-panel')).includes(text));
}

/** @param {import('../harness/person.js').Person} person @param {string} part */
async function speaksThreeLanguages(person, part) {
  const texts = new Set();
  for (const language of ['kk', 'ru', 'en']) {
    await person.click(`language-${language}`);
    await person.until(`the page is in ${language}`, () => person.page.evaluate((wanted) => document.documentElement.lang === wanted, language));
    texts.add(await person.text(part));
  }
  assert.equal(texts.size, 3, `${part} reads differently in each language`);
}
