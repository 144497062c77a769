/** The way back for staff: to their desk, or on a cart to its list of visits. */
import { html } from './html.js';
import { home } from '../session/memory.js';

/** @param {{isMain: boolean, t: import('./frame.js').Translate}} props */
export function HomeLink({ isMain, t }) {
  const at = home();
  return html`<a class="button ${isMain ? 'is-primary' : 'is-quiet'}" href=${at} data-testid="to-desk">${t(at === '/cart' ? 'error.to_cart' : 'error.to_desk')}</a>`;
}
