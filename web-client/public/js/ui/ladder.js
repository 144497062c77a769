/** Which rung of the bandwidth ladder one is on and why, in words; on the last one the clinic's number. */
import { html } from './html.js';
import { Icon } from './icons.js';
import { PhoneLine } from './phone-line.js';

/** @param {import('./frame.js').ViewProps} props nothing on the highest rung */
export function LadderWords({ state, t }) {
  const { rung, way } = state;
  return html`<div class=${rung === 'full' ? 'sr-only' : `ladder ${rung === 'phone' ? 'is-last' : ''}`} data-testid="rung" data-rung=${rung} role="status" aria-live="polite">
    ${rung !== 'full' &&
    html`<${Icon} name=${rung === 'phone' ? 'phone' : 'alert'} size=${20} /><span>${t(`ladder.self.${rung}`)}</span>
      ${rung === 'phone' && html`<${PhoneLine} phone=${way?.visit.appointment.site.phone} t=${t} />`}`}
  </div>`;
}
