/** Which page the state asks for. */
import { html, useEffect, useState } from './html.js';
import { DeviceCheck } from './device-check.js';
import { Failure } from './failure.js';
import { ConnectionWords, Page, translator } from './frame.js';
import { LeftPage } from './left-page.js';
import { loadStyle } from './style.js';
import { WaitingRoom } from './waiting-room.js';
import { WayPage } from './way.js';
import { loadLanguage } from '../i18n/index.js';

/** @typedef {import('../session/session.js').Session} Session */
/** @typedef {{Call: typeof import('./call.js').Call}} CallModule */

const CALL_STYLES = ['call', 'tile', 'bar', 'panel'];

/** @param {{session: Session}} props */
export function App({ session }) {
  const [state, setState] = useState(session.store.state());
  useEffect(() => {
    // An effect runs after the paint: on a slow phone the state may have moved on since the first drawing.
    setState(session.store.state());
    return session.store.subscribe(setState);
  }, [session]);
  const [call, setCall] = useState(/** @type {CallModule | null} */ (null));
  const ready = state.phase !== 'starting' && state.phase !== 'way' && !state.preparing;
  // The call's own page loads while the person looks at the device check: the camera need not wait for it.
  useEffect(() => {
    if (ready) void loadCall(state.language).then(setCall);
  }, [ready]);
  const [offer, setOffer] = useState(/** @type {typeof import('./offer.js') | null} */ (null));
  useEffect(() => {
    if (state.door === 'offer') void import('./offer.js').then(setOffer);
  }, []);
  const t = translator(state.language);
  useEffect(() => {
    document.documentElement.lang = state.language;
    document.title = [state.invited?.roomTitle, t('app.name')].filter(Boolean).join(' · ');
  }, [state.language, state.invited]);

  const props = { state, session, t };
  if (state.phase === 'call' && state.room && call) return html`<${call.Call} ...${props} />`;
  return html`<${Page} language=${state.language} t=${t} title=${state.invited?.roomTitle}
    onSpeak=${(/** @type {import('../i18n/index.js').Language} */ language) => session.speak(language)}>
    ${offer && state.phase === 'starting' ? html`<${offer.OfferPage} ...${props} />` : html`<${Content} ...${props} />`}
  <//>`;
}

/** @param {import('../i18n/index.js').Language} language @returns {Promise<CallModule>} */
async function loadCall(language) {
  const [call] = await Promise.all([import('./call.js'), loadLanguage(language, 'call'), ...CALL_STYLES.map(loadStyle)]);
  return call;
}

/** @param {import('./frame.js').ViewProps} props */
function Content(props) {
  switch (props.state.phase) {
    case 'way':
      return html`<${WayPage} ...${props} />`;
    case 'device_check':
      return html`<${DeviceCheck} ...${props} />`;
    case 'waiting':
      return html`<div class="stack">${props.state.connection !== 'connected' && html`<${ConnectionWords} ...${props} />`}<${WaitingRoom} ...${props} /></div>`;
    case 'left':
      return html`<${LeftPage} ...${props} />`;
    case 'failed':
      return html`<${Failure} ...${props} />`;
    case 'starting':
      return html`<p class="lead centred" role="status">${props.t('app.loading')}</p>`;
    default:
      return html`<${ConnectionWords} ...${props} />`;
  }
}
