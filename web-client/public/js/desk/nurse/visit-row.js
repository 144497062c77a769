/** One visit of the day: when, who, with whom, where, who waits now, and the one thing to do next. */
import { html } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { clock, dayWords } from '../clinic-time.js';
import { Badge, ClinicTime, Lamp } from '../parts/frame.js';
import { ProblemBox } from '../parts/problem.js';
import { useAct, useList } from '../resource.js';
import { channelWords, reasonWords, specialtyWords, statusWords } from '../words.js';
import { CHECK_IN_OPENS_MS, hasEnded, isConsentDecided, nextStep, presence } from './timeline.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../types.js').Appointment} Appointment */

/** @type {Record<string, 'neutral' | 'good' | 'warn' | 'danger' | 'accent'>} */
const TONES = { booked: 'neutral', confirmed: 'accent', checked_in: 'warn', in_call: 'good', completed: 'good', no_show: 'danger', failed: 'danger', cancelled: 'neutral' };
/** @type {Record<string, string>} */
const ICONS = { confirmed: 'check', checked_in: 'clock', in_call: 'camera', completed: 'check', cancelled: 'close', no_show: 'remove', failed: 'alert' };

/** @param {{desk: Desk, status: string}} props */
export function StatusBadge({ desk, status }) {
  return html`<${Badge} tone=${TONES[status] ?? 'neutral'} icon=${ICONS[status]} testId="status" value=${status}>${statusWords(desk, status)}<//>`;
}

