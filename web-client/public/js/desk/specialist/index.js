/** The specialist's views, by the names of `navigation.js`. */
import { Conclusions } from './conclusions.js';
import { MyDay } from './my-day.js';
import { MySchedule } from './my-schedule.js';
import { Week } from './week.js';

/** @type {import('../shell.js').Views} */
export const views = { 'my-day': MyDay, week: Week, 'my-schedule': MySchedule, conclusions: Conclusions };
