/** What was sent to patients and what became of it: whether the gateways work is seen here. */
import { html, useState } from '../../ui/html.js';
import { isKey } from '../../i18n/index.js';
import { moment } from '../clinic-time.js';
import { SelectField } from '../parts/field.js';
import { Badge, ViewHead } from '../parts/frame.js';
import { Pages } from './pages.js';
import { MESSAGE_STATUSES, messageTone } from './rules.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('./types.js').SentMessage} SentMessage */

/** @param {{desk: Desk}} props */
export function Messages({ desk }) {
  const { t } = desk;
  const [status, setStatus] = useState('');
  return html`<section class="view" data-testid="messages">
    <${ViewHead} title=${t('nav.messages')} lead=${t('admin.messages_lead')} />
    <div class="fields filters"><${SelectField} id="status" label=${t('admin.message_status')} value=${status} onInput=${setStatus}
      options=${[{ value: '', label: t('admin.all') }, ...MESSAGE_STATUSES.map((value) => ({ value, label: words(desk, `sent_status.${value}`, value) }))]} /></div>
    <${Pages} desk=${desk} key=${status} path="/messages" query=${{ status }} testId="sent" icon="chat" empty=${t('admin.no_messages')}
      draw=${(/** @type {SentMessage} */ message) => html`<${Sent} desk=${desk} key=${message.id} message=${message} />`} />
  </section>`;
}

/** @param {{desk: Desk, message: SentMessage}} props */
function Sent({ desk, message }) {
  const { t, zone } = desk;
  return html`<li class="sheet-row" data-testid="message" data-status=${message.status}>
    <div class="row-words">
      <span class="row-name">${words(desk, `sent_kind.${message.kind}`, message.kind)}</span>
      <span class="row-line"><span>${moment(message.updated, zone)}</span><span>${message.channel === 'sms' ? t('admin.sms') : t('admin.email')}</span>
        <span>${message.to_masked ?? t('admin.no_address')}</span>${message.attempts > 1 && html`<span>${t('admin.attempts', { count: message.attempts })}</span>`}
        ${message.error && html`<span>${words(desk, `sent_error.${message.error}`, message.error)}</span>`}</span>
    </div>
    <${Badge} tone=${messageTone(message.status)}>${words(desk, `sent_status.${message.status}`, message.status)}<//>
  </li>`;
}

/** @param {Desk} desk @param {string} key @param {string} code that the server may know before this page does */
function words(desk, key, code) {
  return isKey(key) ? desk.t(key) : code.replaceAll('_', ' ');
}
