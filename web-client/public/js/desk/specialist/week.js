/** A week at a glance: the specialist's own, or the carts of the nurse's site. Side by side on a wide screen, one below the other on a narrow one. */
import { html, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { addDays, clock, dayBounds, dayOf, dayWords, weekday } from '../clinic-time.js';
import { SelectField } from '../parts/field.js';
import { Loaded, ViewHead } from '../parts/frame.js';
import { useList, useNow } from '../resource.js';
import { channelWords, statusWords, weekdayWords } from '../words.js';
import { mondayOf, weekOf } from './week-plan.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../types.js').Appointment} Appointment */
/** @typedef {import('./week-plan.js').WeekDay} WeekDay */

const HOUR_MS = 3_600_000;
const UNSEEN = ['cancelled', 'entered_in_error'];

/** @param {{desk: Desk}} props */
export function Week({ desk }) {
  const { t } = desk;
  const today = dayOf(useNow(desk, HOUR_MS), desk.zone);
  const [weeks, setWeeks] = useState(0);
  const monday = mondayOf(addDays(today, 7 * weeks));
  const isOwn = desk.me.roles.includes('specialist');
  const [cart, setCart] = useState('');
  const whose = isOwn ? { specialist: desk.me.id } : { site: desk.me.site.id, cart };
  /** @type {import('../resource.js').Resource<Appointment[]>} */
  const visits = useList(desk, '/appointments', { ...dayBounds(monday, desk.zone, 7), ...whose }, ['appointments']);
  /** @type {import('../resource.js').Resource<import('../types.js').Schedule[]>} */
  const schedules = useList(desk, isOwn || cart ? '/schedules' : null, isOwn ? { specialist: desk.me.id } : { cart }, ['schedules']);
  /** @type {import('../resource.js').Resource<import('../types.js').ScheduleException[]>} */
  const exceptions = useList(desk, isOwn || cart ? '/schedule-exceptions' : null, { ...(isOwn ? { specialist: desk.me.id } : { cart }), from: monday, to: addDays(monday, 7) }, ['schedule_exceptions', 'schedules']);
  return html`<div class="view">
    <${ViewHead} title=${t('nav.week')} lead=${`${dayWords(monday)} – ${dayWords(addDays(monday, 6))}`}>
      <div class="steps"><button type="button" class="button is-quiet is-icon" data-testid="week-before" aria-label=${t('week.before')} title=${t('week.before')} onClick=${() => setWeeks(weeks - 1)}><${Icon} name="left" /></button>
      ${weeks !== 0 && html`<button type="button" class="button is-quiet" data-testid="week-this" onClick=${() => setWeeks(0)}>${t('week.this')}</button>`}
      <button type="button" class="button is-quiet is-icon" data-testid="week-after" aria-label=${t('week.after')} title=${t('week.after')} onClick=${() => setWeeks(weeks + 1)}><${Icon} name="right" /></button></div>
    <//>
    ${!isOwn && html`<${WhichCart} desk=${desk} cart=${cart} onChoose=${setCart} />`}
    <${Loaded} desk=${desk} resource=${visits}>${(/** @type {Appointment[]} */ found) => {
      const seen = found.filter(({ status }) => !UNSEEN.includes(status));
      const days = weekOf(monday, desk.zone, seen, schedules.data ?? [], exceptions.data ?? []);
      return html`<ol class="agenda" data-testid="week">${days.map((day) => html`<${Day} key=${day.day} desk=${desk} day=${day} isToday=${day.day === today} isOwn=${isOwn} />`)}</ol>`;
    }}<//>
  </div>`;
}

/** @param {{desk: Desk, cart: string, onChoose: (cart: string) => void}} props */
function WhichCart({ desk, cart, onChoose }) {
  /** @type {import('../resource.js').Resource<import('../types.js').Cart[]>} */
  const carts = useList(desk, '/carts', { site: desk.me.site.id }, ['carts']);
  const options = [{ value: '', label: desk.t('week.all_carts') }, ...(carts.data ?? []).map(({ id, name }) => ({ value: id, label: name }))];
  return html`<div class="agenda-cart"><${SelectField} id="week-cart" label=${desk.t('week.cart')} value=${cart} onInput=${onChoose} options=${options} /></div>`;
}

/** @param {{desk: Desk, day: WeekDay, isToday: boolean, isOwn: boolean}} props */
function Day({ desk, day, isToday, isOwn }) {
  const { t } = desk;
  return html`<li class="agenda-day ${isToday ? 'is-today' : ''}" data-testid="day-${day.day}" aria-current=${isToday ? 'date' : undefined}>
    <h2><span>${weekdayWords(desk, weekday(day.day))}</span> <span class="agenda-date">${dayWords(day.day).slice(0, 5)}</span></h2>
    <p class="agenda-hours">${day.hours.length > 0 ? day.hours.map(({ start, end }) => `${start}–${end}`).join(', ') : t('week.no_hours')}</p>
    ${day.away.map(({ start, end, reason }) => html`<p class="agenda-away" key=${start}><${Icon} name="close" size=${16} />${start}–${end}: ${reason}</p>`)}
    ${day.visits.length > 0 &&
    html`<ul>${day.visits.map((visit) => html`<li class="agenda-visit is-${visit.status}" key=${visit.id} data-testid="week-visit-${visit.id}">
      <p class="agenda-time">${clock(visit.start, desk.zone)} <span>${visit.channel === 'cart' ? (visit.cart?.name ?? '') : channelWords(desk, visit.channel)}</span></p>
      <p class="agenda-who">${visit.patient.name}</p>
      ${!isOwn && html`<p class="quiet">${visit.specialist.name}</p>`}
      <p class="quiet">${statusWords(desk, visit.status)}</p>
    </li>`)}</ul>`}
  </li>`;
}
