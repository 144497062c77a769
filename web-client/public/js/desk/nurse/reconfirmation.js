/** The day's calls: each visit of tomorrow and the day after is confirmed by telephone; what the patient says is one click. */
import { html, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { addDays, clock, dayOf, dayWords, moment, weekday } from '../clinic-time.js';
import { ChoiceField, TextField } from '../parts/field.js';
import { Badge, ClinicTime, Empty, Loaded, ViewHead } from '../parts/frame.js';
import { ProblemBox } from '../parts/problem.js';
import { useAct, useList, useNow } from '../resource.js';
import { channelWords, languageWords, specialtyWords, weekdayWords } from '../words.js';
import { againAt, callOrder, callState } from './calls.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../types.js').ReconfirmLine} Line */

const NOW_MS = 60_000;
/** The word that ends the call most often comes last, where the thumb is. */
const RESULTS = ['wrong_number', 'call_back', 'no_answer', 'declined', 'confirmed'];

/** @param {{desk: Desk}} props */
export function Reconfirmation({ desk }) {
  const { t } = desk;
  const now = useNow(desk, NOW_MS);
  const today = dayOf(now, desk.zone);
  const [ahead, setAhead] = useState('1');
  const day = addDays(today, Number(ahead));
  /** @type {import('../resource.js').Resource<Line[]>} */
  const lines = useList(desk, '/reconfirmation', { date: day }, ['appointments', 'reconfirmation', 'reconfirm_call']);
  const options = [1, 2].map((days) => ({ value: String(days), label: `${weekdayWords(desk, weekday(addDays(today, days)))}, ${dayWords(addDays(today, days))}` }));
  return html`<div class="view">
    <${ViewHead} title=${t('nav.reconfirmation')} lead=${t('calls.lead')} />
    <${ChoiceField} name="calls-day" label=${t('calls.day')} value=${ahead} onInput=${setAhead} options=${options} />
    <${Loaded} desk=${desk} resource=${lines}>${(/** @type {Line[]} */ all) =>
      all.length === 0
        ? html`<${Empty} icon="phone" title=${t('calls.empty')} lead=${t('calls.empty_lead')} />`
        : html`<ul class="sheet" data-testid="calls">${callOrder(all, now).map((line) => html`<${CallLine} key=${line.appointment.id} desk=${desk} line=${line} now=${now} />`)}</ul>`}<//>
  </div>`;
}

/** @param {{desk: Desk, line: Line, now: number}} props */
function CallLine({ desk, line, now }) {
  const { t } = desk;
  const { appointment, calls } = line;
  const { patient, specialist, site } = appointment;
  const [note, setNote] = useState('');
  const act = useAct(desk);
  const state = callState(line, now);
  const called = (/** @type {string} */ result) => async () => {
    const isDone = await act.run(() => desk.api.create(`/appointments/${appointment.id}/calls`, { result, ...(note.trim() && { note: note.trim() }) }));
    if (!isDone) return;
    setNote('');
    desk.done(result === 'declined' ? t('calls.declined_done') : t('calls.saved'));
  };
  return html`<li class="sheet-row call-line" data-testid="call-line" data-id=${appointment.id} data-state=${state}>
    <div class="row-words">
      <p class="row-name">${patient.name}</p>
      <p class="row-line">${patient.phone ? html`<a class="phone is-large" href="tel:${patient.phone}"><${Icon} name="phone" size=${20} />${patient.phone}</a>` : html`<${Badge} tone="warn">${t('patient.no_phone')}<//>`}
        <span>${languageWords(desk, patient.language)}</span></p>
      <p class="row-line"><b><${ClinicTime} desk=${desk} start=${appointment.start} zone=${site.time_zone} hasDate=${true} /></b><span>${specialist.name} · ${specialtyWords(desk, specialist.specialty)}</span>
        <span>${appointment.cart ? appointment.cart.name : channelWords(desk, appointment.channel)}</span><span>${site.name}</span></p>
      ${calls.length > 0 && html`<ul class="past-calls">${calls.map((call) => html`<li class="row-line" key=${call.attempt}>${t('calls.attempt', { number: call.attempt })}: ${resultWords(desk, call.result).toLowerCase()}, ${moment(call.at, site.time_zone)}${call.note ? `. ${call.note}` : ''}</li>`)}</ul>`}
      ${state === 'later' && html`<p class="row-line"><${Badge} icon="clock">${t('calls.again_at', { time: clock(againAt(calls), site.time_zone) })}<//></p>`}
      <${ProblemBox} desk=${desk} problem=${act.problem} />
    </div>
    ${state === 'done'
      ? html`<${Badge} tone="good" icon="check">${t('calls.done')}<//>`
      : html`<div class="call-results">
          <${TextField} id="note-${appointment.id}" label=${t('calls.note')} value=${note} onInput=${setNote} maxlength=${500} error=${act.problem?.field('note')} />
          <div class="row-actions">${RESULTS.map(
            (result) => html`<button type="button" key=${result} class="button is-small ${result === 'confirmed' ? 'is-primary' : 'is-quiet'}" data-testid="result-${result}" disabled=${act.isBusy} onClick=${called(result)}>${resultWords(desk, result)}</button>`,
          )}</div></div>`}
  </li>`;
}

/** @param {Desk} desk @param {string} result */
function resultWords(desk, result) {
  return desk.t(/** @type {import('../../i18n/index.js').Key} */ (`result.${result}`));
}
