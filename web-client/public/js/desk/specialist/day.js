/** The specialist's day: what is now, what comes, what wants a decision, what is past; and who is where. Pure. */

/** @typedef {import('../types.js').Appointment} Appointment */
/** @typedef {{now: Appointment[], undecided: Appointment[], next: Appointment[], past: Appointment[]}} Day each in the order of time */
/** @typedef {'in_call' | 'waiting' | 'absent'} Whereabouts */

const HERE = ['checked_in', 'in_call'];
const EXPECTED = ['proposed', 'booked', 'confirmed'];

/** @param {readonly Appointment[]} visits @returns {Day} */
export function dayOfVisits(visits) {
  /** @type {Day} */
  const day = { now: [], undecided: [], next: [], past: [] };
  for (const visit of inOrder(visits)) day[partOfDay(visit)].push(visit);
  return day;
}

/** @param {readonly Appointment[]} visits */
export function inOrder(visits) {
  return [...visits].sort((a, b) => a.start.localeCompare(b.start) || a.id.localeCompare(b.id));
}

/** @param {Appointment} visit @returns {keyof Day} */
function partOfDay({ status, proposal }) {
  if (HERE.includes(status)) return 'now';
  if (!EXPECTED.includes(status)) return 'past';
  return proposal === null ? 'next' : 'undecided';
}

/** On a cart the nurse and the cart itself stand for the patient, whom they bring. @param {Pick<Appointment, 'people' | 'channel'>} visit @returns {Whereabouts} */
export function patientAt({ people, channel }) {
  const patient = people.filter(({ role }) => role === 'patient' || (role === 'nurse' && channel === 'cart'));
  if (patient.some(({ place }) => place === 'in_call')) return 'in_call';
  return patient.length > 0 ? 'waiting' : 'absent';
}

/** Who else came by a link: an interpreter, a family doctor, a representative. @param {Pick<Appointment, 'people'>} visit @returns {string[]} */
export function guestsOf({ people }) {
  return people.filter(({ role }) => role === 'guest').map(({ name }) => name);
}
