/** Speech on the links of a district, in two real Chromiums with real words. */

import assert from 'node:assert/strict';

import { farJourney } from '../harness/far.js';
import { hears, holdsBack } from '../harness/hearing.js';
import { nextFrame, soundArrives, watchGaps } from '../harness/media.js';

/** @typedef {import('../harness/far.js').Far} Far */

const INTELLIGIBLE = { concealed: 0.05, gap_ms: 400 };
/** Of sound that is behind the picture (ITU-R BT.1359). */
const ACCEPTABLE_MS = 185;
const WATCH_S = 15;
/** Until the pictures are off a link that carries speech alone, and what waited before it has gone. */
const SETTLE_S = 25;
/** For speech alone. */
const THIN = 'rate=64k delay=40ms queue=8k';
/** Of 40 ms, and some that were sent again. */
const LONG_PACKETS = 35;

/** Each hears the other's words. @param {Far} nurse @param {Far} specialist @param {(line: string) => void} say */
async function understandEachOther(nurse, specialist, say) {
  const [own, others] = [`${await nurse.person.id()}/microphone`, `${await specialist.person.id()}/microphone`];
  const heard = await Promise.all([hears(nurse.person, others, WATCH_S), hears(specialist.person, own, WATCH_S)]);
  for (const [index, who] of ['nurse', 'specialist'].entries()) {
    const { concealed, gap_ms, loss, packets } = heard[index];
    say(`the ${who}: ${(loss * 100).toFixed(1)} % of the packets lost, ${(concealed * 100).toFixed(2)} % of the sound made up, longest gap ${gap_ms} ms, ${packets} packets a second`);
  }
  for (const { concealed, gap_ms } of heard) {
    assert.ok(concealed < INTELLIGIBLE.concealed, `${(concealed * 100).toFixed(1)} % of the sound was made up`);
    assert.ok(gap_ms < INTELLIGIBLE.gap_ms, `nothing was heard for ${gap_ms} ms`);
  }
  return heard;
}

const seconds = (/** @type {number} */ count) => new Promise((resume) => setTimeout(resume, count * 1000));

farJourney('words are understood while a fifth of the packets is lost in bursts', async ({ nurse, specialist, say }) => {
  await nurse.link.becomes('rate=2M delay=25ms loss=20%/4');
  // Both sides learn what the link loses.
  await seconds(8);
  await understandEachOther(nurse, specialist, say);
});

farJourney('words are understood on a link that carries 64 kbit/s in all', async ({ nurse, specialist, say }) => {
  await nextFrame(specialist.person, `${await nurse.person.id()}/camera`);
  await nurse.link.becomes(THIN);
  await seconds(SETTLE_S);
  for (const { packets } of await understandEachOther(nurse, specialist, say)) assert.ok(packets <= LONG_PACKETS, `${packets} packets a second`);
});

farJourney('on a link of 64 kbit/s the call is entered within 5 s', async ({ nurse, specialist, say }) => {
  // Once the link was measured.
  await Promise.all([nurse, specialist].map(({ person }) => person.sees('link-figures', 30_000)));
  await nurse.link.becomes(THIN);
  const began = performance.now();
  await nurse.person.click('join-call');
  await nurse.person.isConnected();
  const inMs = Math.round(performance.now() - began);
  say(`in the call after ${inMs} ms`);
  assert.ok(inMs < 5_000, `after ${inMs} ms`);
  await nurse.link.becomes('');
  await specialist.person.click('join-call');
  await specialist.person.isConnected();
  await soundArrives(specialist.person, nurse.person);
}, { come: (person, url) => person.arrive(url) });

farJourney('a link of 64 kbit/s that is taken for another is back within 6 s, and nobody hears it', async ({ nurse, specialist, say }) => {
  await nurse.link.becomes(THIN);
  await seconds(SETTLE_S);
  const understood = understandEachOther(nurse, specialist, say);
  await seconds(3);
  const began = performance.now();
  // As a browser tells of a network: the socket is opened anew, and ICE restarted over it.
  await nurse.person.page.evaluate(() => window.dispatchEvent(new Event('online')));
  await nurse.person.isConnected();
  const backMs = Math.round(performance.now() - began);
  say(`connected again after ${backMs} ms`);
  await understood;
  assert.ok(backMs < 6_000, `after ${backMs} ms`);
  assert.equal(await nurse.person.page.evaluate(() => window.kenes.generation), 1, 'with the PeerConnection of before');
});

farJourney('lips stay in step with words where both come late', async ({ nurse, specialist, say }) => {
  const id = await nurse.person.id();
  await nextFrame(specialist.person, `${id}/camera`);
  // What waits in a full queue makes the sound wait for long afterwards.
  for (const { link } of [nurse, specialist]) await link.becomes('rate=300k delay=75ms queue=40k');
  await seconds(6);
  const { voiceMs, pictureMs } = await holdsBack(specialist.person, id, 5);
  say(`the voice is held for ${voiceMs} ms, the picture for ${pictureMs}`);
  // A picture that comes later still waits for nobody: sound is not held up for it.
  assert.ok(voiceMs - pictureMs < ACCEPTABLE_MS, `words are ${voiceMs - pictureMs} ms behind the lips`);
});

farJourney('a Firefox whose link becomes thin fills no queue for long, and its picture moves', async ({ nurse, specialist, say }) => {
  const id = await nurse.person.id();
  await nextFrame(specialist.person, `${id}/camera`);
  await nurse.link.becomes('rate=300k delay=25ms queue=22500');
  // Until the server has seen the queue, the ladder has gone down, and the queue has gone.
  await seconds(14);
  const pictures = await watchGaps(specialist.person, `${id}/camera`);
  const { concealed, gap_ms, loss } = await hears(specialist.person, `${id}/microphone`, 8);
  const { frames } = await pictures.stop();
  const roundTripMs = await specialist.person.page.evaluate((who) => window.kenes.state().quality[who]?.uplink?.rtt_ms, id);
  say(`${(loss * 100).toFixed(1)} % of the packets lost, ${(concealed * 100).toFixed(2)} % of the sound made up, round trip ${roundTripMs} ms, ${frames} pictures in 8 s`);
  assert.ok(concealed < INTELLIGIBLE.concealed, `${(concealed * 100).toFixed(1)} % of the sound was made up`);
  assert.ok(gap_ms < INTELLIGIBLE.gap_ms, `nothing was heard for ${gap_ms} ms`);
  assert.ok(roundTripMs < 350, `packets wait: ${roundTripMs} ms there and back`);
  assert.ok(frames > 40, `${frames} pictures in 8 s`);
}, { nurses: 'firefox' });
