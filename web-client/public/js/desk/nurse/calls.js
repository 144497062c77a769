/** Whom to call next, by the rules of the reconfirmation: again after two hours, three times at most. Pure. */

/** @typedef {import('../types.js').ReconfirmLine} Line */

const RETRY_MS = 2 * 3_600_000;
const MOST = 3;
const FINAL = ['confirmed', 'declined', 'wrong_number'];

/** @param {Line} line @param {number} nowMs @returns {'now' | 'later' | 'done'} */
export function callState({ appointment, calls }, nowMs) {
  if (appointment.status !== 'booked' || calls.length >= MOST || calls.some(({ result }) => FINAL.includes(result))) return 'done';
  return calls.length > 0 && againAt(calls) > nowMs ? 'later' : 'now';
}

/** When the next call may be made. @param {readonly {at: string}[]} calls */
export function againAt(calls) {
  return Math.max(...calls.map(({ at }) => Date.parse(at))) + RETRY_MS;
}

/** Those to be called now come first, each group by the time of the visit. @param {readonly Line[]} lines @param {number} nowMs */
export function callOrder(lines, nowMs) {
  const rank = (/** @type {Line} */ line) => ['now', 'later', 'done'].indexOf(callState(line, nowMs));
  return [...lines].sort((a, b) => rank(a) - rank(b) || a.appointment.start.localeCompare(b.appointment.start) || a.appointment.id.localeCompare(b.appointment.id));
}
