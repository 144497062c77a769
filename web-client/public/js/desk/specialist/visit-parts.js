/** What several of the specialist's views say of a visit: its time, its status, its referral; and calling it off. */
import { html, useState } from '../../ui/html.js';
import { span, zoneSuffix } from '../clinic-time.js';
import { Dialog, DialogActions } from '../parts/dialog.js';
import { ChoiceField } from '../parts/field.js';
import { Badge } from '../parts/frame.js';
import { ProblemBox } from '../parts/problem.js';
import { useAct } from '../resource.js';
import { reasonWords, statusWords } from '../words.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../types.js').Appointment} Appointment */

/** @type {Record<string, 'neutral' | 'good' | 'warn' | 'danger' | 'accent'>} */
const TONES = { confirmed: 'good', checked_in: 'accent', in_call: 'accent', completed: 'good', no_show: 'warn', failed: 'warn' };
/** Why a specialist calls a visit off. */
const REASONS = ['specialist_unavailable', 'not_needed', 'patient_elsewhere', 'patient_declined'];

/** On the clock of the specialist's own site. @param {{desk: Desk, start: string, end: string}} props */
export function ClinicSpan({ desk, start, end }) {
  const suffix = zoneSuffix(start, desk.zone, desk.viewerZone);
  return html`<time class="visit-span" datetime=${start}>${span(start, end, desk.zone)}${suffix && html` <small>${suffix}</small>`}</time>`;
}

/** @param {{desk: Desk, status: string}} props */
export function VisitStatus({ desk, status }) {
  return html`<${Badge} tone=${TONES[status] ?? 'neutral'} testId="visit-status" value=${status}>${statusWords(desk, status)}<//>`;
}

/** Who asks what, and how soon. @param {{desk: Desk, referral: Appointment['referral']}} props */
export function ReferralLines({ desk, referral }) {
  const { t } = desk;
  if (!referral) return html`<p class="row-line">${t('my_visit.no_referral')}</p>`;
  return html`<p class="visit-reason">${referral.priority === 'urgent' && html`<${Badge} tone="danger" icon="alert">${t('priority.urgent')}<//> `}${referral.icd10 && html`<b>${referral.icd10}</b> `}${referral.reason}</p>
    <p class="row-line">${t('my_visit.referred_by', { name: referral.referring_doctor })}</p>`;
}

/** @param {{desk: Desk, visit: Appointment}} props */
export function CallOff({ desk, visit }) {
  const { t } = desk;
  const [isOpen, setOpen] = useState(false);
  const [reason, setReason] = useState('specialist_unavailable');
  const act = useAct(desk);
  const callOff = async () => {
    const went = await act.run(() => desk.api.post(`/appointments/${visit.id}/events`, { event: 'cancel', reason }, visit.version));
    if (went) setOpen(false);
  };
  return html`<button type="button" class="button is-quiet" data-testid="call-off-${visit.id}" onClick=${() => setOpen(true)}>${t('my_visit.call_off')}</button>
    ${isOpen &&
    html`<${Dialog} desk=${desk} title=${t('my_visit.call_off_title', { name: visit.patient.name })} testId="call-off-dialog" onClose=${() => setOpen(false)}>
      <p>${t('my_visit.call_off_what')}</p>
      <${ChoiceField} name="reason" label=${t('my_visit.why')} value=${reason} onInput=${setReason} options=${REASONS.map((value) => ({ value, label: reasonWords(desk, value) }))} />
      <${ProblemBox} desk=${desk} problem=${act.problem} />
      <${DialogActions}>
        <button type="button" class="button is-quiet" onClick=${() => setOpen(false)}>${t('my_visit.keep')}</button>
        <button type="button" class="button is-danger" data-testid="call-off-ok" disabled=${act.isBusy} onClick=${callOff}>${t('my_visit.call_off')}</button>
      <//>
    <//>`}`;
}
