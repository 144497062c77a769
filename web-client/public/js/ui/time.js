/** Dates and times as they are read in Kazakhstan: dd.MM.yyyy and 24 hours, in the device's time zone. Pure. */

/** @param {number} atMs @returns {string} HH:mm */
export function clockTime(atMs) {
  const at = new Date(atMs);
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** @param {number} atMs @param {number} nowMs @returns {string} HH:mm today, with its date on other days */
export function momentWords(atMs, nowMs) {
  const date = calendarDate(atMs);
  return date === calendarDate(nowMs) ? clockTime(atMs) : `${date} ${clockTime(atMs)}`;
}

/** @param {number} atMs @returns {string} dd.MM.yyyy */
function calendarDate(atMs) {
  const at = new Date(atMs);
  return `${two(at.getDate())}.${two(at.getMonth() + 1)}.${at.getFullYear()}`;
}

/** @param {number} value */
function two(value) {
  return String(value).padStart(2, '0');
}
