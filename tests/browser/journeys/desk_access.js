/** The desks can be used by whoever works at them: axe finds nothing on any view, at two widths; no target is smaller than a finger; the keyboard reaches everything. */

import assert from 'node:assert/strict';

import { DESK_AND_PHONE, FINGER_PX, findsNothing, smallTargets } from '../harness/access.js';
import { journey } from '../harness/world.js';


journey('axe finds nothing at the sign-in', async ({ base, person }) => {
  const someone = await person('chromium');
  await someone.page.goto(`${base}/desk`);
  await someone.sees('sign-in');
  await findsNothing(someone, 'sign-in');
});

journey('axe finds nothing on the nurse\'s views', async ({ base, atDesk }) => {
  const nurse = await atDesk('aigul', 'kk');
  for (const [view, ready] of [['today', 'timeline'], ['referrals', 'referrals'], ['waitlist', 'view'], ['reconfirmation', 'calls-day-1'], ['patients', 'patient-query'], ['new-referral', 'reason']]) {
    for (const size of DESK_AND_PHONE) {
      await nurse.page.setViewport(size);
      await nurse.page.goto(`${base}/desk#/${view}`);
      await nurse.finds(`[data-view="${view}"] #view-title`);
      await nurse.sees(ready ?? 'view');
      await nurse.until('nothing is being read any more', async () => !(await nurse.page.$('[aria-busy="true"]')));
      await findsNothing(nurse, `${view} at ${size.width}`);
      if (size.hasTouch) assert.deepEqual(await smallTargets(nurse), [], `${view}: targets smaller than ${FINGER_PX} px`);
    }
  }
});

journey('axe finds nothing on the specialist’s views', async ({ base, atDesk }) => {
  const specialist = await atDesk('daniyar');
  for (const view of ['my-day', 'week', 'my-schedule', 'conclusions']) {
    for (const size of DESK_AND_PHONE) {
      await specialist.page.setViewport(size);
      await specialist.page.goto(`${base}/desk#/${view}`);
      await specialist.finds(`[data-view="${view}"] .loaded[aria-busy="false"]`);
      await findsNothing(specialist, `${view} at ${size.width}`);
      if (size.hasTouch) assert.deepEqual(await smallTargets(specialist), [], `${view}: targets smaller than ${FINGER_PX} px`);
    }
  }
});
