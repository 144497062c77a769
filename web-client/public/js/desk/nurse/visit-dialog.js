/** All of one visit: the referral behind it, what happened so far, and what may be done with it. */
import { html, useState } from '../../ui/html.js';
import { moment } from '../clinic-time.js';
import { Dialog, DialogActions } from '../parts/dialog.js';
import { ChoiceField, SelectField, TextField } from '../parts/field.js';
import { Badge, ClinicTime, Loaded } from '../parts/frame.js';
import { ProblemBox } from '../parts/problem.js';
import { useAct, useList, useResource } from '../resource.js';
import { channelWords, languageWords, reasonWords, specialtyWords, statusWords } from '../words.js';
import { StatusBadge } from './visit-row.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../../i18n/index.js').Key} Key */
/** @typedef {{id: string, kind: string, channel: string, status: string, to_masked: string | null, at: string}} Message */
/** @typedef {{id: string, role: string, name: string, opens: string, expires: string, revoked: boolean | string | null}} JoinLink */
/**
 * @typedef {import('../types.js').Appointment & {events: {kind: string, from: string | null, to: string | null, reason: string | null, at: string}[], links?: JoinLink[],
 *   messages?: Message[], conclusion?: {summary: string | null, recommendations: string | null, icd10: string | null, signed: string | null,
 *   addenda: {summary: string, signed: string | null}[]} | null}} WholeVisit
 */

const CANCEL_REASONS = ['patient_declined', 'patient_ill', 'patient_elsewhere', 'patient_died', 'specialist_unavailable', 'cart_unavailable', 'not_needed'];
const LINK_ROLES = ['patient', 'legal_representative', 'interpreter', 'family_doctor'];

/** @param {{desk: Desk, id: string, onClose: () => void}} props */
export function VisitDialog({ desk, id, onClose }) {
  /** @type {import('../resource.js').Resource<WholeVisit>} */
  const whole = useResource(desk, `/appointments/${id}`, { topics: ['appointments'] });
  return html`<${Dialog} desk=${desk} title=${whole.data?.patient.name ?? desk.t('visit.title')} testId="visit-dialog" isWide=${true} onClose=${onClose}>
    <${Loaded} desk=${desk} resource=${whole}>${(/** @type {WholeVisit} */ visit) => html`<${Whole} desk=${desk} visit=${visit} />`}<//>
  <//>`;
}

