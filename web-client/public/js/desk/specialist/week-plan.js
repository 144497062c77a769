/** A week of visits and hours, day by day. Pure. */
import { addDays, dayOf, weekday } from '../clinic-time.js';

/** @typedef {import('../types.js').Appointment} Appointment */
/** @typedef {import('../types.js').Schedule} Schedule */
/** @typedef {import('../types.js').ScheduleException} ScheduleException */
/** @typedef {{start: string, end: string}} Hours */
/** @typedef {{day: string, hours: Hours[], away: (Hours & {reason: string})[], visits: Appointment[]}} WeekDay */

/** @param {string} day @returns {string} the Monday of its week */
export function mondayOf(day) {
  return addDays(day, 1 - weekday(day));
}

/**
 * @param {string} monday @param {string} zone @param {readonly Appointment[]} visits @param {readonly Schedule[]} schedules
 * @param {readonly ScheduleException[]} exceptions @returns {WeekDay[]} seven
 */
export function weekOf(monday, zone, visits, schedules, exceptions) {
  return [0, 1, 2, 3, 4, 5, 6].map((ahead) => {
    const day = addDays(monday, ahead);
    const valid = schedules.filter((schedule) => schedule.weekday === weekday(day) && schedule.valid_from <= day && (schedule.valid_to === null || day <= schedule.valid_to));
    return {
      day,
      hours: byStart(valid),
      away: byStart(exceptions.filter(({ date }) => date === day)),
      visits: byStart(visits.filter(({ start }) => dayOf(start, zone) === day)),
    };
  });
}

/** @template {{start: string}} T @param {readonly T[]} things @returns {T[]} */
export function byStart(things) {
  return [...things].sort((a, b) => a.start.localeCompare(b.start));
}
