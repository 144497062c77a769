/** Today's visits on this cart: the one at hand large, the others below, the cart's own state beside them. */
import { html, useEffect } from '../ui/html.js';
import { Icon } from '../ui/icons.js';
import { clock, date, dayWords, span, todayBounds } from '../desk/clinic-time.js';
import { Badge, Empty } from '../desk/parts/frame.js';
import { ProblemBox } from '../desk/parts/problem.js';
import { useAct, useList, useNow, useResource } from '../desk/resource.js';
import { specialtyWords, statusWords } from '../desk/words.js';
import { enterVisit } from './kiosk.js';
import { inOrder, nextVisit, opensAt, stepOf } from './rules.js';

/** @typedef {import('./kiosk.js').KioskView} KioskView */
/** @typedef {import('../desk/types.js').Appointment} Appointment */

const LOOK_AGAIN_MS = 10_000;

/** @param {{kiosk: KioskView, onAsk: (visit: Appointment) => void, onCheck: () => void}} props */
export function Today({ kiosk, onAsk, onCheck }) {
  const { t, me, zone, link } = kiosk;
  const nowMs = useNow(kiosk, LOOK_AGAIN_MS);
  const list = useList(kiosk, '/appointments', { cart: me.id, ...todayBounds(nowMs, zone) }, ['appointments']);
  useEffect(() => {
    if (link.isUp && list.problem) list.reload();
  }, [link.isUp]);
  const act = useAct(kiosk);
  const visits = inOrder(/** @type {Appointment[]} */ (list.data ?? []), nowMs);
  const next = nextVisit(visits, nowMs);
  const touch = async (/** @type {Appointment} */ visit) => {
    if (stepOf(visit, nowMs) !== 'enter') return onAsk(visit);
    await act.run(async () => {
      if (visit.allowed.includes('check_in')) await kiosk.api.post(`/appointments/${visit.id}/events`, { event: 'check_in' }, visit.version);
      enterVisit(visit);
    });
    list.reload();
  };

  return html`<div class="kiosk-today">
    <section class="kiosk-visits">
      <h1 tabindex="-1">${t('nav.today')} <span class="kiosk-date">${date(nowMs, zone)}</span></h1>
      ${!link.isUp && html`<p class="notice" data-testid="offline" role="alert"><${Icon} name="alert" /><span>${t('kiosk.offline', { time: clock(link.sinceMs, zone) })}</span></p>`}
      <${ProblemBox} desk=${kiosk} problem=${act.problem ?? (link.isUp && list.problem?.status !== 0 ? list.problem : null)} onRetry=${act.problem ? undefined : list.reload} />
      ${list.data === null && html`<p class="quiet loading" role="status"><span class="spinner" aria-hidden="true"></span>${t('desk.loading')}</p>`}
      ${list.data !== null && visits.length === 0 && html`<${Empty} icon="calendar" title=${t('kiosk.none')} lead=${t('kiosk.none_lead')} testId="no-visits" />`}
      <ul class="visits">
        ${visits.map(
          (visit) => html`<${VisitCard} kiosk=${kiosk} key=${visit.id} visit=${visit} isNext=${visit === next} nowMs=${nowMs} isBusy=${act.isBusy} onTouch=${() => touch(visit)} />`,
        )}
      </ul>
    </section>
    <${CartState} kiosk=${kiosk} onCheck=${onCheck} />
  </div>`;
}

/** @param {{kiosk: KioskView, visit: Appointment, isNext: boolean, nowMs: number, isBusy: boolean, onTouch: () => void}} props */
function VisitCard({ kiosk, visit, isNext, nowMs, isBusy, onTouch }) {
  const { t, zone } = kiosk;
  const step = stepOf(visit, nowMs);
  const can = step === 'ask' || step === 'enter' || step === 'refused';
  const words = {
    ask: t('kiosk.start'),
    enter: visit.status === 'in_call' ? t('kiosk.return') : t('kiosk.start'),
    refused: t('kiosk.ask_again'),
    early: t('kiosk.early', { time: clock(opensAt(visit), zone) }),
    late: t('kiosk.late'),
    elsewhere: t('kiosk.elsewhere'),
    over: '',
  }[step];
  return html`<li class="visit ${isNext ? 'is-next' : ''} ${step === 'over' ? 'is-over' : ''}" data-testid="visit-${visit.id}" data-step=${step}>
    <p class="visit-time">${span(visit.start, visit.end, zone)}</p>
    <div class="visit-words">
      <h2>${visit.patient.name}</h2>
      <p>${t('kiosk.born', { date: dayWords(visit.patient.birth_date) })}</p>
      <p class="visit-doctor"><span>${visit.specialist.name}</span> · <span>${specialtyWords(kiosk, visit.specialist.specialty)}</span></p>
      <p class="visit-badges">
        <${Badge} tone=${visit.status === 'in_call' || visit.status === 'checked_in' ? 'accent' : 'neutral'} value=${visit.status} testId="visit-status">${statusWords(kiosk, visit.status)}<//>
        ${step === 'refused' && html`<${Badge} tone="warn" icon="alert">${t('kiosk.refused')}<//>`}
        ${visit.patient.needs_interpreter && step !== 'over' && html`<${Badge} icon="chat">${t('kiosk.interpreter')}<//>`}
        ${visit.people.filter((person) => person.role === 'specialist').map(() => html`<${Badge} tone="good" icon="check">${t('kiosk.doctor_here')}<//>`)}
      </p>
    </div>
    ${can
      ? html`<button type="button" class="button is-large ${isNext ? 'is-primary' : 'is-quiet'}" data-testid="start-${visit.id}" disabled=${isBusy} onClick=${onTouch}>${words}</button>`
      : words && html`<p class="visit-hint">${words}</p>`}
  </li>`;
}

/** What the last check of this cart said, and the way to the next one. @param {{kiosk: KioskView, onCheck: () => void}} props */
function CartState({ kiosk, onCheck }) {
  const { t, me } = kiosk;
  const cart = useResource(kiosk, `/carts/${me.id}`, { topics: ['carts'] });
  const check = /** @type {{check?: string | null} | null} */ (cart.data)?.check ?? null;
  return html`<section class="cart-state card">
    <span class="card-badge"><${Icon} name="cart" size=${28} /></span>
    <h2>${t('kiosk.check_title')}</h2>
    <p class="quiet">${t('kiosk.check_lead')}</p>
    ${check === 'passed' && html`<${Badge} tone="good" icon="check" testId="last-check" value=${check}>${t('kiosk.check_passed')}<//>`}
    ${(check === 'degraded' || check === 'failed') && html`<${Badge} tone="danger" icon="alert" testId="last-check" value=${check}>${t('kiosk.check_failed')}<//>`}
    <button type="button" class="button is-quiet is-large" data-testid="cart-check" onClick=${onCheck}><${Icon} name="devices" />${t('kiosk.check')}</button>
  </section>`;
}
