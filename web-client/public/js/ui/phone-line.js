/** The clinic's telephone number, to be dialled with a tap. */
import { html } from './html.js';
import { Icon } from './icons.js';

/** @param {{phone: string | null | undefined, t: import('./frame.js').Translate, isLarge?: boolean}} props nothing where the clinic gave none */
export function PhoneLine({ phone, t, isLarge = false }) {
  if (!phone) return null;
  return html`<a class=${isLarge ? 'button is-quiet phone-line' : 'phone-line'} href="tel:${phone.replaceAll(/[^+\d]/g, '')}" data-testid="clinic-phone">
    <${Icon} name="phone" size=${20} /><span>${t('way.call_clinic')} <span class="phone-number">${phone}</span></span></a>`;
}
