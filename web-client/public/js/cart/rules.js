/** What the kiosk decides: which visits it shows, what a touch on one does, what was typed, how its link is. Pure. */

/** @typedef {import('../desk/types.js').Appointment} Appointment */
/**
 * What stands between this visit and its call:
 * `early` and `late` are outside of the time for check-in, `ask` wants the decision about consent, `enter` goes straight in, `refused` can
 * be asked again, `over` has ended, `elsewhere` is not for a cart to start.
 * @typedef {'early' | 'late' | 'ask' | 'enter' | 'refused' | 'over' | 'elsewhere'} Step
 */

export const CODE_LENGTH = 8;
const MINUTE_MS = 60_000;
/** Check-in opens so long before the start and closes so long after it (booking.md). */
const OPENS_MS = 30 * MINUTE_MS;
const CLOSES_MS = 60 * MINUTE_MS;
const HIDDEN = ['proposed', 'entered_in_error'];
const LIVE = ['booked', 'confirmed', 'checked_in', 'in_call'];

/** @param {Appointment} visit @param {number} nowMs @returns {Step} */
export function stepOf(visit, nowMs) {
  if (!LIVE.includes(visit.status)) return 'over';
  const start = Date.parse(visit.start);
  const isHere = visit.status === 'checked_in' || visit.status === 'in_call';
  if (!isHere && nowMs < start - OPENS_MS) return 'early';
  if (!isHere && nowMs > start + CLOSES_MS) return 'late';
  if (!isHere && !visit.allowed.includes('check_in')) return 'elsewhere';
  const decision = visit.consents.consultation ?? null;
  if (decision === 'given') return 'enter';
  return decision === 'refused' && isHere ? 'refused' : 'ask';
}

/** When check-in opens. @param {Appointment} visit @returns {number} */
export function opensAt(visit) {
  return Date.parse(visit.start) - OPENS_MS;
}

/** Today's visits in their order; what was only proposed or entered in error is nobody's business here. @param {readonly Appointment[]} visits */
export function shown(visits) {
  return visits.filter((visit) => !HIDDEN.includes(visit.status)).sort((a, b) => a.start.localeCompare(b.start));
}

/** The visit to which the nurse most likely came: the one that goes on, else the first that is still to be. @param {readonly Appointment[]} visits @param {number} nowMs */
export function nextVisit(visits, nowMs) {
  const open = shown(visits).filter((visit) => !['over', 'late'].includes(stepOf(visit, nowMs)));
  return open.find((visit) => visit.status === 'in_call') ?? open.find((visit) => visit.status === 'checked_in') ?? open[0] ?? null;
}

/** As the screen lists them: the next one, what is still to be, what is over. @param {readonly Appointment[]} visits @param {number} nowMs */
export function inOrder(visits, nowMs) {
  const next = nextVisit(visits, nowMs);
  const rank = (/** @type {Appointment} */ visit) => (visit === next ? 0 : stepOf(visit, nowMs) === 'over' ? 2 : 1);
  return shown(visits).sort((a, b) => rank(a) - rank(b));
}

/** What the code field holds: digits alone, as many as a code has. @param {string} text */
export function codeOf(text) {
  return text.replaceAll(/\D/g, '').slice(0, CODE_LENGTH);
}

/** As people read eight digits. @param {string} code @returns {string} `1234 5678` */
export function codeWords(code) {
  return code.replace(/(\d{4})(?=\d)/, '$1 ');
}

/**
 * The link is good while heartbeats are answered; the live socket alone proves nothing to the desks.
 * @typedef {{isUp: boolean, sinceMs: number}} Link
 * @param {Link} link @param {boolean} answered @param {number} nowMs @returns {Link} the same object when nothing changed
 */
export function linkAfter(link, answered, nowMs) {
  return link.isUp === answered ? link : { isUp: answered, sinceMs: nowMs };
}

/** The newest text of the consent to the consultation. @param {readonly {purpose: string, version: number, texts: Record<string, string>}[]} texts */
export function consentText(texts) {
  const ours = texts.filter((text) => text.purpose === 'consultation');
  return ours.reduce((newest, text) => (newest === null || text.version > newest.version ? text : newest), /** @type {typeof ours[number] | null} */ (null));
}

/** Languages in which a text exists, the patient's first. @param {Record<string, string>} texts @param {string} wish @returns {string} */
export function textLanguage(texts, wish) {
  return [wish, 'kk', 'ru', 'en'].find((language) => texts[language]) ?? wish;
}

/** The representative is named; the patient needs no name. @param {'patient' | 'legal_representative'} giver @param {string} name */
export function isGiverKnown(giver, name) {
  return giver === 'patient' || name.trim().length >= 2;
}
