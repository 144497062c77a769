/** The recovery ladder where a network is: another address, an outage, a server that dies and listens again. */

import assert from 'node:assert/strict';

import { farJourney } from '../harness/far.js';
import { watchVoice } from '../harness/hearing.js';
import { nextFrame, soundArrives, watchGaps } from '../harness/media.js';

/** @typedef {import('../harness/far.js').Far} Far */

const LINK = 'rate=5M delay=25ms';
/** The target is 2 s (signaling.md, the second rung), and all share two cores with whatever else runs. */
const MOVED_MS = 3_000;
/** A picture begins anew, on a link of which nothing is known yet. */
const PICTURE_MS = 5_000;
const LISTENING_MS = 5_000;
const OUTAGE_MS = 10_000;
/** After an outage, with what the estimators need to send pictures again. */
const AFTER_OUTAGE_MS = 5_000;

const pause = (/** @type {number} */ ms) => new Promise((resume) => setTimeout(resume, ms));

/** @param {Far} nurse @param {Far} specialist */
async function tracks(nurse, specialist) {
  await Promise.all([nurse.link.becomes(LINK), specialist.link.becomes(LINK)]);
  const [own, others] = [`${await nurse.person.id()}/camera`, `${await specialist.person.id()}/camera`];
  await Promise.all([nextFrame(nurse.person, others), nextFrame(specialist.person, own)]);
  return { own, others };
}

farJourney('another network is a short pause', async ({ nurse, specialist, moves, say }) => {
  const { own, others } = await tracks(nurse, specialist);
  await pause(6_000);
  const voices = await Promise.all([watchVoice(nurse.person, others.replace('camera', 'microphone')), watchVoice(specialist.person, own.replace('camera', 'microphone'))]);
  const pictures = await Promise.all([watchGaps(nurse.person, others), watchGaps(specialist.person, own)]);
  moves(nurse);
  await pause(4_000);
  await Promise.all([nextFrame(nurse.person, others), nextFrame(specialist.person, own)]);
  const heard = await Promise.all(voices.map((voice) => voice.stop()));
  const seen = (await Promise.all(pictures.map((picture) => picture.stop()))).map((gap) => gap.longest_gap_ms);
  say(`nothing heard for ${heard.join(' and ')} ms, nothing seen for ${seen.join(' and ')} ms`);
  for (const gap of heard) assert.ok(gap < MOVED_MS, `a pause of ${gap} ms`);
  for (const gap of seen) assert.ok(gap < PICTURE_MS, `no picture for ${gap} ms`);
  assert.equal(await nurse.person.page.evaluate(() => window.kenes.generation), 2, 'Chromium tells the page of its new address only 2 s after the change');
  await Promise.all([soundArrives(specialist.person, nurse.person), soundArrives(nurse.person, specialist.person)]);
});

farJourney('after an outage of 10 s people are back by themselves', async ({ nurse, specialist, say }) => {
  const { own, others } = await tracks(nurse, specialist);
  await nurse.link.becomes('loss=100%');
  await pause(OUTAGE_MS);
  assert.notEqual(await nurse.person.attribute('connection-state', 'data-state'), 'connected', 'the page says so');
  await nurse.link.becomes(LINK);
  const began = performance.now();
  await Promise.all([nextFrame(nurse.person, others, 20_000), nextFrame(specialist.person, own, 20_000)]);
  const backMs = Math.round(performance.now() - began);
  say(`pictures on both sides ${backMs} ms after the outage`);
  assert.ok(backMs < AFTER_OUTAGE_MS, `after ${backMs} ms`);
  await nurse.person.isConnected();
  await soundArrives(nurse.person, specialist.person);
  assert.equal((await specialist.person.tiles()).length, 1, 'nobody is left behind as a ghost');
});

farJourney('after a restart of the server people are back with media within 5 s of its listening', async ({ nurse, specialist, server, say }) => {
  await tracks(nurse, specialist);
  await server.kill();
  await pause(2_000);
  await server.listenAgain();
  const began = performance.now();
  await Promise.all([nurse, specialist].map(async (far, index, both) => {
    const other = both[1 - index].person;
    await far.person.until('there is a new PeerConnection with pictures', async () => {
      const [generation, id] = [await far.person.page.evaluate(() => window.kenes.generation), await other.id()];
      return generation > 1 && (await far.person.tiles()).some((tile) => tile.participant === id && tile.hasVideo);
    }, 20_000);
    await nextFrame(far.person, `${await other.id()}/camera`, 20_000);
  }));
  const backMs = Math.round(performance.now() - began);
  say(`pictures on both sides ${backMs} ms after the server listens again`);
  assert.ok(backMs < LISTENING_MS, `after ${backMs} ms`);
  await soundArrives(nurse.person, specialist.person);
});
