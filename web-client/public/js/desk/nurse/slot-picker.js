/** Free times by day and specialist, to be chosen with one click. */
import { html, useState } from '../../ui/html.js';
import { clock, date, dayWords, weekday, zoneSuffix } from '../clinic-time.js';
import { Empty } from '../parts/frame.js';
import { weekdayWords } from '../words.js';
import { byDay } from './free-slots.js';

/** Days that stand there before more are asked for. */
const FEW_DAYS = 5;

/**
 * @param {{desk: import('../shell.js').Desk, slots: readonly import('../types.js').Slot[], held: import('../types.js').Slot | null, isBusy: boolean,
 *   onChoose: (slot: import('../types.js').Slot) => void, onWait: (() => void) | null}} props
 */
export function SlotPicker({ desk, slots, held, isBusy, onChoose, onWait }) {
  const { t, zone } = desk;
  const [isAll, setAll] = useState(false);
  const days = byDay(slots, zone);
  const shown = isAll ? days : days.slice(0, FEW_DAYS);
  const wait = onWait && html`<button type="button" class="button is-quiet" data-testid="wait-instead" onClick=${onWait}>${t('referral.to_waitlist')}</button>`;
  if (days.length === 0) return html`<${Empty} icon="calendar" title=${t('book.none')} lead=${t('book.none_lead')} testId="no-slots">${wait}<//>`;
  const suffix = zoneSuffix(slots[0]?.start ?? 0, zone, desk.viewerZone);
  return html`<div class="slot-days" data-testid="slot-days">
    ${shown.map(
      ({ day, specialists }) => html`<section class="sheet slot-day" key=${day} data-testid="slot-day" data-day=${day} aria-label="${dayWords(day)}">
        <h2>${weekdayWords(desk, weekday(day))}, ${dayWords(day)}${suffix && html` <small>${suffix}</small>`}</h2>
        ${specialists.map(
          (specialist) => html`<div class="slot-group" key=${specialist.id}><p class="slot-who">${specialist.name}</p>
            <ul class="slots">${specialist.slots.map(
              (slot) => html`<li key=${slot.id}><button type="button" class="slot" data-testid="slot" data-id=${slot.id} data-start=${slot.start} aria-pressed=${slot.id === held?.id} disabled=${isBusy}
                aria-label=${`${clock(slot.start, zone)}, ${date(slot.start, zone)}, ${specialist.name}`} onClick=${() => onChoose(slot)}>${clock(slot.start, zone)}</button></li>`,
            )}</ul></div>`,
        )}
      </section>`,
    )}
    <div class="row-actions">
      ${days.length > shown.length && html`<button type="button" class="button is-quiet" data-testid="more-days" onClick=${() => setAll(true)}>${t('book.more_days', { days: days.length - shown.length })}</button>`}
      ${wait}
    </div>
  </div>`;
}
