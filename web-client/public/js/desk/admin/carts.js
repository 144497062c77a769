/** The carts: whether each is there, what its last check said, and the code that pairs a device to it. */
import { html, useEffect, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { isKey } from '../../i18n/index.js';
import { countdown, moment } from '../clinic-time.js';
import { ChecksField, SelectField, TextField } from '../parts/field.js';
import { Badge, Empty, Loaded, ViewHead } from '../parts/frame.js';
import { useAct, useList, useNow } from '../resource.js';
import { ConfirmDialog, FormDialog, SecretDialog, useForm } from './form.js';
import { CAPABILITIES, toggled } from './rules.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('./types.js').Cart} Cart */
/** @typedef {import('./types.js').Site} Site */
/** @typedef {{kind: 'form', cart: Cart | null} | {kind: 'pairing' | 'unpair', cart: Cart}} Open */

/** @param {{desk: Desk}} props */
export function Carts({ desk }) {
  const { t } = desk;
  const carts = useList(desk, '/carts', {}, ['carts']);
  const read = /** @type {Site[] | null} */ (useList(desk, '/sites', {}, ['sites']).data);
  const sites = read ?? [];
  const [open, setOpen] = useState(/** @type {Open | null} */ (null));
  const close = () => setOpen(null);
  const saved = () => {
    close();
    carts.reload();
  };
  return html`<section class="view" data-testid="carts">
    <${ViewHead} title=${t('nav.carts')}>
      <button type="button" class="button is-primary" data-testid="new-cart" disabled=${read === null} onClick=${() => setOpen({ kind: 'form', cart: null })}><${Icon} name="plus" size=${20} />${t('admin.new_cart')}</button>
    <//>
    <${Loaded} desk=${desk} resource=${carts}>${(/** @type {Cart[]} */ items) =>
      items.length === 0
        ? html`<${Empty} icon="cart" title=${t('admin.no_carts')} lead=${t('admin.no_carts_lead')} />`
        : html`<ul class="sheet">${items.map((cart) => html`<${CartRow} desk=${desk} key=${cart.id} cart=${cart} site=${sites.find(({ id }) => id === cart.site) ?? null} onOpen=${setOpen} />`)}</ul>`}<//>
    ${open?.kind === 'form' && html`<${CartForm} desk=${desk} cart=${open.cart} sites=${sites} onClose=${close} onSaved=${saved} />`}
    ${open?.kind === 'pairing' && html`<${Pairing} desk=${desk} cart=${open.cart} onClose=${close} />`}
    ${open?.kind === 'unpair' && html`<${Unpair} desk=${desk} cart=${open.cart} onClose=${close} onSaved=${saved} />`}
  </section>`;
}

/** @param {{desk: Desk, cart: Cart, site: Site | null, onOpen: (open: Open) => void}} props */
function CartRow({ desk, cart, site, onOpen }) {
  const { t } = desk;
  const { light } = cart;
  return html`<li class="sheet-row" data-testid="cart-${cart.id}" data-name=${cart.name}>
    <span class="light is-${light}" data-testid="cart-light" data-light=${light}><${Icon} name=${{ green: 'check', yellow: 'alert', red: 'close' }[light]} size=${20} /></span>
    <div class="row-words">
      <span class="row-name">${cart.name}</span>
      <span class="row-line"><span>${site?.name}</span><span data-testid="cart-seen">${seenWords(desk, cart, site)}</span></span>
      <span class="row-badges">
        ${cart.check && html`<${Badge} tone=${{ passed: 'good', degraded: 'warn', failed: 'danger' }[cart.check]} icon=${cart.check === 'passed' ? 'check' : 'alert'} testId="cart-checked" value=${cart.check}>${t(`cart_check.${cart.check}`)}<//>`}
        ${cart.capabilities.map((capability) => html`<${Badge} key=${capability}>${capabilityWords(desk, capability)}<//>`)}
      </span>
    </div>
    <div class="row-actions">
      <button type="button" class="button is-quiet is-small" data-testid="pair-${cart.id}" aria-label=${`${t('admin.pair')}: ${cart.name}`} onClick=${() => onOpen({ kind: 'pairing', cart })}><${Icon} name="link-out" size=${18} />${t('admin.pair')}</button>
      <button type="button" class="button is-quiet is-small" data-testid="unpair-${cart.id}" aria-label=${`${t('admin.unpair')}: ${cart.name}`} onClick=${() => onOpen({ kind: 'unpair', cart })}>${t('admin.unpair')}</button>
      <button type="button" class="button is-quiet is-small" data-testid="edit-${cart.id}" aria-label=${`${t('admin.edit')}: ${cart.name}`} onClick=${() => onOpen({ kind: 'form', cart })}>${t('admin.edit')}</button>
    </div>
  </li>`;
}

/** @param {Desk} desk @param {Cart} cart @param {Site | null} site */
function seenWords(desk, cart, site) {
  if (cart.is_online) return desk.t('admin.cart_online');
  return cart.last_seen ? desk.t('admin.cart_seen', { time: moment(cart.last_seen, site?.time_zone ?? desk.zone) }) : desk.t('admin.cart_never_seen');
}

/** @param {import('../shell.js').Speaking} desk @param {string} capability */
function capabilityWords(desk, capability) {
  const key = `capability.${capability}`;
  return isKey(key) ? desk.t(key) : capability;
}

/** @param {{desk: Desk, cart: Cart | null, sites: Site[], onClose: () => void, onSaved: () => void}} props */
function CartForm({ desk, cart, sites, onClose, onSaved }) {
  const { t, api } = desk;
  const act = useAct(desk);
  const [form, set] = useForm({ name: cart?.name ?? '', site: cart?.site ?? '', capabilities: cart?.capabilities ?? [] });
  const site = form.site || (sites[0]?.id ?? '');
  const error = (/** @type {string} */ field) => act.problem?.field(field) ?? null;
  const save = async () => {
    const body = { ...form, site, name: form.name.trim() };
    if (await act.run(() => (cart ? api.put(`/carts/${cart.id}`, body, cart.version) : api.create('/carts', body)))) {
      desk.done(t('admin.saved', { name: body.name }));
      onSaved();
    }
  };
  return html`<${FormDialog} desk=${desk} title=${cart ? cart.name : t('admin.new_cart')} testId="cart-form" submit=${t('desk.save')} act=${act} onSubmit=${save} onClose=${onClose} fields=${['name', 'site', 'capabilities']}>
    <${TextField} id="name" label=${t('admin.name')} value=${form.name} onInput=${set('name')} error=${error('name')} maxlength=${80} isRequired=${true} />
    <${SelectField} id="site" label=${t('admin.site')} value=${site} onInput=${set('site')} error=${error('site')} options=${sites.map(({ id, name }) => ({ value: id, label: name }))} />
    <${ChecksField} name="capability" label=${t('admin.capabilities')} values=${form.capabilities} error=${error('capabilities')} options=${CAPABILITIES.map((value) => ({ value, label: capabilityWords(desk, value) }))}
      onInput=${(/** @type {string} */ value, /** @type {boolean} */ isOn) => set('capabilities')(toggled(CAPABILITIES, form.capabilities, value, isOn))} />
  <//>`;
}

/** The code lives for some minutes and works once; a new one replaces it. @param {{desk: Desk, cart: Cart, onClose: () => void}} props */
function Pairing({ desk, cart, onClose }) {
  const { t, api } = desk;
  const [pairing, setPairing] = useState(/** @type {{code: string, expires: string} | null} */ (null));
  const act = useAct(desk);
  const offer = () =>
    act.run(async () => {
      setPairing(await api.post(`/carts/${cart.id}/pairing`));
    });
  useEffect(() => void offer(), []);
  const nowMs = useNow(desk, 1_000);
  if (!pairing) {
    return html`<${ConfirmDialog} desk=${desk} title=${t('admin.pairing_title', { name: cart.name })} text=${t('desk.loading')} submit=${t('desk.try_again')} act=${act} onConfirm=${offer} onClose=${onClose} />`;
  }
  const leftMs = Date.parse(pairing.expires) - nowMs;
  return html`<${SecretDialog} desk=${desk} title=${t('admin.pairing_title', { name: cart.name })} lead=${t('admin.pairing_lead', { address: `${location.host}/cart` })} secret=${pairing.code}
    note=${t('admin.pairing_note')} onClose=${onClose}>
    <p class="row-line" role="timer" data-testid="pairing-left">${leftMs > 0
      ? t('admin.pairing_left', { time: countdown(leftMs) })
      : html`<span>${t('admin.pairing_expired')}</span><button type="button" class="button is-quiet is-small" data-testid="pairing-again" disabled=${act.isBusy} onClick=${offer}>${t('admin.pairing_again')}</button>`}</p>
  <//>`;
}

/** @param {{desk: Desk, cart: Cart, onClose: () => void, onSaved: () => void}} props */
function Unpair({ desk, cart, onClose, onSaved }) {
  const { t, api } = desk;
  const act = useAct(desk);
  const unpair = async () => {
    if (!(await act.run(() => api.delete(`/carts/${cart.id}/pairing`)))) return;
    desk.done(t('admin.unpaired', { name: cart.name }));
    onSaved();
  };
  return html`<${ConfirmDialog} desk=${desk} title=${t('admin.unpair_title', { name: cart.name })} text=${t('admin.unpair_lead')} submit=${t('admin.unpair')} act=${act} onConfirm=${unpair} onClose=${onClose} />`;
}
