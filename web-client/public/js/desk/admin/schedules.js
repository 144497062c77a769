/** When a specialist or a cart is there: the week as it repeats, and the days on which it does not hold. */
import { html, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { dayOf, dayWords } from '../clinic-time.js';
import { CheckField, SelectField, TextField } from '../parts/field.js';
import { Empty, Loaded, ViewHead } from '../parts/frame.js';
import { useAct, useList } from '../resource.js';
import { channelWords, specialtyWords, weekdayWords } from '../words.js';
import { ConfirmDialog, FormDialog, useForm } from './form.js';
import { CHANNELS, exceptionBody, isOver, scheduleBody, slotsIn, weekOf, worksOn } from './rules.js';
import { zoneOptions } from './sites.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('./types.js').Schedule} Schedule */
/** @typedef {import('./types.js').ScheduleException} ScheduleException */
/** @typedef {{specialist: string} | {cart: string}} Whose */
/** @typedef {{kind: 'window', schedule: Schedule | null, weekday: number} | {kind: 'absence'} | {kind: 'remove', absence: ScheduleException}} Open */

/** @param {{desk: Desk}} props */
export function Schedules({ desk }) {
  const { t } = desk;
  const users = /** @type {import('./types.js').User[]} */ (useList(desk, '/users', {}, ['users']).data ?? []);
  const carts = /** @type {import('./types.js').Cart[]} */ (useList(desk, '/carts', {}, ['carts']).data ?? []);
  const sites = /** @type {import('./types.js').Site[]} */ (useList(desk, '/sites', {}, ['sites']).data ?? []);
  const [chosen, setChosen] = useState('');
  const specialists = users.filter((user) => user.roles.includes('specialist'));
  const options = [
    { value: '', label: t('admin.choose') },
    ...specialists.map((user) => ({ value: `specialist ${user.id}`, label: `${user.name} · ${specialtyWords(desk, user.specialty ?? '')}` })),
    ...carts.map((cart) => ({ value: `cart ${cart.id}`, label: `${cart.name} · ${sites.find(({ id }) => id === cart.site)?.name ?? ''}` })),
  ];
  const [kind, id = ''] = chosen.split(' ');
  const site = [...specialists, ...carts].find((other) => other.id === id)?.site;
  const zone = sites.find((other) => other.id === site)?.time_zone ?? desk.zone;
  const whose = kind === 'cart' ? { cart: id } : { specialist: id };
  return html`<section class="view" data-testid="schedules">
    <${ViewHead} title=${t('nav.schedules')} />
    <div class="fields filters"><${SelectField} id="whose" label=${t('admin.whose')} value=${chosen} onInput=${setChosen} options=${options} /></div>
    ${id ? html`<${Week} desk=${desk} whose=${whose} zone=${zone} key=${chosen} />` : html`<${Empty} icon="clock" title=${t('admin.choose_whose')} />`}
  </section>`;
}

/** @param {{desk: Desk, whose: Whose, zone: string}} props */
function Week({ desk, whose, zone }) {
  const { t } = desk;
  const schedules = useList(desk, '/schedules', whose, ['schedule']);
  const absences = useList(desk, '/schedule-exceptions', whose, ['schedule_exception']);
  const [open, setOpen] = useState(/** @type {Open | null} */ (null));
  const today = dayOf(desk.api.nowMs(), zone);
  const close = () => setOpen(null);
  const saved = () => {
    close();
    schedules.reload();
    absences.reload();
  };
  return html`<div class="view">
    <${Loaded} desk=${desk} resource=${schedules}>${(/** @type {Schedule[]} */ items) => html`<div class="hours-week" data-testid="week">
      ${weekOf(items).map(
        (windows, at) => html`<section class="hours-day" key=${at} data-testid="weekday-${at + 1}">
          <h2>${weekdayWords(desk, at + 1)}</h2>
          ${windows.map((schedule) => html`<${Window} desk=${desk} key=${schedule.id} schedule=${schedule} today=${today} onOpen=${() => setOpen({ kind: 'window', schedule, weekday: at + 1 })} />`)}
          <button type="button" class="button is-quiet is-small" data-testid="add-${at + 1}" aria-label=${t('admin.add_window', { day: weekdayWords(desk, at + 1) })}
            onClick=${() => setOpen({ kind: 'window', schedule: null, weekday: at + 1 })}><${Icon} name="plus" size=${18} />${t('admin.add')}</button>
        </section>`,
      )}</div>`}<//>
    <div class="view-head"><div class="view-title"><h2>${t('admin.absences')}</h2><p class="quiet">${t('admin.absences_lead')}</p></div>
      <div class="view-actions"><button type="button" class="button is-quiet" data-testid="new-absence" onClick=${() => setOpen({ kind: 'absence' })}><${Icon} name="plus" size=${20} />${t('admin.new_absence')}</button></div></div>
    <${Loaded} desk=${desk} resource=${absences}>${(/** @type {ScheduleException[]} */ items) =>
      items.length === 0
        ? html`<p class="quiet" data-testid="no-absences">${t('admin.no_absences')}</p>`
        : html`<ul class="sheet">${[...items].sort((a, b) => a.date.localeCompare(b.date)).map(
            (absence) => html`<li class="sheet-row" key=${absence.id} data-testid="absence-${absence.date}">
              <div class="row-words"><span class="row-name">${dayWords(absence.date)}</span>
                <span class="row-line"><span>${hoursWords(desk, absence)}</span><span>${absence.reason}</span>${!worksOn(/** @type {Schedule[]} */ (schedules.data ?? []), absence.date) && html`<span>${t('admin.day_off_anyway')}</span>`}</span></div>
              <div class="row-actions"><button type="button" class="button is-quiet is-small" data-testid="remove-absence" aria-label=${`${t('admin.remove')}: ${dayWords(absence.date)}`} onClick=${() => setOpen({ kind: 'remove', absence })}>${t('admin.remove')}</button></div>
            </li>`,
          )}</ul>`}<//>
    ${open?.kind === 'window' && html`<${WindowForm} desk=${desk} whose=${whose} zone=${zone} schedule=${open.schedule} weekday=${open.weekday} today=${today} onClose=${close} onSaved=${saved} />`}
    ${open?.kind === 'absence' && html`<${AbsenceForm} desk=${desk} whose=${whose} onClose=${close} onSaved=${saved} />`}
    ${open?.kind === 'remove' && html`<${RemoveAbsence} desk=${desk} absence=${open.absence} onClose=${close} onSaved=${saved} />`}
  </div>`;
}

/** @param {Desk} desk @param {ScheduleException} absence */
function hoursWords(desk, absence) {
  const isWhole = !absence.start || !absence.end || (absence.start === '00:00' && absence.end === '24:00');
  return isWhole ? desk.t('admin.whole_day') : `${absence.start}–${absence.end}`;
}

/** @param {{desk: Desk, schedule: Schedule, today: string, onOpen: () => void}} props */
function Window({ desk, schedule, today, onOpen }) {
  const { t } = desk;
  return html`<button type="button" class="window ${isOver(schedule, today) ? 'is-over' : ''}" data-testid="window-${schedule.id}" onClick=${onOpen}>
    <span class="window-hours">${schedule.start}–${schedule.end}</span>
    <span>${t('admin.slots_of', { count: slotsIn(schedule), minutes: schedule.slot_minutes })}</span>
    <span>${channelWords(desk, schedule.channel)}</span>
    ${schedule.valid_from > today && html`<span>${t('admin.from_day', { date: dayWords(schedule.valid_from) })}</span>`}
    ${schedule.valid_to && html`<span>${t('admin.to_day', { date: dayWords(schedule.valid_to) })}</span>`}
  </button>`;
}

/** @param {{desk: Desk, whose: Whose, zone: string, schedule: Schedule | null, weekday: number, today: string, onClose: () => void, onSaved: () => void}} props */
function WindowForm({ desk, whose, zone, schedule, weekday, today, onClose, onSaved }) {
  const { t, api } = desk;
  const act = useAct(desk);
  const [form, set] = useForm({
    weekday: String(weekday), start: schedule?.start ?? '09:00', end: schedule?.end ?? '13:00', slot_minutes: String(schedule?.slot_minutes ?? 30),
    channel: schedule?.channel ?? 'cart', time_zone: schedule?.time_zone ?? zone,
    valid_from: dayWords(schedule?.valid_from ?? today), valid_to: schedule?.valid_to ? dayWords(schedule.valid_to) : '',
  });
  const error = (/** @type {string} */ field) => act.problem?.field(field) ?? null;
  const body = scheduleBody(form, whose);
  const save = async () => {
    if (await act.run(() => (schedule ? api.put(`/schedules/${schedule.id}`, body, schedule.version) : api.create('/schedules', body)))) {
      desk.done(t('admin.saved', { name: `${weekdayWords(desk, body.weekday)} ${body.start}–${body.end}` }));
      onSaved();
    }
  };
  const remove = async () => {
    if (schedule && (await act.run(() => api.delete(`/schedules/${schedule.id}`, schedule.version)))) onSaved();
  };
  return html`<${FormDialog} desk=${desk} title=${t(schedule ? 'admin.window' : 'admin.new_window')} testId="window-form" submit=${t('desk.save')} act=${act} onSubmit=${save} onClose=${onClose}
    fields=${['weekday', 'start', 'end', 'slot_minutes', 'channel', 'time_zone', 'valid_from', 'valid_to']}>
    <div class="fields is-two">
      <${SelectField} id="weekday" label=${t('admin.weekday')} value=${form.weekday} onInput=${set('weekday')} error=${error('weekday')} options=${[1, 2, 3, 4, 5, 6, 7].map((day) => ({ value: String(day), label: weekdayWords(desk, day) }))} />
      <${SelectField} id="channel" label=${t('admin.channel')} value=${form.channel} onInput=${set('channel')} error=${error('channel')} isDisabled=${'cart' in whose} options=${CHANNELS.map((channel) => ({ value: channel, label: channelWords(desk, channel) }))} />
      <${TextField} id="start" label=${t('admin.start')} value=${form.start} onInput=${set('start')} error=${error('start')} inputmode="numeric" />
      <${TextField} id="end" label=${t('admin.end')} value=${form.end} onInput=${set('end')} error=${error('end')} inputmode="numeric" />
      <${TextField} id="slot_minutes" label=${t('admin.slot_minutes')} hint=${t('admin.slots', { count: slotsIn(body) })} value=${form.slot_minutes} onInput=${set('slot_minutes')} error=${error('slot_minutes')} inputmode="numeric" />
      <${SelectField} id="time_zone" label=${t('admin.time_zone')} value=${form.time_zone} onInput=${set('time_zone')} error=${error('time_zone')} options=${zoneOptions(form.time_zone)} />
      <${TextField} id="valid_from" label=${t('admin.valid_from')} hint=${t('admin.day_hint')} value=${form.valid_from} onInput=${set('valid_from')} error=${error('valid_from')} />
      <${TextField} id="valid_to" label=${t('admin.valid_to')} hint=${t('admin.valid_to_hint')} value=${form.valid_to} onInput=${set('valid_to')} error=${error('valid_to')} />
    </div>
    ${schedule && html`<button type="button" class="button is-quiet is-small remove" data-testid="remove-window" disabled=${act.isBusy} onClick=${remove}>${t('admin.remove_window')}</button>`}
  <//>`;
}

/** @param {{desk: Desk, whose: Whose, onClose: () => void, onSaved: () => void}} props */
function AbsenceForm({ desk, whose, onClose, onSaved }) {
  const { t, api } = desk;
  const act = useAct(desk);
  const [form, set] = useForm({ date: '', isWholeDay: true, start: '09:00', end: '13:00', reason: '' });
  const error = (/** @type {string} */ field) => act.problem?.field(field) ?? null;
  const save = async () => {
    if (await act.run(() => api.create('/schedule-exceptions', exceptionBody(form, whose)))) {
      desk.done(t('admin.saved', { name: form.date }));
      onSaved();
    }
  };
  return html`<${FormDialog} desk=${desk} title=${t('admin.new_absence')} testId="absence-form" submit=${t('desk.save')} act=${act} onSubmit=${save} onClose=${onClose} fields=${['date', 'start', 'end', 'reason']}>
    <${TextField} id="date" label=${t('admin.day')} hint=${t('admin.day_hint')} value=${form.date} onInput=${set('date')} error=${error('date')} isRequired=${true} />
    <${CheckField} id="whole-day" label=${t('admin.whole_day')} isOn=${form.isWholeDay} onInput=${set('isWholeDay')} />
    ${!form.isWholeDay &&
    html`<div class="fields is-two">
      <${TextField} id="start" label=${t('admin.start')} value=${form.start} onInput=${set('start')} error=${error('start')} inputmode="numeric" />
      <${TextField} id="end" label=${t('admin.end')} value=${form.end} onInput=${set('end')} error=${error('end')} inputmode="numeric" />
    </div>`}
    <${TextField} id="reason" label=${t('admin.reason')} value=${form.reason} onInput=${set('reason')} error=${error('reason')} maxlength=${200} isRequired=${true} />
  <//>`;
}

/** @param {{desk: Desk, absence: ScheduleException, onClose: () => void, onSaved: () => void}} props */
function RemoveAbsence({ desk, absence, onClose, onSaved }) {
  const { t, api } = desk;
  const act = useAct(desk);
  const remove = async () => {
    if (await act.run(() => api.delete(`/schedule-exceptions/${absence.id}`))) onSaved();
  };
  return html`<${ConfirmDialog} desk=${desk} title=${t('admin.remove_absence', { date: dayWords(absence.date) })} text=${t('admin.remove_absence_lead')} submit=${t('admin.remove')} act=${act} onConfirm=${remove} onClose=${onClose} />`;
}
