/** Today's appointments as the nurse works them: in which order, what to do next with each, who waits. Pure. */

/** @typedef {import('../types.js').Appointment} Appointment */
/**
 * @typedef {'start' | 'check_in' | 'confirm' | 'confirm_no_show' | 'confirm_failure' | 'reschedule' | 'wait'} Step what a row's large button does;
 * `wait`: nothing yet
 */

const MINUTE_MS = 60_000;
/** As the server's state machine has it. */
export const CHECK_IN_OPENS_MS = 30 * MINUTE_MS;
const CHECK_IN_CLOSES_MS = 60 * MINUTE_MS;

const LEAST_FOLDED = 3;
const ENDED = ['completed', 'cancelled', 'no_show', 'failed', 'entered_in_error'];

/** @param {Appointment} appointment */
export function hasEnded(appointment) {
  return ENDED.includes(appointment.status);
}

/** By start; at the same time who is in the call or waits comes first, and who has ended last. @param {readonly Appointment[]} appointments */
export function inOrder(appointments) {
  const rank = (/** @type {Appointment} */ one) => (hasEnded(one) ? 2 : ['checked_in', 'in_call'].includes(one.status) ? 0 : 1);
  return [...appointments].sort((a, b) => a.start.localeCompare(b.start) || rank(a) - rank(b) || a.id.localeCompare(b.id));
}

/** The day's beginning that is over, so many rows of it that they would push the rest off the screen. @param {readonly Appointment[]} ordered @param {number} nowMs @returns {number} how many to fold away */
export function foldable(ordered, nowMs) {
  const first = ordered.findIndex((visit) => !hasEnded(visit) || Date.parse(visit.end) > nowMs);
  const ended = first === -1 ? ordered.length : first;
  return ended >= LEAST_FOLDED ? ended : 0;
}

/** Before which row the line of "now" is drawn: the first that has not begun. @param {readonly Appointment[]} ordered @param {number} nowMs */
export function nowRow(ordered, nowMs) {
  const at = ordered.findIndex(({ start }) => Date.parse(start) > nowMs);
  return at === -1 ? ordered.length : at;
}

/** @param {Appointment} appointment @param {number} nowMs */
export function mayCheckIn(appointment, nowMs) {
  const startMs = Date.parse(appointment.start);
  return appointment.allowed.includes('check_in') && nowMs >= startMs - CHECK_IN_OPENS_MS && nowMs <= startMs + CHECK_IN_CLOSES_MS;
}

/** The one thing to do next. The server has the last word; what it does not allow is not offered. @param {Appointment} appointment @param {number} nowMs @returns {Step} */
export function nextStep(appointment, nowMs) {
  const may = (/** @type {string} */ what) => appointment.allowed.includes(what);
  if (may('join') && ['checked_in', 'in_call'].includes(appointment.status)) return 'start';
  if (appointment.proposal === 'no_show' && may('confirm_no_show')) return 'confirm_no_show';
  if (appointment.proposal && appointment.proposal !== 'no_show' && may('confirm_failure')) return 'confirm_failure';
  if (mayCheckIn(appointment, nowMs)) return 'check_in';
  if (appointment.status === 'booked' && may('confirm')) return 'confirm';
  if (hasEnded(appointment) && may('reschedule')) return 'reschedule';
  return 'wait';
}

/** @typedef {'patient_waits' | 'specialist_here' | 'in_call' | 'nobody'} Presence */

/** Who is in the room now, told by who matters most. @param {Appointment} appointment @returns {Presence} */
export function presence({ people }) {
  const isHere = (/** @type {string} */ role, /** @type {string} */ place) => people.some((person) => person.role === role && person.place === place);
  if (isHere('specialist', 'in_call') && people.length > 1 && people.every(({ place }) => place === 'in_call')) return 'in_call';
  if (people.some(({ role, place }) => (role === 'patient' || role === 'cart') && place === 'waiting')) return 'patient_waits';
  if (people.some(({ role }) => role === 'specialist')) return 'specialist_here';
  return people.length > 0 ? 'in_call' : 'nobody';
}

/** Consent to the consultation was asked for, whatever the answer. @param {Appointment} appointment */
export function isConsentDecided({ consents }) {
  return Boolean(consents.consultation);
}