/** @param {{desk: Desk, visit: WholeVisit}} props */
function Whole({ desk, visit }) {
  const { t } = desk;
  const { patient, specialist, referral, site } = visit;
  const [part, setPart] = useState(/** @type {'none' | 'cancel' | 'place' | 'link'} */ ('none'));
  const act = useAct(desk);
  const confirm = async () => {
    const isDone = await act.run(() => desk.api.post(`/appointments/${visit.id}/events`, { event: 'confirm' }, visit.version));
    if (isDone) desk.done(t('visit.confirmed'));
  };
  const may = (/** @type {string} */ what) => visit.allowed.includes(what);
  const button = (/** @type {string} */ id, /** @type {string} */ label, /** @type {() => void} */ onClick, isOpen = false) =>
    html`<button type="button" class="button is-quiet is-small" data-testid=${id} aria-pressed=${isOpen ? 'true' : undefined} disabled=${act.isBusy} onClick=${onClick}>${label}</button>`;
  const toggle = (/** @type {'cancel' | 'place' | 'link'} */ wanted) => () => setPart(part === wanted ? 'none' : wanted);
  return html`<div class="whole">
    <p class="row-line"><${StatusBadge} desk=${desk} status=${visit.status} /><b><${ClinicTime} desk=${desk} start=${visit.start} end=${visit.end} zone=${site.time_zone} hasDate=${true} /></b></p>
    <dl class="facts">
      <${Fact} label=${t('visit.specialist')}>${specialist.name} · ${specialtyWords(desk, specialist.specialty)}<//>
      <${Fact} label=${t('visit.where')}>${visit.cart ? visit.cart.name : channelWords(desk, visit.channel)} · ${site.name}<//>
      <${Fact} label=${t('patient.phone')}>${patient.phone ? html`<a href="tel:${patient.phone}">${patient.phone}</a>` : t('patient.no_phone')}<//>
      <${Fact} label=${t('patient.language')}>${languageWords(desk, patient.language)}${patient.needs_interpreter ? `, ${t('patient.interpreter').toLowerCase()}` : ''}<//>
      ${referral && html`<${Fact} label=${t('referral.reason')}>${referral.icd10 ? `${referral.icd10}: ` : ''}${referral.reason}<//>
        <${Fact} label=${t('referral.doctor')}>${referral.referring_doctor} · № ${referral.mis_ref}<//>`}
      ${visit.cancel_reason && html`<${Fact} label=${t('visit.why')}>${reasonWords(desk, visit.cancel_reason)}<//>`}
      ${visit.conclusion?.signed && html`<div class="is-whole"><dt>${t('visit.conclusion')}</dt><dd class="prose">${[visit.conclusion.icd10, visit.conclusion.summary].filter(Boolean).join(': ')}</dd></div>
        ${visit.conclusion.recommendations && html`<div class="is-whole"><dt>${t('visit.recommendations')}</dt><dd class="prose">${visit.conclusion.recommendations}</dd></div>`}
        ${visit.conclusion.addenda.map(({ summary, signed }, at) => html`<div class="is-whole" key=${at}><dt>${t('visit.addendum', { time: signed ? moment(signed, site.time_zone) : '' })}</dt><dd class="prose">${summary}</dd></div>`)}`}
    </dl>
    <${ProblemBox} desk=${desk} problem=${act.problem} />
    <div class="row-actions">
      ${may('confirm') && button('dialog-confirm', t('visit.confirm'), confirm)}
      ${may('reschedule') && button('dialog-reschedule', t('visit.reschedule'), () => desk.go('reschedule', visit.id))}
      ${may('move') && button('dialog-move', t('visit.move'), toggle('place'), part === 'place')}
      ${['proposed', 'booked', 'confirmed', 'checked_in', 'in_call'].includes(visit.status) && button('dialog-link', t('link.new'), toggle('link'), part === 'link')}
      ${may('cancel') && button('dialog-cancel', t('visit.cancel'), toggle('cancel'), part === 'cancel')}
    </div>
    ${part === 'cancel' && html`<${Cancel} desk=${desk} visit=${visit} onDone=${() => setPart('none')} />`}
    ${part === 'place' && html`<${Place} desk=${desk} visit=${visit} onDone=${() => setPart('none')} />`}
    ${part === 'link' && html`<${NewLink} desk=${desk} visit=${visit} />`}
    <${Links} desk=${desk} visit=${visit} links=${visit.links ?? []} />
    <${Messages} desk=${desk} visit=${visit} messages=${visit.messages ?? []} />
    <${History} desk=${desk} visit=${visit} />
  </div>`;
}

/** @param {{label: string, children?: unknown}} props */
export function Fact({ label, children }) {
  return html`<div><dt>${label}</dt><dd>${children}</dd></div>`;
}

/** @param {{desk: Desk, visit: WholeVisit, onDone: () => void}} props */
function Cancel({ desk, visit, onDone }) {
  const { t } = desk;
  const [reason, setReason] = useState('');
  const act = useAct(desk);
  const cancel = async () => {
    const isDone = await act.run(() => desk.api.post(`/appointments/${visit.id}/events`, { event: 'cancel', reason }, visit.version));
    if (!isDone) return;
    desk.done(t('visit.cancelled'));
    onDone();
  };
  return html`<div class="part fields" data-testid="cancel-part">
    <${ChoiceField} name="cancel-reason" label=${t('visit.cancel_why')} value=${reason} onInput=${setReason} options=${CANCEL_REASONS.map((value) => ({ value, label: reasonWords(desk, value) }))} />
    <p class="quiet">${t('visit.cancel_means')}</p>
    <${ProblemBox} desk=${desk} problem=${act.problem} />
    <${DialogActions}><button type="button" class="button is-danger" data-testid="cancel-submit" disabled=${!reason || act.isBusy} onClick=${cancel}>${t('visit.cancel_submit')}</button><//>
  </div>`;
}

/** @param {{desk: Desk, visit: WholeVisit, onDone: () => void}} props */
function Place({ desk, visit, onDone }) {
  const { t } = desk;
  /** @type {import('../resource.js').Resource<import('../types.js').Cart[]>} */
  const carts = useList(desk, '/carts', { site: visit.site.id }, ['carts']);
  const act = useAct(desk);
  const move = (/** @type {{channel: string, cart?: string}} */ place) => async () => {
    const isDone = await act.run(() => desk.api.post(`/appointments/${visit.id}/place`, place, visit.version));
    if (!isDone) return;
    desk.done(t('visit.moved'));
    onDone();
  };
  const others = (carts.data ?? []).filter(({ id }) => id !== visit.cart?.id);
  return html`<div class="part fields" data-testid="place-part">
    <${ProblemBox} desk=${desk} problem=${act.problem} />
    <div class="row-actions">
      ${others.map((cart) => html`<button type="button" class="button is-quiet" key=${cart.id} data-testid="place-${cart.id}" disabled=${act.isBusy} onClick=${move({ channel: 'cart', cart: cart.id })}>${cart.name} (${cart.is_online ? t('cart.online') : t('cart.offline')})</button>`)}
      ${['phone', 'home_link'].filter((channel) => channel !== visit.channel).map((channel) => html`<button type="button" class="button is-quiet" key=${channel} data-testid="place-${channel}" disabled=${act.isBusy} onClick=${move({ channel })}>${channelWords(desk, channel)}</button>`)}
    </div>
  </div>`;
}

/** A link is shown once: the server keeps only its hash. @param {{desk: Desk, visit: WholeVisit}} props */
function NewLink({ desk, visit }) {
  const { t } = desk;
  const [role, setRole] = useState('patient');
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const act = useAct(desk);
  const make = (/** @type {Event} */ event) => {
    event.preventDefault();
    void act.run(async () => {
      const link = await desk.api.create(`/appointments/${visit.id}/links`, { role, name: role === 'patient' ? visit.patient.name : name.trim() });
      setUrl(link.url);
    });
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url);
      desk.done(t('link.copied'));
    } catch {
      /** @type {HTMLInputElement | null} */ (document.getElementById('link-url'))?.select();
    }
  };
  if (url) {
    return html`<div class="part fields" data-testid="link-part">
      <${TextField} id="link-url" label=${t('link.url')} value=${url} onInput=${() => {}} hint=${t('link.once')} />
      <${DialogActions}><button type="button" class="button is-primary" data-testid="link-copy" onClick=${copy}>${t('link.copy')}</button><//></div>`;
  }
  return html`<form class="part fields is-two" data-testid="link-part" onSubmit=${make}>
    <${SelectField} id="link-role" label=${t('link.role')} value=${role} onInput=${setRole} options=${LINK_ROLES.map((value) => ({ value, label: linkRole(desk, value) }))} />
    ${role !== 'patient' && html`<${TextField} id="link-name" label=${t('link.name')} value=${name} onInput=${setName} isRequired=${true} error=${act.problem?.field('name')} />`}
    <div class="is-whole"><${ProblemBox} desk=${desk} problem=${act.problem} />
      <${DialogActions}><button type="submit" class="button is-primary" data-testid="link-submit" disabled=${act.isBusy}>${t('link.submit')}</button><//></div>
  </form>`;
}

