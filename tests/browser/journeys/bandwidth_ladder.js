/** The bandwidth ladder as people see it: on a link that carries no video there are stills, and words for it; on a better one video comes back. */

import assert from 'node:assert/strict';

import { drawing, LANGUAGES } from '../harness/draw.js';
import { farJourney } from '../harness/far.js';
import { nextFrame, soundArrives } from '../harness/media.js';

/** Down: an estimate that grew, three seconds of doubt; where that was too low, fifteen of sound alone; the next still. */
const DOWN_MS = 60_000;
/** Up: a try that failed on the thin link makes the next one wait half a minute. */
const UP_MS = 75_000;

farJourney('a link without room for video shows stills, says so, and has video again when it can', async ({ nurse, specialist, say }) => {
  const id = await nurse.person.id();
  const rung = () => nurse.person.attribute('rung', 'data-rung');
  await nextFrame(specialist.person, `${id}/camera`);
  await nurse.link.becomes('rate=110k delay=40ms queue=9k');
  await nurse.person.until('the nurse sends stills', async () => (await rung()) === 'stills', DOWN_MS);
  await specialist.person.sees('still', DOWN_MS);
  await soundArrives(nurse.person, specialist.person);
  for (const language of LANGUAGES) {
    for (const { person } of [nurse, specialist]) {
      await person.click(`language-${language}`);
      // The words come over the same link.
      await person.until(`the page is in ${language}`, () => person.page.evaluate((wanted) => document.documentElement.lang === wanted, language));
    }
    await drawing(language)(nurse.person, 'ladder-own-stills');
    await drawing(language)(specialist.person, 'ladder-others-still');
    assert.ok((await nurse.person.text('rung')).length > 10 && (await specialist.person.text('tile-words')).length > 10, 'both are told');
  }
  const better = performance.now();
  await nurse.link.becomes('');
  await nurse.person.until('the nurse sends video', async () => ['small', 'full'].includes((await rung()) ?? ''), UP_MS);
  await nextFrame(specialist.person, `${id}/camera`, UP_MS);
  say(`video again ${Math.round((performance.now() - better) / 1000)} s after the link became better`);
});
