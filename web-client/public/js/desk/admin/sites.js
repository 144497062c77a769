/** The places of the network, each with its clock and its way to the hub. */
import { html, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { isKey } from '../../i18n/index.js';
import { ChoiceField, SelectField, TextField } from '../parts/field.js';
import { Empty, Loaded, ViewHead } from '../parts/frame.js';
import { useAct, useList } from '../resource.js';
import { FormDialog, useForm } from './form.js';
import { LinkChecks } from './link-checks.js';
import { HOME_ZONE, SITE_KINDS } from './rules.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('./types.js').Site} Site */

/** @param {{desk: Desk}} props */
export function Sites({ desk }) {
  const { t } = desk;
  const sites = useList(desk, '/sites', {}, ['sites']);
  const [open, setOpen] = useState(/** @type {Site | 'new' | null} */ (null));
  const [looked, setLooked] = useState(/** @type {Site | null} */ (null));
  return html`<section class="view" data-testid="sites">
    <${ViewHead} title=${t('nav.sites')}>
      <button type="button" class="button is-primary" data-testid="new-site" onClick=${() => setOpen('new')}><${Icon} name="plus" size=${20} />${t('admin.new_site')}</button>
    <//>
    <${Loaded} desk=${desk} resource=${sites}>${(/** @type {Site[]} */ items) =>
      items.length === 0
        ? html`<${Empty} icon="home" title=${t('admin.no_sites')} />`
        : html`<ul class="sheet">${items.map(
            (site) => html`<li class="sheet-row" key=${site.id} data-testid="site-${site.id}">
              <div class="row-words"><span class="row-name">${site.name}</span>
                <span class="row-line"><span>${kindWords(desk, site.kind)}</span><span>${site.time_zone}</span>${site.km_to_hub ? html`<span>${t('admin.km_to_hub', { km: site.km_to_hub })}</span>` : ''}</span></div>
              <div class="row-actions"><button type="button" class="button is-quiet is-small" data-testid="links-${site.id}" aria-label=${`${t('admin.link_checks')}: ${site.name}`} onClick=${() => setLooked(site)}><${Icon} name="wave" size=${18} />${t('admin.link_checks')}</button>
                <button type="button" class="button is-quiet is-small" data-testid="edit-${site.id}" aria-label=${`${t('admin.edit')}: ${site.name}`} onClick=${() => setOpen(site)}>${t('admin.edit')}</button></div>
            </li>`,
          )}</ul>`}<//>
    ${looked && html`<${LinkChecks} desk=${desk} site=${looked} onClose=${() => setLooked(null)} />`}
    ${open && html`<${SiteForm} desk=${desk} site=${open === 'new' ? null : open} onClose=${() => setOpen(null)} onSaved=${() => (setOpen(null), sites.reload())} />`}
  </section>`;
}

/** @param {{desk: Desk, site: Site | null, onClose: () => void, onSaved: () => void}} props */
function SiteForm({ desk, site, onClose, onSaved }) {
  const { t, api } = desk;
  const act = useAct(desk);
  const [form, set] = useForm({ name: site?.name ?? '', kind: site?.kind ?? 'hospital', time_zone: site?.time_zone ?? HOME_ZONE, km_to_hub: String(site?.km_to_hub ?? ''), phone: site?.phone ?? '' });
  const error = (/** @type {string} */ field) => act.problem?.field(field) ?? null;
  const save = async () => {
    const body = { ...form, name: form.name.trim(), km_to_hub: Number(form.km_to_hub) || 0, phone: form.phone.trim() || null };
    if (await act.run(() => (site ? api.put(`/sites/${site.id}`, body, site.version) : api.create('/sites', body)))) {
      desk.done(t('admin.saved', { name: body.name }));
      onSaved();
    }
  };
  return html`<${FormDialog} desk=${desk} title=${site ? site.name : t('admin.new_site')} testId="site-form" submit=${t('desk.save')} act=${act} onSubmit=${save} onClose=${onClose}
    fields=${['name', 'kind', 'time_zone', 'km_to_hub', 'phone']}>
    <${TextField} id="name" label=${t('admin.name')} value=${form.name} onInput=${set('name')} error=${error('name')} maxlength=${120} isRequired=${true} />
    <${ChoiceField} name="kind" label=${t('admin.kind')} value=${form.kind} onInput=${set('kind')} error=${error('kind')} options=${SITE_KINDS.map((kind) => ({ value: kind, label: kindWords(desk, kind) }))} />
    <div class="fields is-two">
      <${SelectField} id="time_zone" label=${t('admin.time_zone')} value=${form.time_zone} onInput=${set('time_zone')} error=${error('time_zone')} options=${zoneOptions(form.time_zone)} />
      <${TextField} id="km_to_hub" label=${t('admin.km')} hint=${t('admin.km_hint')} value=${form.km_to_hub} onInput=${set('km_to_hub')} error=${error('km_to_hub')} inputmode="numeric" />
      <${TextField} id="phone" type="tel" label=${t('admin.site_phone')} hint=${t('admin.site_phone_hint')} value=${form.phone} onInput=${set('phone')} error=${error('phone')} />
    </div>
  <//>`;
}

/** @param {import('../shell.js').Speaking} desk @param {string} kind */
export function kindWords(desk, kind) {
  const key = `site_kind.${kind}`;
  return isKey(key) ? desk.t(key) : kind;
}

/** Kazakhstan's first. @param {string} current @returns {{value: string, label: string}[]} */
export function zoneOptions(current) {
  const known = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
  return [...new Set([HOME_ZONE, current, ...known])].map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') }));
}
