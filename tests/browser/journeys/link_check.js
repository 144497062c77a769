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
}, { come: (person, url) => person.arrive(url) });

/** Percent of packets that are lost each way, and what a page may then say: nearer to this than to the next. */
const LOSSES = [
  { loss: 0, from: 0, to: 1 },
  { loss: 3, from: 1, to: 5 },
  { loss: 8, from: 6, to: 12 },
  { loss: 15, from: 13, to: 22 },
];

farJourney('on 300 kbit/s a page tells 0, 3, 8 and 15 % of loss apart, and still what the link carries', async ({ nurse, specialist, say }) => {
  // Two at a time, each on a link of their own.
  for (const pair of [LOSSES.slice(0, 2), LOSSES.slice(2)]) {
    await Promise.all([nurse, specialist].map(async ({ person, link }, at) => {
      const { loss, from, to } = pair[at];
      await link.becomes(`rate=300k delay=40ms queue=30k${loss ? ` loss=${loss}%` : ''}`);
      const told = await measuredAnew(person);
      say(`${loss} %: ${told.words}`);
      assert.ok(told.lost >= from && told.lost <= to, `${loss} % is told as such: ${told.words}`);
      assert.ok(told.spread[0] <= told.lost && told.lost <= told.spread[1] && told.spread[1] - told.spread[0] <= (loss < 15 ? 12 : 16), `with an honest spread: ${told.words}`);
      assert.ok(told.rttMs >= 80 && told.rttMs <= 160, `80 ms of round trip: ${told.words}`);
      // TCP makes less of a lossy link than the link has; sound and a small picture need half of it.
      for (const mbps of [told.down, told.up]) assert.ok(mbps > (loss < 15 ? 0.14 : 0.02) && mbps < 0.35, `0.3 Mbit/s: ${told.words}`);
      if (loss < 15) assert.equal(told.rung, 'small');
      assert.match(told.why, loss === 0 ? /^slow_(up|down)$/ : loss < 15 ? /^patchy$/ : /^(patchy|lossy)$/);
    }));
  }
}, { come: (person, url) => person.arrive(url) });

/** @param {Person} person */
async function measuredAnew(person) {
  await person.click('language-en');
  const phase = (/** @type {string} */ wanted) => person.until(`the link is ${wanted}`, async () => (await person.attribute('link-check', 'data-phase').catch(() => null)) === wanted, SAID_MS);
  await phase('measured');
  await person.click('link-again');
  await phase('measuring');
  await phase('measured');
  const said = (/** @type {string} */ name) => person.attribute('link-check', `data-${name}`);
  const words = await person.text('link-figures');
  const found = /receives ([\d.]+) Mbit\/s sends ([\d.]+) Mbit\/s (\d+) ms (\d+) % lost(?: \((\d+) to (\d+) %\))?/.exec(words) ?? [];
  const [, down, up, rttMs, lost] = found.map(Number);
  const [from, to] = [found[5], found[6]].map((bound) => Number(bound ?? lost));
  return { words, down, up, rttMs, lost, spread: [from, to], rung: await said('rung'), why: (await said('why')) ?? '' };
}

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
