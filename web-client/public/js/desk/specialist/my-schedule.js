/** When the specialist is there: weekly hours, absences, a day called off with what becomes of its patients, and the calendar elsewhere. */
import { html, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { addDays, dayOf, dayWords } from '../clinic-time.js';
import { Dialog, DialogActions } from '../parts/dialog.js';
import { SelectField, TextField } from '../parts/field.js';
import { Empty, Loaded, ViewHead } from '../parts/frame.js';
import { ProblemBox } from '../parts/problem.js';
import { useAct, useList } from '../resource.js';
import { channelWords, weekdayWords } from '../words.js';
import { CalendarFeed } from './calendar-feed.js';
import { DayOff } from './day-off.js';
import { byStart } from './week-plan.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../types.js').Schedule} Schedule */
/** @typedef {import('../types.js').ScheduleException} ScheduleException */

const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7];
const CHANNELS = ['cart', 'home_link', 'phone'];
/** Absences farther ahead are nobody's concern yet. */
const EXCEPTION_DAYS = 90;

/** @param {{desk: Desk}} props */
export function MySchedule({ desk }) {
  const { t, me } = desk;
  const [dialog, setDialog] = useState(/** @type {'hours' | 'absence' | 'day_off' | null} */ (null));
  const [edited, setEdited] = useState(/** @type {Schedule | null} */ (null));
  const today = dayOf(desk.api.nowMs(), desk.zone);
  /** @type {import('../resource.js').Resource<Schedule[]>} */
  const schedules = useList(desk, '/schedules', { specialist: me.id }, ['schedules']);
  /** @type {import('../resource.js').Resource<ScheduleException[]>} */
  const exceptions = useList(desk, '/schedule-exceptions', { specialist: me.id, from: today, to: addDays(today, EXCEPTION_DAYS) }, ['schedule_exceptions', 'schedules']);
  const close = () => {
    setDialog(null);
    setEdited(null);
    schedules.reload();
    exceptions.reload();
  };
  return html`<div class="view">
    <${ViewHead} title=${t('nav.my-schedule')} lead=${t('schedule.zone', { zone: desk.zone })}>
      <button type="button" class="button is-quiet" data-testid="day-off" onClick=${() => setDialog('day_off')}>${t('day_off.title')}</button>
      <button type="button" class="button is-primary" data-testid="new-hours" onClick=${() => setDialog('hours')}><${Icon} name="plus" size=${20} />${t('schedule.new')}</button>
    <//>
    <section class="day-part"><h2>${t('schedule.weekly')}</h2>
      <${Loaded} desk=${desk} resource=${schedules}>${(/** @type {Schedule[]} */ found) =>
        found.length === 0
          ? html`<${Empty} icon="clock" title=${t('schedule.none')} lead=${t('schedule.none_lead')} />`
          : html`<ul class="sheet">${WEEKDAYS.flatMap((day) => byStart(found.filter(({ weekday }) => weekday === day))).map((schedule) => html`<${HoursRow} key=${schedule.id} desk=${desk} schedule=${schedule}
              onEdit=${() => { setEdited(schedule); setDialog('hours'); }} onGone=${schedules.reload} />`)}</ul>`}<//>
    </section>
    <section class="day-part"><div class="part-head"><h2>${t('absence.title')}</h2>
        <button type="button" class="button is-quiet is-small" data-testid="new-absence" onClick=${() => setDialog('absence')}><${Icon} name="plus" size=${18} />${t('absence.new')}</button></div>
      <${Loaded} desk=${desk} resource=${exceptions}>${(/** @type {ScheduleException[]} */ found) =>
        found.length === 0
          ? html`<p class="quiet">${t('absence.none')}</p>`
          : html`<ul class="sheet">${[...found].sort((a, b) => a.date.localeCompare(b.date) || a.start.localeCompare(b.start)).map((absence) => html`<${AbsenceRow} key=${absence.id} desk=${desk} absence=${absence} onGone=${exceptions.reload} />`)}</ul>`}<//>
    </section>
    <${CalendarFeed} desk=${desk} />
    ${dialog === 'hours' && html`<${HoursDialog} desk=${desk} schedule=${edited} today=${today} onClose=${close} />`}
    ${dialog === 'absence' && html`<${AbsenceDialog} desk=${desk} today=${today} onClose=${close} />`}
    ${dialog === 'day_off' && html`<${DayOff} desk=${desk} today=${today} onClose=${close} />`}
  </div>`;
}

