/** A guest's way from the link to the waiting room: what `GET /visit` said, and which page comes next. Pure. */

/** @typedef {{purpose: string, version: number, text: string}} ConsentText */
/**
 * @typedef {object} Visit
 * @property {{status: string, start: string, end: string, channel: 'cart' | 'home_link' | 'phone', specialist: {name: string, specialty: string | null},
 *   site: {name: string, time_zone: string, phone: string | null}}} appointment
 * @property {'patient' | 'legal_representative' | 'interpreter' | 'family_doctor'} role
 * @property {string} name
 * @property {string | null} language
 * @property {ConsentText[]} consents_needed
 * @property {string[]} allowed
 * @property {{status: 'away' | 'in_room' | 'in_call'}} host
 */
/** @typedef {'greeting' | 'consent' | 'declined' | 'ready' | 'over'} Step */
/** @typedef {Record<string, 'given' | 'refused'>} Decisions by purpose */

/** Why a patient does not come, as booking.md counts it, in the order of the question. */
export const CANNOT_COME = /** @type {const} */ (['patient_ill', 'patient_elsewhere', 'not_needed', 'patient_declined']);

/** The server opens the waiting room so long before the start (booking.md). */
const OPENS_BEFORE_MS = 30 * 60_000;
/** Nothing more happens to these. */
const OVER = ['completed', 'cancelled', 'no_show', 'failed', 'entered_in_error'];
/** Without it there is no call. */
const NEEDED = 'consultation';

/** @param {Visit} visit @param {{isEntering: boolean, hasDeclined: boolean, asksAgain: boolean}} wish @returns {Step} */
export function stepOf(visit, wish) {
  if (OVER.includes(visit.appointment.status)) return 'over';
  if (!wish.isEntering) return 'greeting';
  if (wish.hasDeclined) return 'declined';
  return visit.consents_needed.length > 0 || wish.asksAgain ? 'consent' : 'ready';
}

/** @param {Visit} visit @returns {boolean} the waiting room is open for this person */
export function mayEnter(visit) {
  return visit.allowed.includes('join') || visit.allowed.includes('check_in');
}

/** @param {Visit} visit @param {number} nowMs @returns {number | null} when the waiting room opens; null: it is open, or was, or there is none */
export function opensAtMs(visit, nowMs) {
  const opens = Date.parse(visit.appointment.start) - OPENS_BEFORE_MS;
  return visit.appointment.channel === 'home_link' && nowMs < opens ? opens : null;
}

/** Who came to help waits for somebody else to check the patient in. @param {Visit} visit @param {number} nowMs @returns {boolean} */
export function awaitsPatient(visit, nowMs) {
  return !actsForPatient(visit) && !mayEnter(visit) && visit.appointment.channel !== 'phone' && nowMs < Date.parse(visit.appointment.end);
}

/** @param {Visit} visit @returns {boolean} who opened the link decides for the patient */
export function actsForPatient(visit) {
  return visit.role === 'patient' || visit.role === 'legal_representative';
}

/** @param {Decisions} decisions @returns {boolean} */
export function hasDeclined(decisions) {
  return decisions[NEEDED] === 'refused';
}

/** The questions in the order in which they are asked: what the visit cannot do without comes first. @param {ConsentText[]} texts */
export function inOrder(texts) {
  return [...texts].sort((a, b) => Number(b.purpose === NEEDED) - Number(a.purpose === NEEDED));
}