/** @param {{desk: Desk, visit: Appointment, now: number, onCheckIn: () => void, onDetails: () => void}} props */
export function VisitRow({ desk, visit, now, onCheckIn, onDetails }) {
  const { t } = desk;
  const { patient, specialist, cart, site } = visit;
  const act = useAct(desk);
  const here = hasEnded(visit) ? 'nobody' : presence(visit);
  return html`<li class="visit ${hasEnded(visit) ? 'has-ended' : ''} ${here === 'patient_waits' ? 'is-waiting' : ''}" data-testid="visit" data-id=${visit.id} data-status=${visit.status}>
    <p class="visit-time"><${ClinicTime} desk=${desk} start=${visit.start} end=${visit.end} zone=${site.time_zone} /></p>
    <div class="visit-words">
      <p class="row-name"><span>${patient.name}</span> <span class="born">${t('patient.born', { date: dayWords(patient.birth_date) })}</span></p>
      <p class="row-line"><${StatusBadge} desk=${desk} status=${visit.status} />
        ${visit.referral?.priority === 'urgent' && html`<${Badge} tone="danger" icon="alert">${t('priority.urgent')}<//>`}
        ${patient.needs_interpreter && html`<${Badge} tone="warn" icon="people">${t('patient.interpreter')}<//>`}
        ${visit.cancel_reason && html`<span>${reasonWords(desk, visit.cancel_reason)}</span>`}
        ${visit.proposal && html`<${Badge} tone="warn" icon="alert" testId="proposal">${visit.proposal === 'no_show' ? t('visit.maybe_no_show') : reasonWords(desk, visit.proposal)}<//>`}</p>
      <p class="row-line"><span>${specialist.name} · ${specialtyWords(desk, specialist.specialty)}</span></p>
      <p class="row-line">${cart && hasEnded(visit)
        ? html`<span>${cart.name}</span>`
        : cart
        ? html`<${Lamp} isOn=${cart.is_online} testId="visit-cart">${cart.name}: ${cart.is_online ? t('cart.online') : t('cart.offline')}<//>`
        : html`<span>${channelWords(desk, visit.channel)}</span>`}
        ${visit.channel === 'phone' && patient.phone && html`<a href="tel:${patient.phone}">${patient.phone}</a>`}</p>
      ${here !== 'nobody' && html`<p class="presence" data-testid="presence" data-presence=${here}><${Icon} name=${here === 'patient_waits' ? 'clock' : 'people'} size=${18} />${t(PRESENCE[here])}</p>`}
      <${ProblemBox} desk=${desk} problem=${act.problem} />
    </div>
    <div class="visit-actions">
      <${NextButton} desk=${desk} visit=${visit} now=${now} act=${act} onCheckIn=${onCheckIn} />
      <button type="button" class="button is-quiet is-small" data-testid="details" aria-label=${t('visit.details_of', { name: patient.name })} onClick=${onDetails}>${t('visit.details')}</button>
    </div>
    ${cart && !cart.is_online && !hasEnded(visit) && visit.allowed.includes('move') && html`<${MoveAway} desk=${desk} visit=${visit} act=${act} />`}
  </li>`;
}

/** @type {Record<'patient_waits' | 'specialist_here' | 'in_call', import('../../i18n/index.js').Key>} */
const PRESENCE = { patient_waits: 'visit.patient_waits', specialist_here: 'visit.specialist_here', in_call: 'visit.people_talk' };

/** @param {{desk: Desk, visit: Appointment, now: number, act: ReturnType<typeof useAct>, onCheckIn: () => void}} props */
function NextButton({ desk, visit, now, act, onCheckIn }) {
  const { t } = desk;
  const happen = (/** @type {string} */ event, /** @type {string} */ done) => async () => {
    const isDone = await act.run(() => desk.api.post(`/appointments/${visit.id}/events`, { event }, visit.version));
    if (isDone) desk.done(done);
  };
  const button = (/** @type {string} */ id, /** @type {string} */ label, /** @type {() => void} */ onClick) =>
    html`<button type="button" class="button is-primary is-small" data-testid=${id} disabled=${act.isBusy} onClick=${onClick}>${label}</button>`;
  // At home the patient decides about consent by the link; here the nurse asks.
  const isAsked = visit.channel === 'home_link' || isConsentDecided(visit);
  switch (nextStep(visit, now)) {
    case 'start':
      return html`<a class="button is-primary is-small" data-testid="start" href="/visit#a=${visit.id}">${t(visit.status === 'in_call' ? 'visit.return' : 'visit.start')}</a>`;
    case 'check_in':
      return button('check-in', t('visit.check_in'), isAsked ? happen('check_in', t('visit.checked_in')) : onCheckIn);
    case 'confirm':
      return button('confirm', t('visit.confirm'), happen('confirm', t('visit.confirmed')));
    case 'confirm_no_show':
      return button('confirm-no-show', t('visit.confirm_no_show'), happen('confirm_no_show', t('visit.no_show_noted')));
    case 'confirm_failure':
      return button('confirm-failure', t('visit.confirm_failure'), happen('confirm_failure', t('visit.failure_noted')));
    case 'reschedule':
      return button('reschedule', t('visit.reschedule'), () => desk.go('reschedule', visit.id));
    case 'wait':
      return visit.allowed.includes('check_in') && now > 0 && Date.parse(visit.start) > now
        ? html`<p class="quiet visit-opens">${t('visit.check_in_from', { time: clock(Date.parse(visit.start) - CHECK_IN_OPENS_MS, visit.site.time_zone) })}</p>`
        : null;
  }
}

/** The cart is silent: to another one or to the telephone, in one click. @param {{desk: Desk, visit: Appointment, act: ReturnType<typeof useAct>}} props */
function MoveAway({ desk, visit, act }) {
  /** @type {import('../resource.js').Resource<import('../types.js').Cart[]>} */
  const carts = useList(desk, '/carts', { site: visit.site.id }, ['carts']);
  const other = carts.data?.find((cart) => cart.is_online && cart.id !== visit.cart?.id);
  const move = (/** @type {string} */ channel, /** @type {string | undefined} */ cart) => async () => {
    const isDone = await act.run(() => desk.api.post(`/appointments/${visit.id}/place`, { channel, ...(cart && { cart }) }, visit.version));
    if (isDone) desk.done(desk.t('visit.moved'));
  };
  return html`<div class="visit-move" data-testid="move-away">
    <p>${desk.t('visit.cart_silent')}</p>
    <div class="row-actions">
      ${other && html`<button type="button" class="button is-quiet is-small" data-testid="move-to-cart" disabled=${act.isBusy} onClick=${move('cart', other.id)}>${desk.t('visit.move_to', { name: other.name })}</button>`}
      <button type="button" class="button is-quiet is-small" data-testid="move-to-phone" disabled=${act.isBusy} onClick=${move('phone', undefined)}>${desk.t('visit.move_to_phone')}</button>
    </div>
  </div>`;
}
