/** Today: the visits of one day in order of time, the carts' lamps, and beside them the referrals that need a time. */
import { html, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { addDays, clock, dayBounds, dayOf, dayWords, todayBounds, weekday, zoneSuffix } from '../clinic-time.js';
import { can } from '../navigation.js';
import { SelectField } from '../parts/field.js';
import { Empty, Lamp, Loaded, ViewHead } from '../parts/frame.js';
import { useList, useLists, useNow } from '../resource.js';
import { weekdayWords } from '../words.js';
import { CheckIn } from './check-in.js';
import { INBOX, inbox } from './inbox.js';
import { ReferralRow } from './referrals.js';
import { foldable, inOrder, nowRow } from './timeline.js';
import { VisitDialog } from './visit-dialog.js';
import { VisitRow } from './visit-row.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../types.js').Appointment} Appointment */

const NOW_MS = 20_000;

/** @param {{desk: Desk}} props */
export function Today({ desk }) {
  const now = useNow(desk, NOW_MS);
  const { site, zone, choice } = useSite(desk);
  const today = dayOf(now, zone);
  const [chosen, setChosen] = useState(/** @type {string | null} null: today, also when midnight passes */ (null));
  const day = chosen ?? today;
  const { t } = desk;
  const isToday = day === today;
  /** @type {import('../resource.js').Resource<Appointment[]>} */
  const visits = useList(desk, '/appointments', { ...(isToday ? todayBounds(now, zone) : dayBounds(day, zone)), site }, ['appointments', 'carts', 'visits']);
  const step = (/** @type {number} */ days) => setChosen(addDays(day, days) === today ? null : addDays(day, days));
  const suffix = zoneSuffix(now, zone, desk.viewerZone);

  return html`<div class="view">
    <${ViewHead} title=${isToday ? t('nav.today') : dayWords(day)} lead=${`${weekdayWords(desk, weekday(day))}${isToday ? `, ${dayWords(day)}` : ''}${suffix && ` · ${suffix}`}`}>
      <div class="day-switch" role="group" aria-label=${t('today.day')}>
        <button type="button" class="button is-quiet is-small is-icon" data-testid="day-before" aria-label=${t('today.day_before')} title=${t('today.day_before')} onClick=${() => step(-1)}><${Icon} name="left" size=${20} /></button>
        <button type="button" class="button is-quiet is-small" data-testid="day-today" disabled=${isToday} onClick=${() => setChosen(null)}>${t('nav.today')}</button>
        <button type="button" class="button is-quiet is-small is-icon" data-testid="day-after" aria-label=${t('today.day_after')} title=${t('today.day_after')} onClick=${() => step(1)}><${Icon} name="right" size=${20} /></button>
      </div>
    <//>
    ${choice}
    <${Carts} desk=${desk} site=${site} zone=${zone} />
    <div class="today">
      <section class="today-visits" aria-label=${t('today.visits')}>
        <${Loaded} desk=${desk} resource=${visits}>${(/** @type {Appointment[]} */ all) => html`<${Timeline} desk=${desk} visits=${all} zone=${zone} now=${isToday ? now : null} />`}<//>
      </section>
      ${can(desk.me, 'referrals:read') && html`<${Inbox} desk=${desk} now=${now} />`}
    </div>
  </div>`;
}

/** The site whose day it is: one's own, or for whoever works for all of them the one that is chosen. @param {Desk} desk @returns {{site: string, zone: string, choice: unknown}} */
function useSite(desk) {
  const [site, setSite] = useState(desk.me.site.id);
  /** @type {import('../resource.js').Resource<import('../types.js').Site[]>} */
  const sites = useList(desk, can(desk.me, 'appointments:read', 'everywhere') ? '/sites' : null, {}, ['sites']);
  const zone = sites.data?.find(({ id }) => id === site)?.time_zone ?? desk.zone;
  const choice = sites.data && html`<div class="site-choice"><${SelectField} id="site-choice" label=${desk.t('today.site')} value=${site} onInput=${setSite} options=${sites.data.map(({ id, name }) => ({ value: id, label: name }))} /></div>`;
  return { site, zone, choice };
}

