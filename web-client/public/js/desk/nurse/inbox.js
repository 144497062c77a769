/** The referral inbox: what is open, in which order, for how long it has waited. Pure. */

/** @typedef {import('../types.js').Referral} Referral */

/** Those that need a time; whoever waits on the list is not worked by the inbox. */
export const INBOX = ['received', 'in_work'];
export const OPEN = [...INBOX, 'waitlisted'];

/** Still needs a time. @param {Referral} referral */
export function isOpen(referral) {
  return OPEN.includes(referral.status);
}

/** Urgent first, then the oldest. @template {{priority: string, created: string, id: string}} T @param {readonly T[]} waiting @returns {T[]} */
export function urgentFirst(waiting) {
  const rank = (/** @type {T} */ one) => (one.priority === 'urgent' ? 0 : 1);
  return [...waiting].sort((a, b) => rank(a) - rank(b) || a.created.localeCompare(b.created) || a.id.localeCompare(b.id));
}

/** @param {readonly Referral[]} referrals */
export function inbox(referrals) {
  return urgentFirst(referrals.filter(({ status }) => INBOX.includes(status)));
}

/** Whole hours since it came. @param {string} created @param {number} nowMs */
export function hoursWaited(created, nowMs) {
  return Math.max(0, Math.floor((nowMs - Date.parse(created)) / 3_600_000));
}
