/** How long from the click to the first picture of somebody else. */

import assert from 'node:assert/strict';

import { journey } from '../harness/world.js';

const ROUNDS = 10;
/** Not a promise: beyond this the page feels broken. */
const LIMIT_MS = 5_000;

journey('the first remote frame follows the click', async ({ links, person, say }) => {
  const nurse = await person('chromium');
  await nurse.join(links.nurse);
  const times = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const specialist = await person('chromium');
    await specialist.knock(links.specialist);
    times.push(await specialist.until('the first frame is shown', () => specialist.page.evaluate(() => window.kenes.firstFrameMs)));
    await specialist.click('leave');
    await specialist.sees('left-page');
    await specialist.close();
    await nurse.until('the nurse is alone again', async () => (await nurse.tiles()).length === 0);
  }
  times.sort((a, b) => a - b);
  const median = Math.round((times[ROUNDS / 2 - 1] + times[ROUNDS / 2]) / 2);
  say(`click to first remote frame: median of ${ROUNDS} ${median} ms (${times.map(Math.round).join(', ')})`);
  assert.ok(median < LIMIT_MS, `median ${median} ms`);
});
