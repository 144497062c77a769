/** Mute, camera, screen: a consultation goes on without another offer. */

import assert from 'node:assert/strict';

import { counters, nextFrame, soundArrives } from '../harness/media.js';
import { journey } from '../harness/world.js';

journey('muting and unmuting needs no new SDP', async ({ links, person }) => {
  const [nurse, specialist] = await meet(links, person);
  const id = await nurse.id();
  await soundArrives(nurse, specialist);

  await nurse.click('mic-toggle');
  await specialist.seesTile(id, 'camera', (tile) => tile.muted === 'true');
  await staysSilent(specialist, `${id}/microphone`);

  await nurse.click('mic-toggle');
  await specialist.seesTile(id, 'camera', (tile) => tile.muted === 'false');
  await soundArrives(nurse, specialist);

  await nurse.click('camera-toggle');
  await specialist.seesTile(id, 'camera', (tile) => !tile.hasVideo);
  await nurse.click('camera-toggle');
  await specialist.seesTile(id, 'camera', (tile) => tile.hasVideo);
  await nextFrame(specialist, `${id}/camera`);
  await nobodyOfferedAgain([nurse, specialist]);
});

journey('switching the camera needs no new SDP', async ({ links, person }) => {
  const [nurse, specialist] = await meet(links, person);
  const track = `${await nurse.id()}/camera`;
  await nextFrame(specialist, track);

  await switchesCamera(nurse); // Chromium's second made-up camera is a depth sensor: no encoder takes its frames
  await switchesCamera(nurse);
  await nextFrame(specialist, track);
  await nobodyOfferedAgain([nurse, specialist]);
});

journey('sharing the screen needs no new SDP', async ({ links, person }) => {
  const [nurse, specialist] = await meet(links, person);
  const id = await nurse.id();

  await nurse.click('share-screen');
  await specialist.seesTile(id, 'screen', (tile) => tile.hasVideo);
  await nextFrame(specialist, `${id}/screen`);
  await nextFrame(specialist, `${id}/camera`);

  await nurse.click('share-screen');
  await specialist.until('the screen is gone', async () => (await specialist.tiles()).every((tile) => tile.source !== 'screen'));
  await nobodyOfferedAgain([nurse, specialist]);
});

/** @param {import('../harness/world.js').Links} links @param {import('../harness/world.js').Journey['person']} person */
async function meet(links, person) {
  const nurse = await person('chromium');
  const specialist = await person('firefox');
  await nurse.join(links.nurse);
  await specialist.join(links.specialist);
  await specialist.seesTile(await nurse.id(), 'camera', (tile) => tile.hasVideo);
  return [nurse, specialist];
}

/**
 * The energy of the track's sound, read again and again, stands still once what was on its way has been played.
 * @param {import('../harness/person.js').Person} listener @param {string} track
 */
async function staysSilent(listener, track) {
  const READINGS = 20; // some two seconds; the made-up microphone beeps each second
  let last = -1;
  let still = 0;
  await listener.until(`${track} is silent`, async () => {
    const energy = (await counters(listener)).energy[track] ?? 0;
    still = energy - last < 1e-7 ? still + 1 : 0;
    last = energy;
    await new Promise((resume) => setTimeout(resume, 50));
    return still >= READINGS;
  });
}

/** @param {import('../harness/person.js').Person} person */
async function switchesCamera(person) {
  const before = await cameraInUse(person);
  await person.click('switch-camera');
  await person.until('another camera is in use', async () => ![before, null].includes(await cameraInUse(person)));
}

/** @param {import('../harness/person.js').Person} person @returns {Promise<string | null>} */
function cameraInUse(person) {
  return person.page.evaluate(() => {
    const tracks = window.kenes.peerConnection()?.getSenders().map((sender) => sender.track) ?? [];
    return tracks.find((track) => track?.kind === 'video')?.label ?? null;
  });
}

/** @param {import('../harness/person.js').Person[]} people */
async function nobodyOfferedAgain(people) {
  for (const someone of people) assert.equal(await someone.offersMade(), 1, `${someone.kind} offered once`);
}
