/** Who waits for an earlier time: those to be phoned now because a time came free, then the list, urgent first. */
import { html, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { clock, date } from '../clinic-time.js';
import { can } from '../navigation.js';
import { Dialog } from '../parts/dialog.js';
import { Badge, ClinicTime, Empty, Loaded, ViewHead } from '../parts/frame.js';
import { ProblemBox } from '../parts/problem.js';
import { useAct, useList, useResource } from '../resource.js';
import { channelWords, priorityWords, specialtyWords } from '../words.js';
import { urgentFirst } from './inbox.js';
import { SlotPicker } from './slot-picker.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../types.js').WaitlistEntry} Entry */
/** @typedef {import('../types.js').Slot} Slot */

/** @param {{desk: Desk}} props */
export function Waitlist({ desk }) {
  const { t } = desk;
  /** @type {import('../resource.js').Resource<Entry[]>} */
  const entries = useList(desk, '/waitlist', { site: can(desk.me, 'waitlist:work', 'everywhere') ? null : desk.me.site.id }, ['waitlist', 'slots', 'referrals']);
  /** @type {import('../resource.js').Resource<{items: {slot: Slot, entry: Entry}[]}>} */
  const calls = useResource(desk, '/waitlist/calls', { topics: ['waitlist', 'slots', 'appointments'] });
  return html`<div class="view">
    <${ViewHead} title=${t('nav.waitlist')} lead=${t('waitlist.lead')} />
    <${ProblemBox} desk=${desk} problem=${calls.problem} />
    ${calls.data && calls.data.items.length > 0 &&
    html`<section aria-labelledby="calls-title"><h2 id="calls-title">${t('waitlist.calls')}</h2><p class="quiet">${t('waitlist.calls_lead')}</p>
      <ul class="sheet" data-testid="waitlist-calls">${calls.data.items.map(({ slot, entry }) => html`<${CallRow} key=${`${slot.id}/${entry.id}`} desk=${desk} slot=${slot} entry=${entry} />`)}</ul></section>`}
    <section aria-labelledby="waiting-title"><h2 id="waiting-title">${t('waitlist.waiting')}</h2>
      <${Loaded} desk=${desk} resource=${entries}>${(/** @type {Entry[]} */ all) => {
        const waiting = urgentFirst(all.filter(({ status }) => status === 'waiting'));
        return waiting.length === 0
          ? html`<${Empty} icon="queue" title=${t('waitlist.empty')} lead=${t('waitlist.empty_lead')} />`
          : html`<ul class="sheet" data-testid="waitlist">${waiting.map((entry) => html`<${EntryRow} key=${entry.id} desk=${desk} entry=${entry} />`)}</ul>`;
      }}<//></section>
  </div>`;
}

