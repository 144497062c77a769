/** The server's codes in words. A code that is younger than this page stays readable. Pure. */
import { isKey } from '../i18n/index.js';

/** @typedef {import('./shell.js').Speaking} Speaking */

/** @param {Speaking} desk @param {string} status of an appointment */
export const statusWords = (desk, status) => words(desk, `status.${status}`, status);

/** @param {Speaking} desk @param {string} channel */
export const channelWords = (desk, channel) => words(desk, `channel.${channel}`, channel);

/** @param {Speaking} desk @param {string} priority */
export const priorityWords = (desk, priority) => words(desk, `priority.${priority}`, priority);

/** @param {Speaking} desk @param {string | null} specialty */
export const specialtyWords = (desk, specialty) => (specialty ? words(desk, `specialty.${specialty}`, specialty) : '');

/** @param {Speaking} desk @param {string} language */
export const languageWords = (desk, language) => words(desk, `language.${language}`, language);

/** @param {Speaking} desk @param {string} role */
export const roleWords = (desk, role) => words(desk, `role.${role}`, role);

/** @param {Speaking} desk @param {string} reason why an appointment was cancelled, failed or had no summary */
export const reasonWords = (desk, reason) => words(desk, `reason.${reason}`, reason);

/** @param {Speaking} desk @param {number} weekday 1 is Monday */
export const weekdayWords = (desk, weekday) => words(desk, `weekday.${weekday}`, String(weekday));

/** @param {Speaking} desk @param {string} key @param {string} code */
function words(desk, key, code) {
  return isKey(key) ? desk.t(key) : code.replaceAll('_', ' ');
}
