/** From a referral to an appointment: a free time that suits specialist, patient and cart; its hold with the minutes that are left; booked; confirmed. */
import { html, useEffect, useReducer, useRef, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { countdown, dayWords } from '../clinic-time.js';
import { ChoiceField, SelectField } from '../parts/field.js';
import { Badge, ClinicTime, Loaded, ViewHead } from '../parts/frame.js';
import { ProblemBox } from '../parts/problem.js';
import { Problem, isOvertaken, unreachable } from '../problem.js';
import { useAct, useList, useNow, useResource } from '../resource.js';
import { channelWords, specialtyWords } from '../words.js';
import { CHOOSING, reduceBooking } from './booking.js';
import { SlotPicker } from './slot-picker.js';
import { StatusBadge } from './visit-row.js';
import { WaitDialog } from './wait-dialog.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../types.js').Referral} Referral */
/** @typedef {import('../types.js').Appointment} Appointment */
/** @typedef {import('../types.js').Slot} Slot */
/**
 * @typedef {object} Wanted what a time is looked for
 * @property {string} patient its id
 * @property {string} name
 * @property {string} birthDate
 * @property {string} specialty
 * @property {string} reason
 * @property {boolean} isUrgent
 * @property {string} site
 * @property {string | null} referral
 * @property {string | null} instead the appointment that makes way
 */

const CHANNELS = ['cart', 'home_link', 'phone'];

/** @param {{desk: Desk, id: string | null}} props `id` of the referral */
export function Book({ desk, id }) {
  /** @type {import('../resource.js').Resource<Referral>} */
  const referral = useResource(desk, id && `/referrals/${id}`, {});
  return html`<div class="view"><${Loaded} desk=${desk} resource=${referral}>${(/** @type {Referral} */ found) => html`<${Booking} desk=${desk} referral=${found} wanted=${ofReferral(found)} firstChannel="cart" />`}<//></div>`;
}

/** @param {{desk: Desk, id: string | null}} props `id` of the appointment */
export function Reschedule({ desk, id }) {
  /** @type {import('../resource.js').Resource<Appointment>} */
  const visit = useResource(desk, id && `/appointments/${id}`, {});
  return html`<div class="view"><${Loaded} desk=${desk} resource=${visit}>${(/** @type {Appointment} */ found) => html`<${Booking} desk=${desk} referral=${null} wanted=${ofVisit(found)} firstChannel=${found.channel} firstCart=${found.cart?.id} />`}<//></div>`;
}

/** @param {Referral} referral @returns {Wanted} */
function ofReferral({ id, patient, specialty, reason, priority, site }) {
  return { patient: patient.id, name: patient.name, birthDate: patient.birth_date, specialty, reason, isUrgent: priority === 'urgent', site, referral: id, instead: null };
}

/** @param {Appointment} visit @returns {Wanted} */
function ofVisit({ id, patient, specialist, referral, site }) {
  return {
    patient: patient.id, name: patient.name, birthDate: patient.birth_date, specialty: specialist.specialty ?? '', reason: referral?.reason ?? '',
    isUrgent: referral?.priority === 'urgent', site: site.id, referral: referral?.id ?? null, instead: id,
  };
}

