/** What was concluded at past visits: by this specialist, or for the referrals of this family doctor. */
import { html, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { addDays, clock, date, dayBounds, dayOf, moment, todayBounds } from '../clinic-time.js';
import { Empty, Loaded, ViewHead } from '../parts/frame.js';
import { useList, useResource } from '../resource.js';
import { reasonWords, specialtyWords } from '../words.js';
import { inOrder } from './day.js';
import { ReferralLines } from './visit-parts.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../types.js').Appointment} Appointment */
/** @typedef {import('../types.js').Conclusion} Conclusion */

/** Shown at once; older ones a step at a time. */
const DAYS = 30;

/** @param {{desk: Desk, id: string | null}} props `id` of the appointment that is read */
export function Conclusions({ desk, id }) {
  return id === null ? html`<${List} desk=${desk} />` : html`<${Reading} desk=${desk} id=${id} />`;
}

/** @param {{desk: Desk}} props */
function List({ desk }) {
  const { t } = desk;
  const [days, setDays] = useState(DAYS);
  const now = desk.api.nowMs();
  const { from } = dayBounds(addDays(dayOf(now, desk.zone), 1 - days), desk.zone);
  const { to } = todayBounds(now, desk.zone);
  const isOwn = desk.me.roles.includes('specialist');
  /** @type {import('../resource.js').Resource<Appointment[]>} */
  const visits = useList(desk, '/appointments', { from, to, specialist: isOwn ? desk.me.id : null }, ['appointments']);
  return html`<div class="view">
    <${ViewHead} title=${t('nav.conclusions')} lead=${t('conclusions.lead', { from: date(from, desk.zone) })} />
    <${Loaded} desk=${desk} resource=${visits}>${(/** @type {Appointment[]} */ found) => {
      const done = inOrder(found.filter(({ status }) => status === 'completed')).reverse();
      if (done.length === 0) return html`<${Empty} icon="text" title=${t('conclusions.none')} />`;
      return html`<ul class="sheet">${done.map((visit) => html`<li key=${visit.id}><a class="sheet-row row-link" data-testid="conclusion-${visit.id}" href="#/conclusions/${visit.id}">
        <span class="visit-time">${date(visit.start, desk.zone)}<br />${clock(visit.start, desk.zone)}</span>
        <span class="row-words"><span class="row-name">${visit.patient.name}</span><span class="row-line">${isOwn ? (visit.referral?.reason ?? '') : `${specialtyWords(desk, visit.specialist.specialty)}, ${visit.specialist.name}`}</span></span>
        <${Icon} name="right" /></a></li>`)}</ul>`;
    }}<//>
    <div><button type="button" class="button is-quiet" data-testid="earlier" onClick=${() => setDays(days + DAYS)}>${t('conclusions.earlier')}</button></div>
  </div>`;
}

/** @param {{desk: Desk, id: string}} props */
function Reading({ desk, id }) {
  const { t } = desk;
  /** @type {import('../resource.js').Resource<Appointment & {conclusion?: Conclusion | null}>} */
  const visit = useResource(desk, `/appointments/${id}`, { topics: ['appointments', 'conclusions'] });
  return html`<div class="view">
    <div><a class="button is-quiet" href="#/conclusions" data-testid="back"><${Icon} name="left" size=${20} />${t('nav.conclusions')}</a></div>
    <${Loaded} desk=${desk} resource=${visit}>${(/** @type {Appointment & {conclusion?: Conclusion | null}} */ found) => html`
      <${ViewHead} title=${found.patient.name} lead=${`${date(found.start, desk.zone)} ${clock(found.start, desk.zone)} · ${specialtyWords(desk, found.specialist.specialty)}, ${found.specialist.name}`} />
      <section class="day-part"><h2>${t('conclusions.referral')}</h2><${ReferralLines} desk=${desk} referral=${found.referral} /></section>
      <${Words} desk=${desk} visit=${found} />`}<//>
  </div>`;
}

/** @param {{desk: Desk, visit: Appointment & {conclusion?: Conclusion | null}}} props */
function Words({ desk, visit }) {
  const { t } = desk;
  const { conclusion } = visit;
  if (!conclusion) {
    const why = visit.no_summary_reason ? reasonWords(desk, visit.no_summary_reason) : null;
    return html`<p data-testid="no-conclusion">${why ? t('conclusions.why_none', { reason: why.toLowerCase() }) : t('conclusions.not_written')}</p>`;
  }
  return html`<article class="conclusion" data-testid="conclusion" data-signed=${conclusion.signed !== null}>
    <section><h2>${t('conclusions.summary')}</h2><p class="prose" data-testid="conclusion-summary">${conclusion.summary}</p></section>
    ${conclusion.icd10 && html`<section><h2>${t('conclusions.icd10')}</h2><p>${conclusion.icd10}</p></section>`}
    ${conclusion.recommendations && html`<section><h2>${t('conclusions.recommendations')}</h2><p class="prose">${conclusion.recommendations}</p></section>`}
    ${conclusion.addenda.map((addendum) => html`<section key=${addendum.digest}><h2>${t('conclusions.addendum')}</h2><p class="prose">${addendum.summary}</p>
      ${addendum.recommendations && html`<p class="prose">${addendum.recommendations}</p>`}<p class="quiet">${addendum.signed && t('conclusions.signed', { at: moment(addendum.signed, desk.zone) })}</p></section>`)}
    <p class="quiet">${conclusion.signed ? t('conclusions.signed', { at: moment(conclusion.signed, desk.zone) }) : t('conclusions.draft')}</p>
  </article>`;
}
