/** What the administrator's views decide: what a form sends, how lists are cut down and ordered, what a cart's light shows. Pure. */
import { readDay, weekday } from '../clinic-time.js';

/** @typedef {import('./types.js').User} User */
/** @typedef {import('./types.js').Cart} Cart */
/** @typedef {import('./types.js').Schedule} Schedule */
/** @typedef {import('./types.js').ConsentText} ConsentText */
/** @typedef {import('./types.js').ApiKey} ApiKey */

export const SITE_KINDS = ['hospital', 'ambulatory', 'centre'];
/** What a person's account may be; a cart is paired, an integrator has a key. */
export const ROLES = ['nurse', 'specialist', 'family_doctor', 'operator', 'senior', 'contact_operator', 'manager', 'admin'];
export const LANGUAGES = ['kk', 'ru', 'en'];
export const CAPABILITIES = ['ptz', 'exam_camera', 'otoscope', 'dermatoscope', 'stethoscope', 'vital_signs'];
export const CHANNELS = ['cart', 'home_link', 'phone'];
export const PURPOSES = ['consultation', 'recording', 'images', 'third_party'];
export const MESSAGE_STATUSES = ['queued', 'sending', 'sent', 'delivered', 'failed', 'expired'];
export const SCOPES = ['patients:write', 'referrals:read', 'referrals:write', 'appointments:read', 'conclusions:read'];
/** Who may make a change, as the audit trail names them. @type {readonly ('user' | 'cart' | 'link' | 'api_key' | 'system')[]} */
const ACTORS = ['user', 'cart', 'link', 'api_key', 'system'];
/** What the audit trail tells of, as it names it. */
export const ENTITIES = [
  'appointment', 'referral', 'patient', 'link', 'slot', 'booking_attempt', 'waitlist', 'waitlist_offer', 'schedule', 'schedule_exception', 'site', 'user', 'cart',
  'api_key', 'consent_text',
];
export const SPECIALTIES = [
  'allergology', 'cardiology', 'child_neurology', 'dermatology', 'endocrinology', 'family_medicine', 'gastroenterology', 'gynecology', 'hematology',
  'infectious_diseases', 'nephrology', 'neurology', 'neurosurgery', 'oncology', 'ophthalmology', 'orthopedics', 'otolaryngology', 'pediatrics', 'psychiatry',
  'pulmonology', 'rheumatology', 'surgery', 'therapy', 'traumatology', 'urology',
];
/** Everything in Kazakhstan since 2024-03-01. */
export const HOME_ZONE = 'Asia/Almaty';

/** The list with `value` in it or without, in the order of `all`. @param {readonly string[]} all @param {readonly string[]} chosen @param {string} value @param {boolean} isOn */
export function toggled(all, chosen, value, isOn) {
  return all.filter((other) => (other === value ? isOn : chosen.includes(other)));
}

/** Users whose name or login contains what was typed, of one site or all. @param {readonly User[]} users @param {{text: string, site: string, role: string}} wish */
export function usersLike(users, { text, site, role }) {
  const wanted = text.trim().toLocaleLowerCase();
  return users
    .filter((user) => (!site || user.site === site) && (!role || user.roles.includes(role)))
    .filter((user) => !wanted || user.name.toLocaleLowerCase().includes(wanted) || (user.login ?? '').toLocaleLowerCase().includes(wanted))
    .sort((a, b) => a.name.localeCompare(b.name, 'kk'));
}

/** A week's windows, seven lists from Monday, each in the order of the day. @param {readonly Schedule[]} schedules @returns {Schedule[][]} */
export function weekOf(schedules) {
  return [1, 2, 3, 4, 5, 6, 7].map((day) => schedules.filter((schedule) => schedule.weekday === day).sort((a, b) => a.start.localeCompare(b.start)));
}

/** Whether the window still comes up, or is over. @param {Pick<Schedule, 'valid_to'>} schedule @param {string} today */
export function isOver(schedule, today) {
  return schedule.valid_to !== null && schedule.valid_to < today;
}

