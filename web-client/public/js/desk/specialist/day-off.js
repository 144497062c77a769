/** A specialist calls a whole day off: first whom it concerns, then what became of each of them. */
import { html, useState } from '../../ui/html.js';
import { addDays, clock, dayBounds } from '../clinic-time.js';
import { Dialog, DialogActions } from '../parts/dialog.js';
import { TextField } from '../parts/field.js';
import { Badge, Loaded } from '../parts/frame.js';
import { ProblemBox } from '../parts/problem.js';
import { useAct, useList } from '../resource.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../types.js').Appointment} Appointment */
/** @typedef {{affected: {appointment: Appointment | string, outcome: 'offered' | 'call'}[]}} Outcome */

const CONCERNED = ['proposed', 'booked', 'confirmed', 'checked_in'];

/** @param {{desk: Desk, today: string, onClose: () => void}} props */
export function DayOff({ desk, today, onClose }) {
  const { t } = desk;
  const act = useAct(desk);
  const [day, setDay] = useState(addDays(today, 1));
  const [reason, setReason] = useState('');
  const [outcome, setOutcome] = useState(/** @type {Outcome | null} */ (null));
  /** @type {import('../resource.js').Resource<Appointment[]>} */
  const visits = useList(desk, day && !outcome ? '/appointments' : null, { ...(day ? dayBounds(day, desk.zone) : {}), specialist: desk.me.id }, ['appointments']);
  const concerned = (visits.data ?? []).filter(({ status }) => CONCERNED.includes(status));
  const callOff = () => act.run(async () => setOutcome(await desk.api.create('/days-off', { specialist: desk.me.id, date: day, reason })));
  return html`<${Dialog} desk=${desk} title=${t('day_off.title')} testId="day-off-dialog" onClose=${onClose}>
    ${outcome
      ? html`<${Outcomes} desk=${desk} outcome=${outcome} /><${DialogActions}><button type="button" class="button is-primary" data-testid="day-off-done" onClick=${onClose}>${t('desk.close')}</button><//>`
      : html`<p>${t('day_off.lead')}</p>
        <div class="fields is-two">
          <${TextField} id="day-off-date" type="date" label=${t('absence.date')} value=${day} onInput=${setDay} error=${act.problem?.field('date')} isRequired />
          <${TextField} id="day-off-reason" label=${t('absence.reason')} value=${reason} onInput=${setReason} error=${act.problem?.field('reason')} maxlength=${200} isRequired />
        </div>
        <${Loaded} desk=${desk} resource=${visits}>${() => html`<div role="status" data-testid="day-off-concerned" data-count=${concerned.length}>
          <p class="row-name">${concerned.length > 0 ? t('day_off.concerned', { count: concerned.length }) : t('day_off.nobody')}</p>
          <ul class="plain-list">${concerned.map((visit) => html`<li key=${visit.id}>${clock(visit.start, desk.zone)} ${visit.patient.name}</li>`)}</ul></div>`}<//>
        <${ProblemBox} desk=${desk} problem=${act.problem} />
        <${DialogActions}>
          <button type="button" class="button is-quiet" onClick=${onClose}>${t('desk.cancel')}</button>
          <button type="button" class="button is-danger" data-testid="day-off-ok" disabled=${act.isBusy || !day || !reason.trim()} onClick=${callOff}>${t('day_off.ok')}</button>
        <//>`}
  <//>`;
}

/** @param {{desk: Desk, outcome: Outcome}} props */
function Outcomes({ desk, outcome }) {
  const { t } = desk;
  if (outcome.affected.length === 0) return html`<p role="status">${t('day_off.done_nobody')}</p>`;
  return html`<div role="status"><p>${t('day_off.done')}</p>
    <ul class="sheet">${outcome.affected.map(({ appointment, outcome: what }, index) => html`<li class="sheet-row" key=${index}>
      <span class="row-words">${typeof appointment === 'string' ? t('day_off.visit', { number: index + 1 }) : `${clock(appointment.start, desk.zone)} ${appointment.patient.name}`}</span>
      <${Badge} tone=${what === 'offered' ? 'good' : 'warn'} icon=${what === 'offered' ? 'check' : 'phone'} value=${what}>${t(`day_off.${what}`)}<//></li>`)}</ul></div>`;
}
