/** Referrals: urgent first, each with the way to a time, to the waiting list, or back to who sent it. */
import { html, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { dayWords, moment } from '../clinic-time.js';
import { can } from '../navigation.js';
import { Dialog, DialogActions } from '../parts/dialog.js';
import { ChoiceField } from '../parts/field.js';
import { Badge, Empty, Loaded, ViewHead } from '../parts/frame.js';
import { ProblemBox } from '../parts/problem.js';
import { useAct, useLists, useNow } from '../resource.js';
import { priorityWords, specialtyWords } from '../words.js';
import { OPEN, hoursWaited, isOpen, urgentFirst } from './inbox.js';
import { WaitDialog } from './wait-dialog.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../types.js').Referral} Referral */

const NOW_MS = 60_000;
/** @type {readonly {value: string, key: import('../../i18n/index.js').Key, statuses: readonly string[]}[]} */
const FILTERS = [
  { value: 'open', key: 'referrals.open', statuses: OPEN },
  { value: 'booked', key: 'referral.booked', statuses: ['booked'] },
  { value: 'completed', key: 'referral.completed', statuses: ['completed'] },
  { value: 'closed', key: 'referrals.closed', statuses: ['rejected', 'cancelled'] },
];

/** @param {{desk: Desk}} props */
export function Referrals({ desk }) {
  const { t } = desk;
  const now = useNow(desk, NOW_MS);
  const [filter, setFilter] = useState('open');
  const statuses = FILTERS.find(({ value }) => value === filter)?.statuses ?? [];
  /** @type {import('../resource.js').Resource<Referral[]>} */
  const referrals = useLists(desk, '/referrals', statuses.map((status) => ({ status })), ['referrals']);
  return html`<div class="view">
    <${ViewHead} title=${t('nav.referrals')}>
      ${can(desk.me, 'referrals:write') && html`<button type="button" class="button is-primary" data-testid="new-referral" onClick=${() => desk.go('new-referral')}><${Icon} name="plus" size=${20} />${t('nav.new-referral')}</button>`}
    <//>
    <${ChoiceField} name="filter" label=${t('referrals.show')} value=${filter} onInput=${setFilter} options=${FILTERS.map(({ value, key }) => ({ value, label: t(key) }))} />
    <${Loaded} desk=${desk} resource=${referrals}>${(/** @type {Referral[]} */ all) => {
      const wanted = urgentFirst(all);
      return wanted.length === 0
        ? html`<${Empty} icon="inbox" title=${t('referrals.empty')} lead=${filter === 'open' ? t('inbox.empty') : ''} />`
        : html`<ul class="sheet" data-testid="referrals">${wanted.map((referral) => html`<${ReferralRow} key=${referral.id} desk=${desk} referral=${referral} now=${now} isBrief=${false} />`)}</ul>`;
    }}<//>
  </div>`;
}

/** @param {{desk: Desk, referral: Referral, now: number, isBrief: boolean}} props */
export function ReferralRow({ desk, referral, now, isBrief }) {
  const { t } = desk;
  const [part, setPart] = useState(/** @type {'none' | 'wait' | 'close'} */ ('none'));
  const hours = hoursWaited(referral.created, now);
  const mayBook = can(desk.me, 'appointments:write') && ['received', 'in_work', 'waitlisted'].includes(referral.status);
  return html`<li class="sheet-row referral" data-testid="referral" data-id=${referral.id} data-status=${referral.status}>
    <div class="row-words">
      <p class="row-name">${referral.patient.name} <span class="born">${t('patient.born', { date: dayWords(referral.patient.birth_date) })}</span></p>
      <p class="row-line">${referral.priority === 'urgent' && html`<${Badge} tone="danger" icon="alert">${priorityWords(desk, 'urgent')}<//>`}
        <b>${specialtyWords(desk, referral.specialty)}</b>
        ${!isBrief && html`<${Badge} testId="referral-status" value=${referral.status}>${referralWords(desk, referral.status)}<//>`}</p>
      ${isBrief
        ? html`<p class="row-line referral-reason">${referral.reason}</p>`
        : html`<p class="row-line">${referral.icd10 ? `${referral.icd10}: ` : ''}${referral.reason}</p>
            <p class="row-line"><span>${referral.referring_doctor}</span><span>№ ${referral.mis_ref}</span><span>${moment(referral.created, desk.zone)}</span></p>`}
      ${isOpen(referral) && hours >= 1 && html`<p class="row-line"><${Badge} tone=${hours >= 24 ? 'warn' : 'neutral'} icon="clock">${hours < 48 ? t('referral.waits_hours', { hours }) : t('referral.waits_days', { days: Math.floor(hours / 24) })}<//></p>`}
    </div>
    <div class="row-actions">
      ${mayBook && html`<button type="button" class="button is-primary is-small" data-testid="find-time" aria-label=${t('referral.find_time_for', { name: referral.patient.name })} onClick=${() => desk.go('book', referral.id)}>${t('referral.find_time')}</button>`}
      ${!isBrief && ['received', 'in_work'].includes(referral.status) && can(desk.me, 'waitlist:work') && html`<button type="button" class="button is-quiet is-small" data-testid="to-waitlist" onClick=${() => setPart('wait')}>${t('referral.to_waitlist')}</button>`}
      ${!isBrief && isOpen(referral) && can(desk.me, 'referrals:write') && html`<button type="button" class="button is-quiet is-small" data-testid="close-referral" onClick=${() => setPart('close')}>${t('referral.close')}</button>`}
    </div>
    ${part === 'wait' && html`<${WaitDialog} desk=${desk} referral=${referral} onClose=${() => setPart('none')} />`}
    ${part === 'close' && html`<${CloseReferral} desk=${desk} referral=${referral} onClose=${() => setPart('none')} />`}
  </li>`;
}

/** @param {Desk} desk @param {string} status */
export function referralWords(desk, status) {
  return desk.t(/** @type {import('../../i18n/index.js').Key} */ (`referral.${status}`));
}

/** @param {{desk: Desk, referral: Referral, onClose: () => void}} props */
function CloseReferral({ desk, referral, onClose }) {
  const { t } = desk;
  const mayReject = referral.status !== 'waitlisted';
  const [event, setEvent] = useState(mayReject ? 'reject' : 'cancel');
  const act = useAct(desk);
  const submit = async (/** @type {Event} */ submitted) => {
    submitted.preventDefault();
    const isDone = await act.run(() => desk.api.post(`/referrals/${referral.id}/events`, { event }, referral.version));
    if (!isDone) return;
    desk.done(t('referral.closed_done'));
    onClose();
  };
  const options = [{ value: 'reject', label: t('referral.reject') }, { value: 'cancel', label: t('referral.cancel') }];
  return html`<${Dialog} desk=${desk} title=${referral.patient.name} testId="close-dialog" onClose=${onClose}>
    <form class="fields" onSubmit=${submit}>
      <${ChoiceField} name="close-event" label=${t('referral.close_how')} value=${event} onInput=${setEvent} options=${mayReject ? options : options.slice(1)} />
      <${ProblemBox} desk=${desk} problem=${act.problem} />
      <${DialogActions}><button type="button" class="button is-quiet" onClick=${onClose}>${t('desk.back')}</button>
        <button type="submit" class="button is-danger" data-testid="close-submit" disabled=${act.isBusy}>${t('referral.close')}</button><//>
    </form>
  <//>`;
}