/** @param {{desk: Desk, entry: Entry}} props */
function WhoWaits({ desk, entry }) {
  const phone = entry.patient.phone;
  return html`<p class="row-name">${entry.patient.name}</p>
    <p class="row-line">${entry.priority === 'urgent' && html`<${Badge} tone="danger" icon="alert">${priorityWords(desk, 'urgent')}<//>`}
      <b>${specialtyWords(desk, entry.specialty)}</b><span>${channelWords(desk, entry.channel)}</span>
      ${phone ? html`<a class="phone" href="tel:${phone}"><${Icon} name="phone" size=${18} />${phone}</a>` : html`<span>${desk.t('patient.no_phone')}</span>`}</p>`;
}

/** A time that is too near for a message: who agrees on the telephone is booked with one click. @param {{desk: Desk, slot: Slot, entry: Entry}} props */
function CallRow({ desk, slot, entry }) {
  const { t } = desk;
  const act = useAct(desk);
  const book = async () => {
    const isDone = await act.run(async () => {
      const cart = entry.channel === 'cart' ? await cartFor(desk, entry) : null;
      await desk.api.post(`/slots/${slot.id}/hold`);
      await desk.api.create('/appointments', { referral: entry.referral.id, patient: entry.patient.id, site: entry.referral.site, slot: slot.id, ...(cart && { cart }) });
    });
    if (isDone) desk.done(t('book.done'));
  };
  return html`<li class="sheet-row" data-testid="waitlist-call" data-slot=${slot.id}>
    <div class="row-words"><p class="held-time"><${ClinicTime} desk=${desk} start=${slot.start} end=${slot.end} zone=${desk.zone} hasDate=${true} /></p>
      <p class="row-line">${slot.specialist.name}</p><${WhoWaits} desk=${desk} entry=${entry} /><${ProblemBox} desk=${desk} problem=${act.problem} /></div>
    <div class="row-actions"><button type="button" class="button is-primary is-small" data-testid="call-agreed" disabled=${act.isBusy} onClick=${book}>${t('waitlist.agreed')}</button></div>
  </li>`;
}

/** The cart that the patient can reach, or the clinic's first that is online. @param {Desk} desk @param {Entry} entry @returns {Promise<string | null>} */
async function cartFor(desk, entry) {
  if (entry.cart) return entry.cart;
  const { items } = await desk.api.get('/carts', { site: entry.referral.site });
  return (items.find((/** @type {import('../types.js').Cart} */ cart) => cart.is_online) ?? items[0])?.id ?? null;
}

/** @param {{desk: Desk, entry: Entry}} props */
function EntryRow({ desk, entry }) {
  const { t } = desk;
  const act = useAct(desk);
  const [isOffering, setOffering] = useState(false);
  const open = entry.offers.filter(({ result, expires }) => result === null && Date.parse(expires) > desk.api.nowMs());
  const withdraw = async () => {
    if (await act.run(() => desk.api.delete(`/waitlist/${entry.id}`, entry.version))) desk.done(t('waitlist.withdrawn'));
  };
  const answer = (/** @type {string} */ offer, /** @type {'accept' | 'decline'} */ word) => async () => {
    const isDone = await act.run(() => desk.api.post(`/offers/${offer}/answer`, { answer: word }));
    if (isDone) desk.done(t(word === 'accept' ? 'book.done' : 'waitlist.declined'));
  };
  return html`<li class="sheet-row" data-testid="waitlist-entry" data-id=${entry.id}>
    <div class="row-words"><${WhoWaits} desk=${desk} entry=${entry} />
      <p class="row-line">${t('waitlist.between', { from: date(entry.earliest, desk.zone), to: date(Date.parse(entry.latest) - 1, desk.zone) })}</p>
      ${entry.lost && html`<p class="row-line"><${Badge} tone="warn" icon="alert">${t('waitlist.lost')}<//></p>`}
      <p class="row-line">${entry.referral.reason}</p>
      ${open.map(
        (offer) => html`<div class="offer" key=${offer.id} data-testid="offer"><span><${ClinicTime} desk=${desk} start=${offer.slot.start} end=${offer.slot.end} zone=${desk.zone} hasDate=${true} />. ${t('waitlist.offered_until', { time: clock(offer.expires, desk.zone) })}</span>
          <div class="row-actions"><button type="button" class="button is-quiet is-small" data-testid="offer-decline" disabled=${act.isBusy} onClick=${answer(offer.id, 'decline')}>${t('waitlist.declines')}</button>
            <button type="button" class="button is-primary is-small" data-testid="offer-accept" disabled=${act.isBusy} onClick=${answer(offer.id, 'accept')}>${t('waitlist.agreed')}</button></div></div>`,
      )}
      <${ProblemBox} desk=${desk} problem=${act.problem} /></div>
    <div class="row-actions">
      ${can(desk.me, 'appointments:write') && html`<button type="button" class="button is-primary is-small" data-testid="find-time" aria-label=${t('referral.find_time_for', { name: entry.patient.name })} onClick=${() => desk.go('book', entry.referral.id)}>${t('referral.find_time')}</button>`}
      <button type="button" class="button is-quiet is-small" data-testid="make-offer" onClick=${() => setOffering(true)}>${t('waitlist.offer')}</button>
      <button type="button" class="button is-quiet is-small" data-testid="withdraw" disabled=${act.isBusy} onClick=${withdraw}>${t('waitlist.withdraw')}</button>
    </div>
    ${isOffering && html`<${OfferDialog} desk=${desk} entry=${entry} onClose=${() => setOffering(false)} />`}
  </li>`;
}

/** @param {{desk: Desk, entry: Entry, onClose: () => void}} props */
function OfferDialog({ desk, entry, onClose }) {
  const { t } = desk;
  /** @type {import('../resource.js').Resource<Slot[]>} */
  const slots = useList(desk, '/slots', { specialty: entry.specialty, channel: entry.channel, patient: entry.patient.id, cart: entry.cart, from: entry.earliest, to: entry.latest }, ['slots']);
  const act = useAct(desk);
  const offer = async (/** @type {Slot} */ slot) => {
    if (!(await act.run(() => desk.api.create(`/waitlist/${entry.id}/offers`, { slot: slot.id })))) return slots.reload();
    desk.done(t('waitlist.offered'));
    onClose();
  };
  return html`<${Dialog} desk=${desk} title=${t('waitlist.offer')} testId="offer-dialog" isWide=${true} onClose=${onClose}>
    <p>${entry.patient.name}. ${t('waitlist.offer_lead')}</p>
    <${ProblemBox} desk=${desk} problem=${act.problem} />
    <${Loaded} desk=${desk} resource=${slots}>${(/** @type {Slot[]} */ free) => html`<${SlotPicker} desk=${desk} slots=${free} held=${null} isBusy=${act.isBusy} onChoose=${offer} onWait=${null} />`}<//>
  <//>`;
}
