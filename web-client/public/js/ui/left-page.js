/** After the visit, or beside it: why the person is out, and the way back. */
import { html } from './html.js';
import { Mark } from './icons.js';
import { isKey } from '../i18n/index.js';

/** @param {import('./frame.js').ViewProps} props */
export function LeftPage({ state, session, t }) {
  const reason = state.leftReason ?? 'left';
  const title = `left.title.${reason}`;
  const body = `left.body.${reason}`;
  return html`<section class="card message-card" data-testid="left-page" data-reason=${reason} role="status">
    <span class="card-badge"><${Mark} size=${36} /></span>
    <h1>${isKey(title) ? t(title) : t('left.title.left')}</h1>
    <p class="lead">${isKey(body) ? t(body) : t('left.body.left')}</p>
    ${reason !== 'expired' &&
    html`<button type="button" class="button ${reason === 'ended' ? 'is-quiet' : 'is-primary'}" data-testid="return-to-call" onClick=${() => session.rejoin()}>
      ${t('left.return')}
    </button>`}
  </section>`;
}
