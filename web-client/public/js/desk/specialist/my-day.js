/** The specialist's Today: whose turn it is, where the patient and the cart are, what the referral asks; into the visit with one click. */
import { html, useEffect, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { addDays, ageOn, dayBounds, dayOf, dayWords, todayBounds, weekday } from '../clinic-time.js';
import { Badge, Empty, Lamp, Loaded, ViewHead } from '../parts/frame.js';
import { useList, useNow } from '../resource.js';
import { weekdayWords } from '../words.js';
import { Decision } from './decision.js';
import { dayOfVisits, guestsOf, patientAt } from './day.js';
import { CallOff, ClinicSpan, ReferralLines, VisitStatus } from './visit-parts.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../types.js').Appointment} Appointment */

/** Which day is shown follows the clock over midnight. */
const MINUTE_MS = 60_000;
/** Before the start, as booking.md has it. */
const DOORS_OPEN_MS = 30 * MINUTE_MS;

/** @param {{desk: Desk}} props */
export function MyDay({ desk }) {
  const { t } = desk;
  const now = useNow(desk, MINUTE_MS);
  const [ahead, setAhead] = useState(0);
  const day = addDays(dayOf(now, desk.zone), ahead);
  const { from, to } = ahead === 0 ? todayBounds(now, desk.zone) : dayBounds(day, desk.zone);
  /** @type {import('../resource.js').Resource<Appointment[]>} */
  const visits = useList(desk, '/appointments', { from, to, specialist: desk.me.id }, ['appointments', 'visits', 'carts', 'consents']);
  return html`<div class="view">
    <${ViewHead} title=${ahead === 0 ? t('my_day.today') : weekdayWords(desk, weekday(day))} lead=${dayWords(day)}>
      <${ServerLamp} desk=${desk} />
      <div class="steps"><button type="button" class="button is-quiet is-icon" data-testid="day-before" aria-label=${t('my_day.before')} title=${t('my_day.before')} onClick=${() => setAhead(ahead - 1)}><${Icon} name="left" /></button>
      ${ahead !== 0 && html`<button type="button" class="button is-quiet" data-testid="day-today" onClick=${() => setAhead(0)}>${t('my_day.today')}</button>`}
      <button type="button" class="button is-quiet is-icon" data-testid="day-after" aria-label=${t('my_day.after')} title=${t('my_day.after')} onClick=${() => setAhead(ahead + 1)}><${Icon} name="right" /></button></div>
    <//>
    <${Loaded} desk=${desk} resource=${visits}>${(/** @type {Appointment[]} */ found) => html`<${Visits} desk=${desk} visits=${found} />`}<//>
  </div>`;
}

/** @param {{desk: Desk, visits: Appointment[]}} props */
function Visits({ desk, visits }) {
  const { t } = desk;
  const { now, undecided, next, past } = dayOfVisits(visits);
  if (visits.length === 0) return html`<${Empty} icon="calendar" title=${t('my_day.none')} lead=${t('my_day.none_lead')} />`;
  return html`
    ${now.length > 0 && html`<${Part} desk=${desk} title=${t('my_day.now')} testId="part-now" visits=${now} isNow=${true} />`}
    ${undecided.length > 0 && html`<${Part} desk=${desk} title=${t('my_day.undecided')} testId="part-undecided" visits=${undecided} />`}
    ${next.length > 0 && html`<${Part} desk=${desk} title=${t('my_day.next')} testId="part-next" visits=${next} />`}
    ${past.length > 0 && html`<${Part} desk=${desk} title=${t('my_day.past')} testId="part-past" visits=${past} />`}`;
}

/** @param {{desk: Desk, title: string, testId: string, visits: Appointment[], isNow?: boolean}} props */
function Part({ desk, title, testId, visits, isNow = false }) {
  return html`<section class="day-part" data-testid=${testId}>
    <h2>${title}</h2>
    <ul class="sheet ${isNow ? 'is-now' : ''}">${visits.map((visit) => html`<${VisitRow} key=${visit.id} desk=${desk} visit=${visit} />`)}</ul>
  </section>`;
}