/** @param {{desk: Desk, schedule: Schedule, onEdit: () => void, onGone: () => void}} props */
function HoursRow({ desk, schedule, onEdit, onGone }) {
  const { t } = desk;
  const act = useAct(desk);
  const { id, version, weekday, start, end, slot_minutes, channel, valid_from, valid_to } = schedule;
  const remove = async () => {
    if (await act.run(() => desk.api.delete(`/schedules/${id}`, version))) onGone();
  };
  return html`<li class="sheet-row" data-testid="hours-${id}">
    <div class="row-words"><p class="row-name">${weekdayWords(desk, weekday)}, ${start}–${end}</p>
      <p class="row-line"><span>${channelWords(desk, channel)}</span><span>${t('schedule.each', { minutes: slot_minutes })}</span>
        <span>${valid_to ? t('schedule.from_to', { from: dayWords(valid_from), to: dayWords(valid_to) }) : t('schedule.from', { from: dayWords(valid_from) })}</span></p>
      <${ProblemBox} desk=${desk} problem=${act.problem} /></div>
    <div class="row-actions"><button type="button" class="button is-quiet is-small" data-testid="edit-${id}" onClick=${onEdit}>${t('schedule.edit')}</button>
      <button type="button" class="button is-quiet is-small" data-testid="remove-${id}" disabled=${act.isBusy} onClick=${remove}>${t('schedule.remove')}</button></div>
  </li>`;
}

/** @param {{desk: Desk, absence: ScheduleException, onGone: () => void}} props */
function AbsenceRow({ desk, absence, onGone }) {
  const act = useAct(desk);
  const remove = async () => {
    if (await act.run(() => desk.api.delete(`/schedule-exceptions/${absence.id}`))) onGone();
  };
  return html`<li class="sheet-row" data-testid="absence-${absence.id}">
    <div class="row-words"><p class="row-name">${dayWords(absence.date)}, ${absence.start}–${absence.end}</p><p class="row-line">${absence.reason}</p><${ProblemBox} desk=${desk} problem=${act.problem} /></div>
    <div class="row-actions"><button type="button" class="button is-quiet is-small" disabled=${act.isBusy} onClick=${remove}>${desk.t('schedule.remove')}</button></div>
  </li>`;
}

