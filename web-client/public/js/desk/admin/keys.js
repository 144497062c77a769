/** The keys by which other programs speak to Kenes: what each may do, until when, and the end of it. */
import { html, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { isKey } from '../../i18n/index.js';
import { date, dayOf, instantAt, moment, readDay } from '../clinic-time.js';
import { ChecksField, SelectField, TextField } from '../parts/field.js';
import { Badge, Empty, Loaded, ViewHead } from '../parts/frame.js';
import { useAct, useList } from '../resource.js';
import { ConfirmDialog, FormDialog, SecretDialog, useForm } from './form.js';
import { SCOPES, inAYear, keyState, toggled } from './rules.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('./types.js').ApiKey} ApiKey */
/** @typedef {import('./types.js').Site} Site */
/** @typedef {{kind: 'form'} | {kind: 'revoke', key: ApiKey} | {kind: 'made', key: ApiKey}} Open */

/** @param {{desk: Desk}} props */
export function Keys({ desk }) {
  const { t } = desk;
  const keys = useList(desk, '/api-keys', {}, ['api_key']);
  const read = /** @type {Site[] | null} */ (useList(desk, '/sites', {}, ['sites']).data);
  const sites = read ?? [];
  const [open, setOpen] = useState(/** @type {Open | null} */ (null));
  const close = () => setOpen(null);
  const saved = (/** @type {Open | null} */ next) => {
    setOpen(next);
    keys.reload();
  };
  return html`<section class="view" data-testid="keys">
    <${ViewHead} title=${t('nav.keys')} lead=${t('admin.keys_lead')}>
      <button type="button" class="button is-primary" data-testid="new-key" disabled=${read === null} onClick=${() => setOpen({ kind: 'form' })}><${Icon} name="plus" size=${20} />${t('admin.new_key')}</button>
    <//>
    <${Loaded} desk=${desk} resource=${keys}>${(/** @type {ApiKey[]} */ items) =>
      items.length === 0
        ? html`<${Empty} icon="key" title=${t('admin.no_keys')} />`
        : html`<ul class="sheet">${items.map((key) => html`<${KeyRow} desk=${desk} key=${key.id} apiKey=${key} site=${sites.find(({ id }) => id === key.site)?.name ?? ''} onRevoke=${() => setOpen({ kind: 'revoke', key })} />`)}</ul>`}<//>
    ${open?.kind === 'form' && html`<${KeyForm} desk=${desk} sites=${sites} onClose=${close} onSaved=${saved} />`}
    ${open?.kind === 'revoke' && html`<${Revoke} desk=${desk} apiKey=${open.key} onClose=${close} onSaved=${() => saved(null)} />`}
    ${open?.kind === 'made' && html`<${SecretDialog} desk=${desk} title=${open.key.name} lead=${t('admin.key_lead')} secret=${open.key.key ?? ''} note=${t('admin.shown_once')} onClose=${close} />`}
  </section>`;
}

/** @param {{desk: Desk, apiKey: ApiKey, site: string, onRevoke: () => void}} props */
function KeyRow({ desk, apiKey, site, onRevoke }) {
  const { t, zone } = desk;
  const state = keyState(apiKey, desk.api.nowMs());
  return html`<li class="sheet-row" data-testid="key-${apiKey.id}" data-state=${state} data-name=${apiKey.name}>
    <div class="row-words">
      <span class="row-name">${apiKey.name}</span>
      <span class="row-line"><span>${apiKey.source}</span><span>${site}</span><span>${t('admin.until', { date: date(apiKey.expires, zone) })}</span>
        <span>${apiKey.last_used ? t('admin.last_used', { time: moment(apiKey.last_used, zone) }) : t('admin.never_used')}</span></span>
      <span class="row-badges">
        ${state !== 'alive' && html`<${Badge} tone="danger" icon="close">${t(`key_state.${state}`)}<//>`}
        ${apiKey.scopes.map((scope) => html`<${Badge} key=${scope}>${scopeWords(desk, scope)}<//>`)}
      </span>
    </div>
    ${state === 'alive' && html`<div class="row-actions"><button type="button" class="button is-quiet is-small" data-testid="revoke-${apiKey.id}" aria-label=${`${t('admin.revoke')}: ${apiKey.name}`} onClick=${onRevoke}>${t('admin.revoke')}</button></div>`}
  </li>`;
}

/** @param {import('../shell.js').Speaking} desk @param {string} scope */
function scopeWords(desk, scope) {
  const key = `scope.${scope}`;
  return isKey(key) ? desk.t(key) : scope;
}

/** @param {{desk: Desk, sites: Site[], onClose: () => void, onSaved: (next: Open) => void}} props */
function KeyForm({ desk, sites, onClose, onSaved }) {
  const { t, api, zone } = desk;
  const act = useAct(desk);
  const [form, set] = useForm({ name: '', source: '', site: '', scopes: /** @type {string[]} */ ([]), expires: inAYear(dayOf(api.nowMs(), zone)) });
  const site = form.site || (sites[0]?.id ?? '');
  const error = (/** @type {string} */ field) => act.problem?.field(field) ?? null;
  const save = () =>
    act.run(async () => {
      const day = readDay(form.expires);
      const body = { ...form, site, name: form.name.trim(), source: form.source.trim(), expires: day ? instantAt(day, '00:00', zone) : form.expires };
      onSaved({ kind: 'made', key: await api.create('/api-keys', body) });
    });
  return html`<${FormDialog} desk=${desk} title=${t('admin.new_key')} testId="key-form" submit=${t('admin.make_key')} act=${act} onSubmit=${save} onClose=${onClose} fields=${['name', 'source', 'site', 'scopes', 'expires']}>
    <div class="fields is-two">
      <${TextField} id="name" label=${t('admin.key_name')} hint=${t('admin.key_name_hint')} value=${form.name} onInput=${set('name')} error=${error('name')} maxlength=${80} isRequired=${true} />
      <${TextField} id="source" label=${t('admin.source')} hint=${t('admin.source_hint')} value=${form.source} onInput=${set('source')} error=${error('source')} maxlength=${40} isRequired=${true} />
      <${SelectField} id="site" label=${t('admin.site')} value=${site} onInput=${set('site')} error=${error('site')} options=${sites.map(({ id, name }) => ({ value: id, label: name }))} />
      <${TextField} id="expires" label=${t('admin.expires')} hint=${t('admin.day_hint')} value=${form.expires} onInput=${set('expires')} error=${error('expires')} />
    </div>
    <${ChecksField} name="scope" label=${t('admin.scopes')} values=${form.scopes} error=${error('scopes')} options=${SCOPES.map((value) => ({ value, label: scopeWords(desk, value) }))}
      onInput=${(/** @type {string} */ value, /** @type {boolean} */ isOn) => set('scopes')(toggled(SCOPES, form.scopes, value, isOn))} />
  <//>`;
}

/** @param {{desk: Desk, apiKey: ApiKey, onClose: () => void, onSaved: () => void}} props */
function Revoke({ desk, apiKey, onClose, onSaved }) {
  const { t, api } = desk;
  const act = useAct(desk);
  const revoke = async () => {
    if (await act.run(() => api.delete(`/api-keys/${apiKey.id}`))) onSaved();
  };
  return html`<${ConfirmDialog} desk=${desk} title=${t('admin.revoke_title', { name: apiKey.name })} text=${t('admin.revoke_lead')} submit=${t('admin.revoke')} act=${act} onConfirm=${revoke} onClose=${onClose} />`;
}
