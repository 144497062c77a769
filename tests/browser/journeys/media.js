/** Who publishes and who views: Chromium and Firefox, in rooms of two and three, and one who may only receive. */

import assert from 'node:assert/strict';

import { cameraArrives, everybodyArrives, soundArrives } from '../harness/media.js';
import { journey } from '../harness/world.js';

/** @typedef {import('../harness/browsers.js').Kind} Kind */

/** @type {[Kind, Kind][]} nurse and specialist */
const PAIRS = [
  ['chromium', 'chromium'],
  ['chromium', 'firefox'],
  ['firefox', 'firefox'],
];

for (const [first, second] of PAIRS) {
  journey(`two people see and hear each other: ${first} and ${second}`, async ({ links, person, say }) => {
    const nurse = await person(first);
    const specialist = await person(second);
    await nurse.join(links.nurse);
    await specialist.join(links.specialist);

    say(await everybodyArrives([nurse, specialist]));
    await showsNameAndRole(specialist, await nurse.id(), 'nurse');
    await showsNameAndRole(nurse, await specialist.id(), 'specialist');
  });
}

/** @type {[Kind, Kind, Kind][]} nurse, specialist and patient */
const TRIPLES = [
  ['chromium', 'firefox', 'chromium'],
  ['firefox', 'chromium', 'firefox'],
];

for (const [first, second, third] of TRIPLES) {
  journey(`three people see and hear each other: ${first}, ${second} and ${third}`, async ({ links, person, say }) => {
    const nurse = await person(first);
    const specialist = await person(second);
    const patient = await person(third);
    await nurse.join(links.nurse);
    await specialist.join(links.specialist);
    await patient.knock(links.patient);
    await nurse.admits(patient);

    say(await everybodyArrives([nurse, specialist, patient]));
    for (const viewer of [nurse, specialist]) await showsNameAndRole(viewer, await patient.id(), 'patient');
  });
}

journey('a Firefox without camera and microphone sees and hears', async ({ links, person, say }) => {
  const nurse = await person('chromium');
  const specialist = await person('firefox without devices');
  await nurse.join(links.nurse);
  await specialist.join(links.specialist, 'join-without-camera');

  say(`chromium -> firefox ${((await cameraArrives(nurse, specialist)) * 100).toFixed(0)} %`);
  await soundArrives(nurse, specialist);
  const tile = await nurse.seesTile(await specialist.id());
  assert.equal(tile.hasVideo, false, 'nobody is shown where no camera is');
});

/** @param {import('../harness/person.js').Person} viewer @param {string} participant @param {string} role */
async function showsNameAndRole(viewer, participant, role) {
  const tile = await viewer.seesTile(participant, 'camera', (shown) => shown.hasVideo);
  assert.equal(tile.role, role);
  assert.ok(tile.name.length > 0, 'the tile knows the name');
  assert.ok(tile.text.includes(tile.name), `the name stands on the tile: ${tile.text}`);
  assert.ok(tile.text.replace(tile.name, '').trim().length > 0, 'the role stands on the tile in words');
}