/** `9:5`, `905`, `09.05` as typed becomes `09:05`; what is no time stays, for the server to say so. @param {string} text */
export function readTime(text) {
  const match = /^\s*(\d{1,2})[:. ](\d{1,2})\s*$/.exec(text) ?? /^\s*(\d{1,2}?)(\d\d)?\s*$/.exec(text);
  if (!match) return text.trim();
  return `${match[1]?.padStart(2, '0')}:${(match[2] ?? '0').padStart(2, '0')}`;
}

/** @typedef {{weekday: string, start: string, end: string, slot_minutes: string, channel: string, time_zone: string, valid_from: string, valid_to: string}} ScheduleForm */

/** @param {ScheduleForm} form @param {{specialist: string} | {cart: string}} whose */
export function scheduleBody(form, whose) {
  return {
    ...whose,
    time_zone: form.time_zone,
    weekday: Number(form.weekday),
    start: readTime(form.start),
    end: readTime(form.end),
    slot_minutes: Number(form.slot_minutes) || 0,
    channel: form.channel,
    valid_from: readDay(form.valid_from) ?? form.valid_from.trim(),
    ...(form.valid_to.trim() ? { valid_to: readDay(form.valid_to) ?? form.valid_to.trim() } : {}),
  };
}

/** @param {{date: string, isWholeDay: boolean, start: string, end: string, reason: string}} form @param {{specialist: string} | {cart: string}} whose */
export function exceptionBody(form, whose) {
  const hours = form.isWholeDay ? {} : { start: readTime(form.start), end: readTime(form.end) };
  return { ...whose, date: readDay(form.date) ?? form.date.trim(), ...hours, reason: form.reason.trim() };
}

/** How many slots a window gives; what is cut off at its end is lost. @param {{start: string, end: string, slot_minutes: number}} window */
export function slotsIn({ start, end, slot_minutes }) {
  const length = minuteOf(end) - minuteOf(start);
  return slot_minutes > 0 && length > 0 ? Math.floor(length / slot_minutes) : 0;
}

/** @param {string} time */
function minuteOf(time) {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}

/** Whether a date falls on a window: an absence on a day off changes nothing. @param {readonly Schedule[]} schedules @param {string} date */
export function worksOn(schedules, date) {
  return schedules.some((schedule) => schedule.weekday === weekday(date) && schedule.valid_from <= date && !isOver(schedule, date));
}

/** Each purpose with its versions, the newest first. @param {readonly ConsentText[]} texts @returns {{purpose: string, versions: ConsentText[]}[]} */
export function textsByPurpose(texts) {
  return PURPOSES.map((purpose) => ({ purpose, versions: texts.filter((text) => text.purpose === purpose).sort((a, b) => b.version - a.version) }));
}

/** @param {ApiKey} key @param {number} nowMs @returns {'alive' | 'expired' | 'revoked'} */
export function keyState(key, nowMs) {
  if (key.revoked) return 'revoked';
  return Date.parse(key.expires) <= nowMs ? 'expired' : 'alive';
}

/** A year from today, as it is typed. @param {string} today `2026-11-22` @returns {string} `22.11.2027` */
export function inAYear(today) {
  const [year, month, day] = today.split('-');
  return `${month === '02' && day === '29' ? '28' : day}.${month}.${Number(year) + 1}`;
}

/** What kind of actor made a change, where no name is known. @param {string} actor `user:<id>` .. or `system` */
export function actorKind(actor) {
  return ACTORS.find((kind) => kind === actor.split(':')[0]) ?? 'system';
}

/** @param {string} status of a message @returns {'neutral' | 'good' | 'danger'} */
export function messageTone(status) {
  if (status === 'delivered') return 'good';
  return status === 'failed' || status === 'expired' ? 'danger' : 'neutral';
}

/** What stands in an audit row's detail, as pairs. @param {unknown} detail JSON, or its text @returns {[string, string][]} */
export function detailPairs(detail) {
  let value = detail;
  if (typeof value === 'string') {
    try {
      value = JSON.parse(value);
    } catch {
      return value ? [['', String(value)]] : [];
    }
  }
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).map(([name, part]) => [name, typeof part === 'string' ? part : JSON.stringify(part)]);
}