/** @param {{desk: Desk, visit: Appointment}} props */
function VisitRow({ desk, visit }) {
  const { t } = desk;
  const { patient, allowed, status } = visit;
  const isLive = ['proposed', 'booked', 'confirmed', 'checked_in', 'in_call'].includes(status);
  const age = ageOn(patient.birth_date, dayOf(desk.api.nowMs(), desk.zone));
  return html`<li class="sheet-row visit-row" data-testid="visit-${visit.id}" data-status=${status}>
    <div class="visit-time"><${ClinicSpan} desk=${desk} start=${visit.start} end=${visit.end} /><${VisitStatus} desk=${desk} status=${status} /></div>
    <div class="row-words">
      <p class="row-name">${patient.name} <span class="quiet">${t('my_visit.age', { age })} · ${dayWords(patient.birth_date)}</span></p>
      <${ReferralLines} desk=${desk} referral=${visit.referral} />
      ${patient.needs_interpreter && html`<p class="row-line"><${Badge} tone="warn" icon="people">${t('my_visit.interpreter')}<//></p>`}
      ${isLive && html`<${Lights} desk=${desk} visit=${visit} />`}
      ${visit.proposal !== null && isLive && html`<${Decision} desk=${desk} visit=${visit} />`}
    </div>
    <div class="row-actions">
      ${allowed.includes('join')
        ? html`<a class="button is-primary" data-testid="join-${visit.id}" href="/visit#a=${visit.id}"><${Icon} name="camera" size=${20} />${t(status === 'in_call' ? 'my_visit.return' : 'my_visit.join')}</a>`
        : isLive && html`<p class="quiet visit-hint">${t('my_visit.not_yet')}</p>`}
      ${status === 'completed' && html`<a class="button is-quiet" data-testid="read-${visit.id}" href="#/conclusions/${visit.id}">${t('my_visit.read')}</a>`}
      ${isLive && allowed.includes('cancel') && html`<${CallOff} desk=${desk} visit=${visit} />`}
    </div>
  </li>`;
}

/** Where the cart is, the patient, the others: each a shape and words. @param {{desk: Desk, visit: Appointment}} props */
function Lights({ desk, visit }) {
  const { t } = desk;
  const { cart, channel } = visit;
  const where = patientAt(visit);
  // Nobody is missed before the doors open.
  const isExpected = where !== 'absent' || Date.parse(visit.start) - desk.api.nowMs() < DOORS_OPEN_MS;
  const guests = guestsOf(visit);
  return html`<p class="row-line lights">
    ${cart && html`<${Lamp} isOn=${cart.is_online} testId="cart-lamp">${t(cart.is_online ? 'my_visit.cart_on' : 'my_visit.cart_off', { name: cart.name })}<//>`}
    ${channel === 'phone'
      ? html`<span><${Icon} name="phone" size=${18} /> ${visit.patient.phone ?? t('my_visit.no_phone')}</span>`
      : isExpected && html`<${Lamp} isOn=${where !== 'absent'} testId="patient-lamp">${t(`my_visit.patient_${where}`)}<//>`}
    ${guests.length > 0 && html`<span><${Icon} name="people" size=${18} /> ${guests.join(', ')}</span>`}
  </p>`;
}

/** Whether what is shown is what is. @param {{desk: Desk}} props */
function ServerLamp({ desk }) {
  const [state, setState] = useState(desk.live.state);
  useEffect(() => {
    setState(desk.live.state);
    return desk.live.watch(setState);
  }, [desk.live]);
  return html`<${Lamp} isOn=${state === 'connected'} testId="link-lamp">${desk.t(state === 'connected' ? 'my_day.link_on' : 'my_day.link_off')}<//>`;
}
