/** What was measured of a link, in figures. */
import { html } from './html.js';

/** So short a measurement tells no more. */
const MOST_BPS = 20e6;

/** For whoever helps by telephone. @param {{measured: import('../state/link.js').Measured, language: import('../i18n/index.js').Language, t: import('./frame.js').Translate}} props */
export function LinkFigures({ measured: { upBps, downBps, rttMs, lossUp, lossDown, lossSpread }, language, t }) {
  if (upBps === null || downBps === null || rttMs === null) return null;
  // Not every browser knows how Kazakh writes numbers: as Russian does.
  const numbers = new Intl.NumberFormat(language === 'en' ? 'en' : 'ru', { maximumSignificantDigits: 2 });
  const rate = (/** @type {number} */ bps) => `${bps > MOST_BPS ? '> ' : ''}${numbers.format(Math.min(MOST_BPS, bps) / 1e6)}`;
  const figures = [t('link.figure.down', { rate: rate(downBps) }), t('link.figure.up', { rate: rate(upBps) }), t('link.figure.rtt', { ms: rttMs })];
  if (lossDown !== null) {
    const [percent, from, to] = [Math.max(lossUp ?? 0, lossDown), ...(lossSpread ?? [0, 0])].map((share) => Math.round(share * 100));
    figures.push(t(from === to ? 'link.figure.lost' : 'link.figure.lost_about', { percent, from, to }));
  }
  return html`<p class="link-figures" data-testid="link-figures">${figures.map((figure) => html`<span key=${figure}>${figure}</span> `)}</p>`;
}
