/** The link before the call: measured by itself, then what will work on it, why not more, and what to do. Keeps nobody out. */
import { html, useEffect, useState } from './html.js';
import { Icon } from './icons.js';
import { LinkFigures } from './link-figures.js';
import { PhoneLine } from './phone-line.js';
import { measureLink } from '../session/link-check.js';
import { judge } from '../state/link.js';

/** @typedef {import('../state/link.js').Measured} Measured */
/** @typedef {{phase: 'measuring'} | {phase: 'unknown'} | {phase: 'measured', measured: Measured}} Check */

const ICONS = { full: 'check', small: 'check', stills: 'alert', audio: 'alert', phone: 'phone' };

/** @param {import('./frame.js').ViewProps} props */
export function LinkWords({ state, session, t }) {
  const [check, setCheck] = useState(/** @type {Check} */ ({ phase: 'measuring' }));
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    setCheck({ phase: 'measuring' });
    measureLink({ token: () => session.linkToken(), microphone: session.media.tracks.get('microphone') }, leaving.signal).then(
      (measured) => setCheck({ phase: 'measured', measured }),
      () => !leaving.signal.aborted && setCheck({ phase: 'unknown' }),
    );
    return () => leaving.abort();
  }, [turn]);
  const verdict = check.phase === 'measured' ? judge(check.measured) : null;
  return html`<div class="link ${verdict ? `is-${verdict.rung}` : ''}" data-testid="link-check" data-phase=${check.phase} data-rung=${verdict?.rung} data-why=${verdict?.why}
    data-transport=${check.phase === 'measured' ? check.measured.transport : null}>
    <div class="link-words" role="status" aria-live="polite">
      ${verdict ? html`<${Icon} name=${ICONS[verdict.rung]} size=${22} />` : check.phase === 'measuring' ? html`<span class="spinner" aria-hidden="true"></span>` : html`<${Icon} name="wave" size=${22} />`}
      <p class="link-title">${verdict ? t(`link.rung.${verdict.rung}`) : t(`link.${check.phase === 'measuring' ? 'measuring' : 'unknown'}`)}</p>
      ${verdict?.why && html`<p class="link-why">${t(`link.why.${verdict.why}`)}</p>`}
      ${verdict?.rung === 'phone' && html`<${PhoneLine} phone=${state.way?.visit.appointment.site.phone} t=${t} />`}
      ${check.phase === 'measured' && html`<${LinkFigures} measured=${check.measured} language=${state.language} t=${t} />`}
    </div>
    <button type="button" class="button is-quiet is-small" data-testid="link-again" disabled=${check.phase === 'measuring'} onClick=${() => setTurn(turn + 1)}>
      <${Icon} name="switch" size=${20} />${t('link.again')}</button>
  </div>`;
}
