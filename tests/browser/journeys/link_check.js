/** Before the call the page measures the link and says what will work on it: on a good one video, on a slow one that there is none, and why. */

import assert from 'node:assert/strict';

import { findsNothing } from '../harness/access.js';
import { drawing, LANGUAGES } from '../harness/draw.js';
import { farJourney } from '../harness/far.js';

/** @typedef {import('../harness/person.js').Person} Person */

/** A check takes six seconds; the page may be busy, and asks again. */
const SAID_MS = 60_000;

farJourney('before the call a page says what its link will carry: video, or none and why', async ({ nurse: { person, link }, say }) => {
  await isTold(person, ['full']);
  assert.equal(await person.attribute('link-check', 'data-transport'), 'udp');
  say(await person.text('link-figures'));

  await link.becomes('rate=110k delay=40ms queue=9k');
  await person.click('link-again');
  await isTold(person, ['stills', 'audio']);
  assert.match((await person.attribute('link-check', 'data-why')) ?? '', /^slow_(up|down)$/);
  say(await person.text('link-figures'));
  await link.becomes('');
  await drawEach(person, 'link-check-stills');
  await findsNothing(person, 'the device check on a slow link');

  // Whatever it says, nobody is kept out.
  await link.becomes('rate=110k delay=40ms queue=9k');
  await person.click('link-again');
  await person.click('join-call');
  await person.isConnected();
}, (person, url) => person.arrive(url));

/** Measured again until it says so. @param {Person} person @param {string[]} rungs @param {string} [why] */
async function isTold(person, rungs, why) {
  await person.until(`the link is said to carry ${rungs.join(' or ')}`, async () => {
    if ((await person.attribute('link-check', 'data-phase').catch(() => 'measuring')) === 'measuring') return false;
    const [rung, cause] = [await person.attribute('link-check', 'data-rung'), await person.attribute('link-check', 'data-why')];
    if (rungs.includes(rung ?? '') && (why === undefined || cause === why)) return true;
    await person.click('link-again');
    return false;
  }, SAID_MS);
}

/** @param {Person} person @param {string} name */
async function drawEach(person, name) {
  const said = new Set();
  for (const language of LANGUAGES) {
    await person.click(`language-${language}`);
    await person.until(`the page is in ${language}`, () => person.page.evaluate((wanted) => document.documentElement.lang === wanted, language));
    said.add(await person.text('link-check'));
    await drawing(language)(person, name);
  }
  assert.equal(said.size, LANGUAGES.length, 'each language has its own words');
}
