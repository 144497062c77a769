/** Pictures of each page in three sizes and three languages, for a person to look at: `output/<page>-<size>-<language>.png`. */

import assert from 'node:assert/strict';

import { visitOf } from '../harness/clinic.js';
import { drawing, LANGUAGES, SIZES } from '../harness/draw.js';
import { nextFrame } from '../harness/media.js';
import { journey } from '../harness/world.js';

/** @typedef {import('../harness/person.js').Person} Person */

for (const language of LANGUAGES) {
  journey(`each page is drawn in three sizes: ${language}`, async ({ base, links, person }) => {
    const draw = drawing(language);

    const nurse = await person('chromium');
    await nurse.page.goto(base);
    await nurse.click(`language-${language}`);
    await draw(nurse, 'landing');

    const patient = await person('chromium');
    await patient.arrive(links.patient);
    await patient.click(`language-${language}`);
    await draw(patient, 'device-check');
    await patient.click('join-call');
    await patient.sees('waiting-room');
    await draw(patient, 'waiting-room');

    await nurse.join(links.nurse);
    await nurse.click(`language-${language}`);
    const specialist = await person('chromium');
    await specialist.join(links.specialist);
    await nurse.sees(`knock-${await patient.id()}`);
    await draw(nurse, 'knock');
    await nurse.admits(patient);
    await nextFrame(nurse, `${await patient.id()}/camera`);
    await nextFrame(patient, `${await nurse.id()}/camera`);
    await draw(nurse, 'call', namesAreLegible);
    await draw(patient, 'call-patient', namesAreLegible);
    await nurse.click('chat-toggle');
    await nurse.types('chat-input', 'Сәлеметсіз бе! Здравствуйте! Hello!');
    await nurse.click('chat-send');
    await nurse.sees('chat-message');
    await draw(nurse, 'chat');

    await patient.click('leave');
    await patient.sees('left-page');
    await draw(patient, 'left');
    await patient.page.goto('about:blank');
    await patient.page.goto(`${base}/visit#not-an-invitation`);
    await patient.sees('error-box');
    await draw(patient, 'error');
  });
}

journey('a guest’s way is drawn in three sizes and languages', async ({ atDesk, person }) => {
  const nurse = await atDesk('svetlana');
  const visit = await visitOf(nurse, 'Бляшки на локтях');
  const { url } = await nurse.asks('POST', `/appointments/${visit.id}/links`, { role: 'patient', name: 'Динара' });
  const patient = await person('chromium');
  for (const language of LANGUAGES) {
    const draw = drawing(language);
    await patient.page.goto('about:blank');
    await patient.page.goto(url);
    await patient.sees('way-greeting');
    await patient.click(`language-${language}`);
    await draw(patient, 'way-greeting');
    if (await patient.page.$('[data-testid="way-cannot-come"]')) {
      await patient.click('way-cannot-come');
      await draw(patient, 'way-cannot-come');
    }
  }
});

journey('the specialist’s desk is drawn in three sizes and languages', async ({ atDesk, base }) => {
  const specialist = await atDesk('daniyar');
  for (const language of LANGUAGES) {
    const draw = drawing(language);
    await specialist.page.setViewport(SIZES[0]);
    await specialist.click(`language-${language}`);
    for (const view of ['my-day', 'week', 'my-schedule', 'conclusions']) {
      await specialist.page.goto(`${base}/desk#/${view}`);
      await specialist.finds(`[data-view="${view}"] .loaded[aria-busy="false"]`);
      await draw(specialist, `desk-${view}`);
    }
  }
});

/** Each tile's name is drawn in full. @param {Person} who */
async function namesAreLegible(who) {
  const cut = await who.page.$$eval('[data-testid="tile"]', (tiles) =>
    /** @type {HTMLElement[]} */ (tiles).flatMap((tile) => {
      const name = [...tile.querySelectorAll('*')].find((part) => part.textContent === tile.dataset.name);
      if (!name?.parentElement) return [tile.dataset.name];
      const written = document.createRange();
      written.selectNodeContents(name);
      const { width, right } = written.getBoundingClientRect();
      const room = Math.min(name.getBoundingClientRect().right, name.parentElement.getBoundingClientRect().right);
      return width > 0 && right <= room + 1 ? [] : [tile.dataset.name];
    }),
  );
  assert.deepEqual(cut, [], 'names that are cut or missing');
}
