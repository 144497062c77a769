/** Times as the clinic's clock shows them: dd.MM.yyyy, 24 hours, with a suffix where the viewer's clock differs. Instants are RFC 3339 or milliseconds. Pure. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** @typedef {string | number} Instant */
/** @typedef {string} Day a local date, `2026-11-22` */

/** @type {Map<string, Intl.DateTimeFormat>} making one costs more than asking it a thousand times */
const formats = new Map();

/** HH:mm in the zone. @param {Instant} at @param {string} zone */
export function clock(at, zone) {
  const { hour, minute } = parts(at, zone);
  return `${hour}:${minute}`;
}

/** dd.MM.yyyy in the zone. @param {Instant} at @param {string} zone */
export function date(at, zone) {
  return dayWords(dayOf(at, zone));
}

/** dd.MM.yyyy HH:mm in the zone. @param {Instant} at @param {string} zone */
export function moment(at, zone) {
  return `${date(at, zone)} ${clock(at, zone)}`;
}

/** `09:00–09:30` in the zone. @param {Instant} start @param {Instant} end @param {string} zone */
export function span(start, end, zone) {
  return `${clock(start, zone)}–${clock(end, zone)}`;
}

/** dd.MM.yyyy. @param {Day} day */
export function dayWords(day) {
  const [year, month, date] = day.split('-');
  return `${date}.${month}.${year}`;
}

/** `UTC+5` where the viewer's clock shows another time than the clinic's, else empty. @param {Instant} at @param {string} zone @param {string} viewerZone */
export function zoneSuffix(at, zone, viewerZone) {
  const offsetMs = offsetAt(toMs(at), zone);
  if (offsetMs === offsetAt(toMs(at), viewerZone)) return '';
  const minutes = Math.abs(offsetMs) / MINUTE_MS;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60 ? `:${String(minutes % 60).padStart(2, '0')}` : '';
  return `UTC${offsetMs < 0 ? '−' : '+'}${hours}${rest}`;
}

/** The local date. @param {Instant} at @param {string} zone @returns {Day} */
export function dayOf(at, zone) {
  const { year, month, day } = parts(at, zone);
  return `${year}-${month}-${day}`;
}

/** Minutes since the local midnight. @param {Instant} at @param {string} zone */
export function minuteOfDay(at, zone) {
  const { hour, minute } = parts(at, zone);
  return Number(hour) * 60 + Number(minute);
}

/** @param {Day} day @param {number} days @returns {Day} */
export function addDays(day, days) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 24 * HOUR_MS).toISOString().slice(0, 10);
}

/** 1 is Monday, 7 is Sunday. @param {Day} day */
export function weekday(day) {
  return ((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7) + 1;
}

/** From the local day's first instant to the next one's, for a query. @param {Day} day @param {string} zone @param {number} [days] */
export function dayBounds(day, zone, days = 1) {
  return { from: instantAt(day, '00:00', zone), to: instantAt(addDays(day, days), '00:00', zone) };
}

/** People may come so long before their visit, and so long after its beginning (CHECK_IN_OPENS, CHECK_IN_CLOSES in src/model/appointment/decide.rs). */
const COMES_BEFORE_MS = HOUR_MS / 2;
const COMES_AFTER_MS = HOUR_MS;

/** The day that it is, and around midnight also those of the other day whose people may come now. @param {number} now @param {string} zone */
export function todayBounds(now, zone) {
  const { from, to } = dayBounds(dayOf(now, zone), zone);
  const [begins, ends] = [Date.parse(from), Date.parse(to)];
  return {
    from: now - begins > COMES_AFTER_MS ? from : new Date(begins - COMES_AFTER_MS).toISOString(),
    to: ends - now > COMES_BEFORE_MS ? to : new Date(ends + COMES_BEFORE_MS).toISOString(),
  };
}

/**
 * The instant of a local time, in UTC; one that does not exist moves on, an ambiguous one is the first.
 * @param {Day} day @param {string} time `09:30` @param {string} zone @returns {string}
 */
export function instantAt(day, time, zone) {
  const asUtc = Date.parse(`${day}T${time}:00Z`);
  // The offsets on both sides of a change, the larger first: it gives the earlier instant.
  const offsets = [offsetAt(asUtc - 14 * HOUR_MS, zone), offsetAt(asUtc + 14 * HOUR_MS, zone)].sort((a, b) => b - a);
  const fitting = offsets.find((offset) => offsetAt(asUtc - offset, zone) === offset);
  return new Date(asUtc - (fitting ?? Math.min(...offsets))).toISOString();
}

/** Whole years. @param {Day} birth @param {Day} today */
export function ageOn(birth, today) {
  const years = Number(today.slice(0, 4)) - Number(birth.slice(0, 4));
  return today.slice(5) < birth.slice(5) ? years - 1 : years;
}

/** `dd.MM.yyyy` or `yyyy-MM-dd` as typed; null when it is no date. @param {string} text @returns {Day | null} */
export function readDay(text) {
  const match = /^\s*(\d{1,2})[.\/ ](\d{1,2})[.\/ ](\d{4})\s*$/.exec(text);
  const day = match ? `${match[3]}-${match[2]?.padStart(2, '0')}-${match[1]?.padStart(2, '0')}` : text.trim();
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) return null;
  const at = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day) ? day : null;
}

/** `9:05`: minutes and seconds that are left. @param {number} ms */
export function countdown(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** The zone of this device. */
export function viewerZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** @param {Instant} at */
function toMs(at) {
  return typeof at === 'number' ? at : Date.parse(at);
}

/** Local minus UTC. @param {number} atMs @param {string} zone */
function offsetAt(atMs, zone) {
  const { year, month, day, hour, minute, second } = parts(atMs, zone);
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) - Math.floor(atMs / 1000) * 1000;
}

/** @param {Instant} at @param {string} zone @returns {Record<string, string>} */
function parts(at, zone) {
  let format = formats.get(zone);
  if (!format) {
    const digits = /** @type {const} */ ('2-digit');
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: digits, day: digits, hour: digits, minute: digits, second: digits,
    });
    formats.set(zone, format);
  }
  return Object.fromEntries(format.formatToParts(toMs(at)).map(({ type, value }) => [type, value]));
}
