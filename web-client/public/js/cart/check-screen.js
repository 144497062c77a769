/** The cart's check as the nurse sees it: five parts one after the other, each with its result and what to do about it. */
import { html, useEffect, useReducer, useRef, useState } from '../ui/html.js';
import { Icon } from '../ui/icons.js';
import { LevelMeter } from '../ui/device-check.js';
import { Video } from '../ui/video.js';
import { isKey } from '../i18n/index.js';
import { ProblemBox } from '../desk/parts/problem.js';
import { useAct } from '../desk/resource.js';
import { CartCheck } from './check.js';
import { PARTS, newCheck, reduceCheck, resultOf } from './check-rules.js';

/** @typedef {import('./check-rules.js').Part} Part */
/** @typedef {import('./check-rules.js').Finding} Finding */
/** @typedef {import('./kiosk.js').KioskView} KioskView */

const ICONS = { camera: 'camera', microphone: 'microphone', network: 'wave', speaker: 'speaker', echo: 'switch' };

/** @param {{kiosk: KioskView, onClose: () => void}} props */
export function CheckScreen({ kiosk, onClose }) {
  const { t, api, me } = kiosk;
  const [check, dispatch] = useReducer(reduceCheck, newCheck());
  const [devices, setDevices] = useState(/** @type {import('./check.js').Devices} */ ({ camera: null, microphone: null }));
  const running = useRef(/** @type {CartCheck | null} */ (null));
  const act = useAct(kiosk);

  const start = () => {
    running.current?.stop();
    running.current = new CartCheck(dispatch, setDevices);
    void running.current.run();
  };
  useEffect(() => {
    start();
    return () => running.current?.stop();
  }, []);
  const send = () => act.run(() => api.post(`/carts/${me.id}/check`, resultOf(check)));
  useEffect(() => {
    if (check.at === 'done') void send();
  }, [check.at]);

  const isGood = PARTS.every((part) => check.findings[part].result === 'ok');
  return html`<section class="cart-check" data-testid="check" data-at=${check.at}>
    <div class="check-head">
      <button type="button" class="button is-quiet" data-testid="check-back" onClick=${onClose}><${Icon} name="left" size=${20} />${t('desk.back')}</button>
      <h1 tabindex="-1">${t('kiosk.check')}</h1>
    </div>
    <div class="check-sight">
      ${check.at !== 'done' && html`<div class="preview" data-on=${devices.camera !== null}>
        ${devices.camera
          ? html`<${Video} stream=${devices.camera} mirrored label=${t('kiosk.check_preview')} />`
          : html`<div class="preview-off"><${Icon} name="camera-off" size=${40} /></div>`}
      </div>`}
      ${check.at === 'microphone' && html`<${LevelMeter} track=${devices.microphone ?? undefined} label=${t('kiosk.check_level')} hint=${t('kiosk.check_speak')} />`}
      ${check.at === 'speaker' && html`<${Heard} kiosk=${kiosk} onHeard=${(/** @type {boolean} */ heard) => running.current?.heard(heard)} onAgain=${() => running.current?.play()} />`}
      ${check.at === 'done' && html`<div class="check-done card" role="status" data-testid="check-done" data-good=${isGood}>
        <span class="card-badge ${isGood ? '' : 'is-warning'}"><${Icon} name=${isGood ? 'check' : 'alert'} size=${28} /></span>
        <p class="lead">${isGood ? t('kiosk.check_good') : t('kiosk.check_bad')}</p>
        <${ProblemBox} desk=${kiosk} problem=${act.problem} onRetry=${send} />
        <div class="desk-actions">
          <button type="button" class="button is-quiet is-large" data-testid="check-again" onClick=${start}>${t('kiosk.check_again')}</button>
          <button type="button" class="button is-primary is-large" data-testid="check-close" onClick=${onClose}>${t('kiosk.check_close')}</button>
        </div></div>`}
    </div>
    <ol class="check-parts" aria-live="polite">
      ${PARTS.map((part) => html`<${PartLine} kiosk=${kiosk} key=${part} part=${part} finding=${check.findings[part]} isTried=${check.at === part} />`)}
    </ol>
  </section>`;
}

/** @param {{kiosk: KioskView, part: Part, finding: Finding, isTried: boolean}} props */
function PartLine({ kiosk, part, finding, isTried }) {
  const { t } = kiosk;
  const state = finding.result ?? (isTried ? 'tried' : 'waiting');
  const advice = finding.why && adviceOf(kiosk, finding.why);
  return html`<li class="check-part is-${state}" data-testid="part-${part}" data-result=${state}>
    <${Icon} name=${ICONS[part]} />
    <div><p class="check-name">${t(`cart_part.${part}`)}</p>${advice && html`<p>${advice}</p>`}</div>
    <p class="check-result">${state === 'tried' ? html`<span class="spinner" aria-hidden="true"></span>` : html`<${Icon} name=${{ ok: 'check', failed: 'alert', skipped: 'more', waiting: 'clock' }[state]} size=${22} />`}
      <span>${t(`cart_result.${state}`)}</span></p>
  </li>`;
}

/** A device's failure has its words among the visit's, with a code; the rest is the check's own. @param {KioskView} kiosk @param {string} why */
function adviceOf(kiosk, why) {
  const key = `errors.${why}`;
  if (isKey(key)) return `${kiosk.t(key)} ${kiosk.t('desk.code')}: ${why}.`;
  const own = `cart_why.${why}`;
  return isKey(own) ? kiosk.t(own) : why;
}

/** @param {{kiosk: KioskView, onHeard: (heard: boolean) => void, onAgain: () => void}} props */
function Heard({ kiosk, onHeard, onAgain }) {
  const { t } = kiosk;
  return html`<div class="check-question" role="group" aria-labelledby="heard-question">
    <p class="lead" id="heard-question">${t('kiosk.heard')}</p>
    <div class="desk-actions">
      <button type="button" class="button is-quiet is-large" data-testid="heard-again" onClick=${onAgain}><${Icon} name="wave" />${t('kiosk.heard_again')}</button>
      <button type="button" class="button is-quiet is-large" data-testid="heard-no" onClick=${() => onHeard(false)}>${t('kiosk.heard_no')}</button>
      <button type="button" class="button is-primary is-large" data-testid="heard-yes" onClick=${() => onHeard(true)}>${t('kiosk.heard_yes')}</button>
    </div>
  </div>`;
}
