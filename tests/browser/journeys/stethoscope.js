/** A stethoscope arrives as it was: both channels apart, heart sounds and what is quiet and high, at the loudness that it had, and silence as silence. */

import assert from 'node:assert/strict';

import { PITCHES, SOUNDS, hearsInstrument } from '../harness/stethoscope.js';
import { journey } from '../harness/world.js';

/** Ten times what the codec changes of a steady tone, and half of what Chromium's echo cancellation, noise suppression and gain control do together. */
const WITHIN_DB = 0.2;
/** A side hears nothing of the other. */
const APART_DB = 30;

journey('a stethoscope is heard in stereo, unchanged and without pauses', async ({ links, person, say }) => {
  const nurse = await person('chromium with a stethoscope');
  const specialist = await person('chromium');
  await nurse.join(links.nurse);
  await specialist.join(links.specialist);
  await nurse.click('stethoscope-toggle');
  const track = `${await nurse.id()}/stethoscope`;
  await specialist.until('the stethoscope is heard', () => specialist.page.evaluate((wanted) => window.kenes.state().room?.audio.some((/** @type {any} */ slot) => slot.track === wanted), track));

  const { levels, packetsPerSecond, bps } = await hearsInstrument(specialist, track);
  say(`${JSON.stringify(levels)}, ${packetsPerSecond.toFixed(1)} packets/s, ${(bps / 1000).toFixed(0)} kbit/s`);
  for (const [side, other] of /** @type {const} */ ([['left', 'right'], ['right', 'left']])) {
    for (const hz of PITCHES) {
      const [sent, heard] = [SOUNDS[side][hz], levels[side][hz]];
      if (sent === undefined) assert.ok(heard < SOUNDS[other][hz] - APART_DB, `${hz} Hz is not ${side}: ${heard} dB`);
      else assert.ok(Math.abs(heard - sent) < WITHIN_DB, `${hz} Hz is ${side}, at ${sent} dB: ${heard}`);
    }
  }
  assert.ok(packetsPerSecond > 47, `silence is sent too: ${packetsPerSecond}`);
});
