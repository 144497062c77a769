/** How the links of a site were, as pages measured them before calls: the newest first. */
import { html, useEffect, useState } from '../../ui/html.js';
import { LinkFigures } from '../../ui/link-figures.js';
import { loadStyle } from '../../ui/style.js';
import { loadLanguage } from '../../i18n/index.js';
import { judge, read } from '../../state/link.js';
import { moment } from '../clinic-time.js';
import { Dialog } from '../parts/dialog.js';
import { Badge, Empty, Loaded } from '../parts/frame.js';
import { useList } from '../resource.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('./types.js').LinkCheck} LinkCheck */

const TONES = { full: 'good', small: 'good', stills: 'warn', audio: 'warn', phone: 'danger' };

/** @param {{desk: Desk, site: import('./types.js').Site, onClose: () => void}} props */
export function LinkChecks({ desk, site, onClose }) {
  const { t } = desk;
  const checks = useList(desk, `/sites/${site.id}/link-checks`, {}, []);
  const [isReady, setReady] = useState(false);
  useEffect(() => void Promise.all([loadLanguage(desk.language, 'link'), loadStyle('link')]).then(() => setReady(true)), [desk.language]);
  return html`<${Dialog} desk=${desk} title=${t('admin.link_checks_of', { name: site.name })} testId="link-checks" isWide=${true} onClose=${onClose}>
    ${isReady && html`<${Loaded} desk=${desk} resource=${checks}>${(/** @type {LinkCheck[]} */ items) =>
      items.length === 0
        ? html`<${Empty} icon="wave" title=${t('admin.no_link_checks')} />`
        : html`<ul class="sheet">${items.map((check) => html`<${Line} desk=${desk} key=${check.at} check=${check} zone=${site.time_zone} />`)}</ul>`}<//>`}
  <//>`;
}

/** @param {{desk: Desk, check: LinkCheck, zone: string}} props */
function Line({ desk, check: { place, at, measured: kept }, zone }) {
  const { t } = desk;
  const measured = read(kept);
  const { rung, why } = judge(measured);
  return html`<li class="sheet-row" data-testid="link-line" data-rung=${rung}>
    <div class="row-words">
      <span class="row-name">${moment(at, zone)}</span>
      <span class="row-badges"><${Badge}>${t(`link_place.${place}`)}<//><${Badge} tone=${TONES[rung]}>${t(`link_rung.${rung}`)}<//><${Badge}>${t(`link_transport.${measured.transport ?? 'none'}`)}<//></span>
      ${why && html`<span>${t(`link.why.${why}`)}</span>`}
      <${LinkFigures} measured=${measured} language=${desk.language} t=${t} />
    </div>
  </li>`;
}