/** @param {{desk: Desk, visits: Appointment[], zone: string, now: number | null}} props `now` null: another day than today, nothing is due */
function Timeline({ desk, visits, zone, now }) {
  const [open, setOpen] = useState(/** @type {{id: string, as: 'check_in' | 'details'} | null} */ (null));
  const [isWhole, setWhole] = useState(false);
  const whole = inOrder(visits);
  const folded = now === null || isWhole ? 0 : foldable(whole, now);
  const ordered = whole.slice(folded);
  const shown = open && whole.find(({ id }) => id === open.id);
  const line = now === null ? -1 : nowRow(ordered, now);
  const clockNow = now === null ? null : html`<li class="now-line" data-testid="now-line"><span>${desk.t('today.now', { time: clock(now, zone) })}</span></li>`;
  if (whole.length === 0) return html`<${Empty} icon="calendar" title=${desk.t('today.empty')} lead=${desk.t('today.empty_lead')} testId="no-visits" />`;
  return html`${folded > 0 && html`<button type="button" class="button is-quiet is-small fold" data-testid="show-ended" onClick=${() => setWhole(true)}>${desk.t('today.show_ended', { count: folded })}</button>`}
    <ol class="timeline" data-testid="timeline">
      ${ordered.flatMap((visit, at) => [
        at === line && clockNow,
        html`<${VisitRow} key=${visit.id} desk=${desk} visit=${visit} now=${now ?? 0}
          onCheckIn=${() => setOpen({ id: visit.id, as: 'check_in' })} onDetails=${() => setOpen({ id: visit.id, as: 'details' })} />`,
      ])}
      ${line === ordered.length && clockNow}
    </ol>
    ${shown && open?.as === 'check_in' && html`<${CheckIn} desk=${desk} visit=${shown} onClose=${() => setOpen(null)} onCancelVisit=${() => setOpen({ id: shown.id, as: 'details' })} />`}
    ${shown && open?.as === 'details' && html`<${VisitDialog} desk=${desk} id=${shown.id} onClose=${() => setOpen(null)} />`}`;
}

/** @param {{desk: Desk, site: string, zone: string}} props */
function Carts({ desk, site, zone }) {
  /** @type {import('../resource.js').Resource<import('../types.js').Cart[]>} */
  const carts = useList(desk, can(desk.me, 'carts:check') ? '/carts' : null, { site }, ['carts']);
  if (!carts.data?.length) return null;
  return html`<ul class="carts" data-testid="carts" aria-label=${desk.t('nav.carts')}>
    ${carts.data.map(
      (cart) => html`<li key=${cart.id}><${Lamp} isOn=${cart.is_online} testId="cart-${cart.id}"><b>${cart.name}</b>: ${cart.is_online
        ? desk.t('cart.online')
        : cart.last_seen ? desk.t('cart.offline_since', { time: clock(cart.last_seen, zone) }) : desk.t('cart.never_seen')}<//></li>`,
    )}
  </ul>`;
}

/** @param {{desk: Desk, now: number}} props */
function Inbox({ desk, now }) {
  /** @type {import('../resource.js').Resource<import('../types.js').Referral[]>} */
  const referrals = useLists(desk, '/referrals', INBOX.map((status) => ({ status })), ['referrals']);
  return html`<section class="today-inbox" aria-labelledby="inbox-title">
    <h2 id="inbox-title">${desk.t('inbox.title')}${referrals.data && html` <span class="count" data-testid="inbox-count">${inbox(referrals.data).length}</span>`}</h2>
    <${Loaded} desk=${desk} resource=${referrals}>${(/** @type {import('../types.js').Referral[]} */ all) => {
      const waiting = inbox(all);
      return waiting.length === 0
        ? html`<p class="quiet">${desk.t('inbox.empty')}</p>`
        : html`<ul class="sheet" data-testid="inbox">${waiting.map((referral) => html`<${ReferralRow} key=${referral.id} desk=${desk} referral=${referral} now=${now} isBrief=${true} />`)}</ul>`;
    }}<//>
  </section>`;
}