/** @param {{desk: Desk, schedule: Schedule | null, today: string, onClose: () => void}} props null: new hours */
function HoursDialog({ desk, schedule, today, onClose }) {
  const { t } = desk;
  const act = useAct(desk);
  const [form, setForm] = useState({
    weekday: String(schedule?.weekday ?? 1), start: schedule?.start ?? '09:00', end: schedule?.end ?? '13:00', slot_minutes: String(schedule?.slot_minutes ?? 30),
    channel: schedule?.channel ?? 'cart', valid_from: schedule?.valid_from ?? today, valid_to: schedule?.valid_to ?? '',
  });
  const set = (/** @type {keyof typeof form} */ field) => (/** @type {string} */ value) => setForm((before) => ({ ...before, [field]: value }));
  const save = async () => {
    const body = {
      specialist: desk.me.id, time_zone: schedule?.time_zone ?? desk.zone, weekday: Number(form.weekday), start: form.start, end: form.end,
      slot_minutes: Number(form.slot_minutes), channel: form.channel, valid_from: form.valid_from, valid_to: form.valid_to || null,
    };
    const went = await act.run(() => (schedule ? desk.api.put(`/schedules/${schedule.id}`, body, schedule.version) : desk.api.create('/schedules', body)));
    if (went) onClose();
  };
  const wrong = (/** @type {string} */ field) => act.problem?.field(field);
  return html`<${Dialog} desk=${desk} title=${t(schedule ? 'schedule.edit_title' : 'schedule.new')} testId="hours-dialog" onClose=${onClose}>
    <div class="fields is-two">
      <${SelectField} id="weekday" label=${t('schedule.weekday')} value=${form.weekday} onInput=${set('weekday')} error=${wrong('weekday')} options=${WEEKDAYS.map((day) => ({ value: String(day), label: weekdayWords(desk, day) }))} />
      <${SelectField} id="channel" label=${t('schedule.channel')} value=${form.channel} onInput=${set('channel')} error=${wrong('channel')} options=${CHANNELS.map((value) => ({ value, label: channelWords(desk, value) }))} />
      <${TextField} id="start" type="time" label=${t('schedule.start')} value=${form.start} onInput=${set('start')} error=${wrong('start')} isRequired />
      <${TextField} id="end" type="time" label=${t('schedule.end')} value=${form.end} onInput=${set('end')} error=${wrong('end')} isRequired />
      <${TextField} id="slot_minutes" type="number" inputmode="numeric" label=${t('schedule.minutes')} value=${form.slot_minutes} onInput=${set('slot_minutes')} error=${wrong('slot_minutes')} isRequired />
      <${TextField} id="valid_from" type="date" label=${t('schedule.valid_from')} value=${form.valid_from} onInput=${set('valid_from')} error=${wrong('valid_from')} isRequired />
      <${TextField} id="valid_to" type="date" label=${t('schedule.valid_to')} hint=${t('schedule.valid_to_hint')} value=${form.valid_to} onInput=${set('valid_to')} error=${wrong('valid_to')} />
    </div>
    <${ProblemBox} desk=${desk} problem=${act.problem} />
    <${DialogActions}>
      <button type="button" class="button is-quiet" onClick=${onClose}>${t('desk.cancel')}</button>
      <button type="button" class="button is-primary" data-testid="save-hours" disabled=${act.isBusy} onClick=${save}>${t('desk.save')}</button>
    <//>
  <//>`;
}

/** @param {{desk: Desk, today: string, onClose: () => void}} props */
function AbsenceDialog({ desk, today, onClose }) {
  const { t } = desk;
  const act = useAct(desk);
  const [form, setForm] = useState({ date: today, start: '09:00', end: '18:00', reason: '' });
  const set = (/** @type {keyof typeof form} */ field) => (/** @type {string} */ value) => setForm((before) => ({ ...before, [field]: value }));
  const save = async () => {
    if (await act.run(() => desk.api.create('/schedule-exceptions', { specialist: desk.me.id, ...form }))) onClose();
  };
  const wrong = (/** @type {string} */ field) => act.problem?.field(field);
  return html`<${Dialog} desk=${desk} title=${t('absence.new')} testId="absence-dialog" onClose=${onClose}>
    <p class="quiet">${t('absence.lead')}</p>
    <div class="fields is-two">
      <${TextField} id="date" type="date" label=${t('absence.date')} value=${form.date} onInput=${set('date')} error=${wrong('date')} isRequired />
      <${TextField} id="reason" label=${t('absence.reason')} value=${form.reason} onInput=${set('reason')} error=${wrong('reason')} maxlength=${200} isRequired />
      <${TextField} id="start" type="time" label=${t('schedule.start')} value=${form.start} onInput=${set('start')} error=${wrong('start')} isRequired />
      <${TextField} id="end" type="time" label=${t('schedule.end')} value=${form.end} onInput=${set('end')} error=${wrong('end')} isRequired />
    </div>
    <${ProblemBox} desk=${desk} problem=${act.problem} />
    <${DialogActions}>
      <button type="button" class="button is-quiet" onClick=${onClose}>${t('desk.cancel')}</button>
      <button type="button" class="button is-primary" data-testid="save-absence" disabled=${act.isBusy || !form.reason.trim()} onClick=${save}>${t('desk.save')}</button>
    <//>
  <//>`;
}
