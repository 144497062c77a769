/** The page could not go on: why, and what to do. */
import { html } from './html.js';
import { HomeLink } from './home-link.js';
import { Icon } from './icons.js';
import { ProblemWords } from './frame.js';
import { PhoneLine } from './phone-line.js';

/** @param {import('./frame.js').ViewProps} props */
export function Failure({ state, session, t }) {
  const problem = state.failure ?? { code: 'E-NET-1' };
  const retryable = !/^E-LINK-[12357]$/.test(problem.code);
  return html`<section class="card message-card" role="alert" data-testid="error-box" data-code=${problem.code}>
    <span class="card-badge is-warning"><${Icon} name="alert" size=${28} /></span>
    <${ProblemWords} problem=${problem} t=${t} />
    ${retryable && html`<button type="button" class="button is-primary" data-testid="try-again" onClick=${() => session.retry()}>${t('check.try_again')}</button>`}
    ${state.door === 'appointment' && html`<${HomeLink} isMain=${false} t=${t} />`}
    <${PhoneLine} phone=${state.way?.visit.appointment.site.phone} t=${t} isLarge=${true} />
  </section>`;
}
