/** After the visit, or beside it: why the person is out, and the way back. */
import { html } from './html.js';
import { HomeLink } from './home-link.js';
import { Mark } from './icons.js';
import { PhoneLine } from './phone-line.js';
import { Survey } from './survey.js';
import { isKey } from '../i18n/index.js';
import { actsForPatient } from '../state/way.js';

/** @param {import('./frame.js').ViewProps} props */
export function LeftPage({ state, session, t }) {
  const reason = state.leftReason ?? 'left';
  const title = `left.title.${reason}`;
  const body = `left.body.${reason}`;
  const visit = state.way?.visit;
  // An appointment's room ends with its appointment; a demo's can be entered again.
  const isDone = reason === 'ended' && state.door !== 'invitation';
  return html`<section class="card message-card" data-testid="left-page" data-reason=${reason} role="status">
    <span class="card-badge"><${Mark} size=${36} /></span>
    <h1>${isKey(title) ? t(title) : t('left.title.left')}</h1>
    <p class="lead">${isKey(body) ? t(body) : t('left.body.left')}</p>
    ${visit && actsForPatient(visit) && (reason === 'ended' || reason === 'left') && html`<${Survey} state=${state} session=${session} t=${t} />`}
    ${reason !== 'expired' && !isDone &&
    html`<button type="button" class="button ${reason === 'ended' ? 'is-quiet' : 'is-primary'}" data-testid="return-to-call" onClick=${() => session.rejoin()}>
      ${t('left.return')}
    </button>`}
    ${state.door === 'appointment' && html`<${HomeLink} isMain=${isDone} t=${t} />`}
    <${PhoneLine} phone=${visit?.appointment.site.phone} t=${t} />
  </section>`;
}
