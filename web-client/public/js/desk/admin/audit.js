/** Who changed what, the newest first, and whether the chain of these rows is whole. */
import { html } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { isKey } from '../../i18n/index.js';
import { moment } from '../clinic-time.js';
import { SelectField, TextField } from '../parts/field.js';
import { Loaded, ViewHead } from '../parts/frame.js';
import { useResource } from '../resource.js';
import { useForm } from './form.js';
import { Pages } from './pages.js';
import { ENTITIES, actorKind, detailPairs } from './rules.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('./types.js').AuditEntry} AuditEntry */

/** @param {{desk: Desk}} props */
export function Audit({ desk }) {
  const { t } = desk;
  const [wish, set] = useForm({ entity: '', entity_id: '' });
  const query = { entity: wish.entity, entity_id: wish.entity_id.trim() };
  return html`<section class="view" data-testid="audit">
    <${ViewHead} title=${t('nav.audit')} lead=${t('admin.audit_lead')} />
    <${Chain} desk=${desk} />
    <div class="fields filters">
      <${SelectField} id="entity" label=${t('admin.entity')} value=${wish.entity} onInput=${set('entity')} options=${[{ value: '', label: t('admin.all') }, ...ENTITIES.map((entity) => ({ value: entity, label: entityWords(desk, entity) }))]} />
      <${TextField} id="entity_id" label=${t('admin.entity_id')} value=${wish.entity_id} onInput=${set('entity_id')} type="search" />
    </div>
    <${Pages} desk=${desk} key=${JSON.stringify(query)} path="/audit" query=${query} testId="entries" icon="lock" empty=${t('admin.no_entries')}
      draw=${(/** @type {AuditEntry} */ entry) => html`<${Entry} desk=${desk} key=${entry.seq} entry=${entry} />`} />
  </section>`;
}

/** @param {{desk: Desk}} props */
function Chain({ desk }) {
  const { t } = desk;
  const chain = useResource(desk, '/audit/chain');
  return html`<${Loaded} desk=${desk} resource=${chain}>${(/** @type {import('./types.js').Chain} */ data) =>
    data.state === 'intact'
      ? html`<p class="chain is-good" data-testid="chain" data-state="intact"><${Icon} name="check" /><span>${t('admin.chain_intact', { rows: data.rows })}</span></p>`
      : html`<p class="chain is-broken" role="alert" data-testid="chain" data-state=${data.state}><${Icon} name="alert" /><span>${data.state === 'broken' ? t('admin.chain_broken', { row: data.broken_at ?? 0 }) : t('admin.chain_cut')}</span></p>`}<//>`;
}

/** @param {{desk: Desk, entry: AuditEntry}} props */
function Entry({ desk, entry }) {
  const { t, zone } = desk;
  return html`<li class="sheet-row entry" data-testid="entry" data-seq=${entry.seq} data-entity=${entry.entity} data-action=${entry.action}>
    <div class="row-words">
      <span class="row-name">${entityWords(desk, entry.entity)}: ${actionWords(desk, entry.action)}</span>
      <span class="row-line"><span>${moment(entry.at, zone)}</span><span>${entry.actor_name ?? t(`actor.${actorKind(entry.actor)}`)}</span></span>
      <span class="row-line entry-detail"><span>${entry.entity_id}</span>${detailPairs(entry.detail).map(([name, value]) => html`<span key=${name}>${name ? `${name} = ${value}` : value}</span>`)}</span>
    </div>
    <span class="entry-seq">${`№ ${entry.seq}`}</span>
  </li>`;
}

/** @param {import('../shell.js').Speaking} desk @param {string} entity */
function entityWords(desk, entity) {
  const key = `entity.${entity}`;
  return isKey(key) ? desk.t(key) : entity.replaceAll('_', ' ');
}

/** @param {import('../shell.js').Speaking} desk @param {string} action */
function actionWords(desk, action) {
  const key = `action.${action}`;
  return isKey(key) ? desk.t(key) : action.replaceAll('_', ' ');
}