/** @param {Desk} desk @param {string} role */
function linkRole(desk, role) {
  /** @type {Record<string, import('../../i18n/index.js').Key>} */
  const keys = { patient: 'role.patient', legal_representative: 'link.representative', interpreter: 'link.interpreter', family_doctor: 'role.family_doctor' };
  const key = keys[role];
  return key ? desk.t(key) : role;
}

/** @param {{desk: Desk, visit: WholeVisit, links: JoinLink[]}} props */
function Links({ desk, visit, links }) {
  const { t } = desk;
  const act = useAct(desk);
  if (links.length === 0) return null;
  return html`<section><h3>${t('link.title')}</h3>
    <${ProblemBox} desk=${desk} problem=${act.problem} />
    <ul class="sheet">${links.map(
      (link) => html`<li class="sheet-row" key=${link.id}><div class="row-words"><span>${linkRole(desk, link.role)}: ${link.name}</span>
        <span class="row-line">${link.revoked ? t('link.revoked') : t('link.until', { time: moment(link.expires, visit.site.time_zone) })}</span></div>
        ${!link.revoked && html`<button type="button" class="button is-quiet is-small" data-testid="link-revoke" disabled=${act.isBusy}
          onClick=${() => act.run(() => desk.api.delete(`/appointments/${visit.id}/links/${link.id}`))}>${t('link.revoke')}</button>`}</li>`,
    )}</ul></section>`;
}

/** What the patient was sent, and what became of it. @param {{desk: Desk, visit: WholeVisit, messages: Message[]}} props */
function Messages({ desk, visit, messages }) {
  const { t } = desk;
  const act = useAct(desk);
  const isLive = ['booked', 'confirmed', 'checked_in', 'in_call'].includes(visit.status);
  if (messages.length === 0 && !isLive) return null;
  const send = async () => {
    if (await act.run(() => desk.api.post(`/appointments/${visit.id}/messages`, { kind: 'link' }))) desk.done(t('message.link_sent'));
  };
  return html`<section><h3>${t('message.title')}</h3>
    <${ProblemBox} desk=${desk} problem=${act.problem} />
    ${messages.length > 0 && html`<ul class="history">${messages.map(
      ({ id, kind, channel, status, to_masked, at }) => html`<li key=${id} data-testid="message" data-status=${status}><time datetime=${at}>${moment(at, visit.site.time_zone)}</time>
        <span>${t(/** @type {Key} */ (`message.${kind}`))}, ${channel === 'sms' ? 'SMS' : t('patient.email').toLowerCase()}${to_masked ? ` ${to_masked}` : ''}</span>
        <${Badge} tone=${status === 'failed' || status === 'expired' ? 'danger' : status === 'delivered' ? 'good' : 'neutral'} icon=${status === 'failed' ? 'phone' : undefined}>${t(/** @type {Key} */ (`delivery.${status}`))}<//></li>`,
    )}</ul>`}
    ${isLive && visit.allowed.length > 0 && html`<div class="row-actions"><button type="button" class="button is-quiet is-small" data-testid="send-link" disabled=${act.isBusy} onClick=${send}>${t('message.send_link')}</button></div>`}
  </section>`;
}

/** @param {{desk: Desk, visit: WholeVisit}} props */
function History({ desk, visit }) {
  const zone = visit.site.time_zone;
  const steps = visit.events.filter(({ to }) => to !== null);
  if (steps.length === 0) return null;
  return html`<section><h3>${desk.t('visit.history')}</h3>
    <ol class="history">${steps.map(
      (step, at) => html`<li key=${at}><time datetime=${step.at}>${moment(step.at, zone)}</time><span>${statusWords(desk, step.to ?? '')}${step.reason ? `: ${reasonWords(desk, step.reason)}` : ''}</span></li>`,
    )}</ol></section>`;
}