/** @param {{desk: Desk, wanted: Wanted, referral: Referral | null, firstChannel: string, firstCart?: string}} props `referral`: to be taken, null when it is */
function Booking({ desk, wanted, referral, firstChannel, firstCart }) {
  const { t } = desk;
  const [channel, setChannel] = useState(firstChannel);
  const [chosenCart, setCart] = useState(firstCart ?? '');
  const [isWaiting, setWaiting] = useState(false);
  const [state, dispatch] = useReducer(reduceBooking, CHOOSING);
  /** @type {import('../resource.js').Resource<import('../types.js').Cart[]>} */
  const carts = useList(desk, '/carts', { site: wanted.site }, ['carts']);
  // The first that is online, unless the nurse chose another.
  const cart = chosenCart || (carts.data?.find(({ is_online }) => is_online) ?? carts.data?.[0])?.id || '';
  const isReady = channel !== 'cart' || cart !== '';
  /** @type {import('../resource.js').Resource<Slot[]>} */
  const slots = useList(desk, isReady ? '/slots' : null,
    { specialty: wanted.specialty, channel, patient: wanted.patient, cart: channel === 'cart' ? cart : null, urgent: wanted.isUrgent || null }, ['slots', 'appointments']);

  // A referral that somebody looks for a time for is in work, so that nobody else begins.
  useEffect(() => {
    if (referral?.status === 'received') desk.api.post(`/referrals/${referral.id}/events`, { event: 'take' }, referral.version).catch(() => {});
  }, [referral?.id]);
  useHoldOfThisPage(desk, state);

  const hold = async (/** @type {Slot} */ slot) => {
    if (state.phase === 'held' && state.slot) desk.api.letGo(`/slots/${state.slot.id}/hold`);
    dispatch({ type: 'choose', slot });
    try {
      dispatch({ type: 'held', slot: await desk.api.post(`/slots/${slot.id}/hold`) });
    } catch (error) {
      dispatch({ type: 'overtaken', problem: asProblem(error) });
      slots.reload();
    }
  };
  const release = () => {
    if (state.slot) desk.api.letGo(`/slots/${state.slot.id}/hold`);
    dispatch({ type: 'release' });
  };
  const book = async () => {
    if (!state.slot) return;
    dispatch({ type: 'book' });
    try {
      const appointment = await desk.api.create('/appointments', {
        patient: wanted.patient, site: wanted.site, slot: state.slot.id,
        ...(wanted.referral && { referral: wanted.referral }), ...(channel === 'cart' && { cart }), ...(wanted.instead && { rescheduled_from: wanted.instead }),
      });
      dispatch({ type: 'booked', appointment });
    } catch (error) {
      const problem = asProblem(error);
      dispatch({ type: isOvertaken(problem) ? 'overtaken' : 'failed', problem });
      if (isOvertaken(problem)) slots.reload();
    }
  };

  if (state.phase === 'booked' && state.appointment) {
    return html`<${Booked} desk=${desk} visit=${state.appointment} isMoved=${wanted.instead !== null} onChanged=${(/** @type {Appointment} */ appointment) => dispatch({ type: 'changed', appointment })} />`;
  }
  return html`<${ViewHead} title=${t(wanted.instead ? 'visit.reschedule' : 'nav.book')}>
      <button type="button" class="button is-quiet" data-testid="book-back" onClick=${() => history.back()}><${Icon} name="left" size=${20} />${t('desk.back')}</button>
    <//>
    <div class="book-whom"><p class="row-name">${wanted.name} <span class="born">${t('patient.born', { date: dayWords(wanted.birthDate) })}</span></p>
      <p class="row-line">${wanted.isUrgent && html`<${Badge} tone="danger" icon="alert">${t('priority.urgent')}<//>`}<b>${specialtyWords(desk, wanted.specialty)}</b><span>${wanted.reason}</span></p></div>
    <div class="book-how">
      <${ChoiceField} name="channel" label=${t('visit.where')} value=${channel} onInput=${(/** @type {string} */ value) => { release(); setChannel(value); }}
        options=${CHANNELS.map((value) => ({ value, label: channelWords(desk, value) }))} />
      ${channel === 'cart' && (carts.data?.length ?? 0) > 1 && html`<${SelectField} id="cart" label=${t('book.cart')} value=${cart} onInput=${(/** @type {string} */ value) => { release(); setCart(value); }}
        options=${(carts.data ?? []).map(({ id, name, is_online }) => ({ value: id, label: `${name}: ${is_online ? t('cart.online') : t('cart.offline')}` }))} />`}
    </div>
    ${channel === 'cart' && carts.data?.length === 0 && html`<p class="notice">${t('book.no_cart')}</p>`}
    <${Held} desk=${desk} state=${state} onRelease=${release} onBook=${book} onTime=${(/** @type {number} */ nowMs) => dispatch({ type: 'time', nowMs })} />
    <${ProblemBox} desk=${desk} problem=${state.problem} />
    ${state.hasRunOut && html`<p class="notice" role="alert" data-testid="hold-ran-out">${t('book.ran_out')}</p>`}
    <${Loaded} desk=${desk} resource=${slots}>${(/** @type {Slot[]} */ free) => html`<${SlotPicker} desk=${desk} slots=${free} held=${state.slot} isBusy=${state.phase === 'booking'} onChoose=${hold}
      onWait=${referral && referral.status !== 'waitlisted' ? () => setWaiting(true) : null} />`}<//>
    ${isWaiting && referral && html`<${WaitDialog} desk=${desk} referral=${{ ...referral, status: 'in_work' }} channel=${channel} onClose=${() => { setWaiting(false); desk.go('referrals'); }} />`}`;
}

/** What is held is given back when the page is left without a booking. @param {Desk} desk @param {import('./booking.js').Booking} state */
function useHoldOfThisPage(desk, state) {
  const held = useRef(/** @type {string | null} */ (null));
  held.current = state.phase === 'held' ? (state.slot?.id ?? null) : null;
  useEffect(() => {
    const release = () => {
      if (held.current) desk.api.letGo(`/slots/${held.current}/hold`);
    };
    window.addEventListener('pagehide', release);
    return () => {
      window.removeEventListener('pagehide', release);
      release();
    };
  }, []);
}

/** @param {unknown} error */
function asProblem(error) {
  return error instanceof Problem ? error : unreachable();
}

/** The slot that is held, with the time that is left. @param {{desk: Desk, state: import('./booking.js').Booking, onRelease: () => void, onBook: () => void, onTime: (nowMs: number) => void}} props */
function Held({ desk, state, onRelease, onBook, onTime }) {
  const { t } = desk;
  const now = useNow(desk, 1_000);
  useEffect(() => onTime(now), [now]);
  const { slot, holdUntilMs, phase } = state;
  if (!slot || phase === 'choosing') return null;
  const isHeld = phase === 'held' || phase === 'booking';
  return html`<section class="held" data-testid="held" data-phase=${phase} aria-label=${t('book.chosen')}>
    <div class="row-words">
      <p class="held-time"><${ClinicTime} desk=${desk} start=${slot.start} end=${slot.end} zone=${desk.zone} hasDate=${true} /></p>
      <p class="row-line">${slot.specialist.name}</p>
      <p class="row-line" role="status">${isHeld ? t('book.held') : t('book.holding')}</p>
    </div>
    ${isHeld && holdUntilMs !== null && html`<p class="held-left" role="timer" aria-label=${t('book.left')}><${Icon} name="clock" size=${20} /><span data-testid="countdown">${countdown(holdUntilMs - now)}</span></p>`}
    <div class="row-actions">
      <button type="button" class="button is-quiet" data-testid="release" disabled=${phase !== 'held'} onClick=${onRelease}>${t('book.other_time')}</button>
      <button type="button" class="button is-primary" data-testid="book" disabled=${phase !== 'held'} onClick=${onBook}>${t('book.book')}</button>
    </div>
  </section>`;
}

/** @param {{desk: Desk, visit: Appointment, isMoved: boolean, onChanged: (visit: Appointment) => void}} props */
function Booked({ desk, visit, isMoved, onChanged }) {
  const { t } = desk;
  const act = useAct(desk);
  const confirm = () =>
    act.run(async () => {
      onChanged(await desk.api.post(`/appointments/${visit.id}/events`, { event: 'confirm' }, visit.version));
    });
  return html`<section class="card booked" data-testid="booked" data-status=${visit.status} role="status">
    <span class="card-badge"><${Icon} name="check" size=${28} /></span>
    <h1 tabindex="-1" id="view-title">${t(isMoved ? 'book.moved' : 'book.done')}</h1>
    <p class="held-time"><${ClinicTime} desk=${desk} start=${visit.start} end=${visit.end} zone=${visit.site.time_zone} hasDate=${true} /></p>
    <p>${visit.patient.name}</p>
    <p class="quiet">${visit.specialist.name} · ${specialtyWords(desk, visit.specialist.specialty)} · ${visit.cart ? visit.cart.name : channelWords(desk, visit.channel)}</p>
    <${StatusBadge} desk=${desk} status=${visit.status} />
    <${ProblemBox} desk=${desk} problem=${act.problem} />
    <div class="row-actions">
      <button type="button" class="button is-quiet" data-testid="booked-today" onClick=${() => desk.go('today')}>${t('nav.today')}</button>
      <button type="button" class="button is-quiet" data-testid="booked-referrals" onClick=${() => desk.go('referrals')}>${t('nav.referrals')}</button>
      ${visit.allowed.includes('confirm') && html`<button type="button" class="button is-primary" data-testid="confirm-booked" disabled=${act.isBusy} onClick=${confirm}>${t('book.confirm')}</button>`}
    </div>
  </section>`;
}
