/** What stands around a view: where one is and who, the way to the other views, the state of the live socket. */
import { html, useEffect, useState } from '../ui/html.js';
import { Icon, Mark } from '../ui/icons.js';
import { Dialog } from './parts/dialog.js';
import { PasswordForm } from './sign-in.js';
import { tabsOf } from './navigation.js';
import { routeHash } from './route.js';
import { roleWords } from './words.js';

/** @typedef {import('./shell.js').Desk} Desk */
/** @typedef {import('../i18n/index.js').Key} Key */

/** @param {{desk: Desk, languages: unknown, onSignOut: () => void}} props */
export function Header({ desk, languages, onSignOut }) {
  const [isChanging, setChanging] = useState(false);
  const { t, me } = desk;
  const roles = me.roles.map((role) => roleWords(desk, role)).join(', ');
  const changed = () => {
    setChanging(false);
    desk.done(t('password.changed'));
  };
  return html`<header class="desk-header">
    <a class="brand" href="#/" aria-label=${t('app.name')}><${Mark} /><span class="brand-name">${t('app.name')}</span></a>
    <p class="desk-site" data-testid="site">${me.site.name}</p>
    ${languages}
    <button type="button" class="desk-person" data-testid="person" title=${t('password.title')} onClick=${() => setChanging(true)}>
      <span class="desk-person-name" data-testid="person-name">${me.name}</span><span class="desk-person-role">${roles}<span class="desk-person-site"> · ${me.site.name}</span></span></button>
    <button type="button" class="icon-button" data-testid="sign-out" aria-label=${t('desk.sign_out')} title=${t('desk.sign_out')} onClick=${onSignOut}><${Icon} name="exit" size=${22} /></button>
    ${isChanging &&
    html`<${Dialog} desk=${desk} title=${t('password.title')} testId="password-dialog" onClose=${() => setChanging(false)}>
      <${PasswordForm} desk=${desk} api=${desk.api} isForced=${false} onChanged=${changed} onSignOut=${onSignOut} />
    <//>`}
  </header>`;
}

/** Beside the view on a wide screen, behind one button on a narrow one. @param {{desk: Desk, current: string | null}} props */
export function Navigation({ desk, current }) {
  const [isOpen, setOpen] = useState(false);
  const tabs = tabsOf(desk.me);
  useEffect(() => setOpen(false), [current]);
  const name = (/** @type {string} */ id) => desk.t(/** @type {Key} */ (`nav.${id}`));
  return html`<nav class="desk-nav ${isOpen ? 'is-open' : ''}" aria-label=${desk.t('desk.views')}>
    <button type="button" class="desk-nav-toggle" data-testid="nav-toggle" aria-expanded=${isOpen} aria-controls="desk-tabs" onClick=${() => setOpen(!isOpen)}>
      <${Icon} name="menu" size=${22} /><span>${current ? name(current) : desk.t('desk.views')}</span></button>
    <ul id="desk-tabs">
      ${tabs.map(
        (tab) => html`<li key=${tab.id}><a class="desk-tab" href=${routeHash(tab.id)} data-testid="tab-${tab.id}" aria-current=${tab.id === current ? 'page' : undefined}
          onClick=${() => setOpen(false)}><${Icon} name=${tab.icon} size=${22} /><span>${name(tab.id)}</span></a></li>`,
      )}
    </ul>
  </nav>`;
}

/** Says that what is shown may be old; silent while the socket lives. @param {{desk: Desk}} props */
export function LiveWords({ desk }) {
  const [state, setState] = useState(desk.live.state);
  useEffect(() => {
    setState(desk.live.state);
    return desk.live.watch(setState);
  }, [desk.live]);
  return html`<div role="status" data-testid="live" data-state=${state}>
    ${state === 'lost' && html`<p class="notice live-lost"><span class="spinner" aria-hidden="true"></span><span>${desk.t('desk.live_lost')}</span></p>`}
  </div>`;
}
