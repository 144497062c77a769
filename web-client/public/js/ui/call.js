/** The call: who is here, what is shown, the controls. */
import { html, useEffect } from './html.js';
import { Icon } from './icons.js';
import { ConnectionWords, LanguageSwitch, Notices } from './frame.js';
import { LadderWords } from './ladder.js';
import { SelfPreview, TileView } from './tile.js';
import { Bar } from './bar.js';
import { Knock, PanelView } from './panels.js';
import { Confirm } from './confirm.js';
import { knocking, mayModerate } from '../state/reducer.js';
import { stageOf } from '../state/tiles.js';

/** @typedef {import('./frame.js').ViewProps} ViewProps */

/** People named in the banner; the rest is counted on the people button. */
const KNOCKS_SHOWN = 2;

/** @param {ViewProps} props */
export function Call(props) {
  const { state, session, t } = props;
  // What the specialist is asked stands beside the patient from the first moment.
  useEffect(() => {
    if (state.door === 'appointment' && state.invited?.role === 'specialist' && !state.narrow && state.panel === null) session.store.dispatch({ type: 'panel', panel: 'case' });
  }, []);
  return html`<div class="call ${state.panel ? 'has-panel' : ''}" data-testid="call">
    <header class="call-header">
      <h1 class="call-title">${state.invited?.roomTitle || t('call.title')}</h1>
      ${state.room?.locked && html`<span class="call-locked"><${Icon} name="lock" size=${16} />${t('call.locked')}</span>`}
      <${LanguageSwitch} language=${state.language} onSpeak=${(/** @type {import('../i18n/index.js').Language} */ language) => session.speak(language)} t=${t} />
    </header>
    <main class="stage-frame">
      <${Stage} ...${props} />
      <div class="overlay">
        <${ConnectionWords} ...${props} />
        <${LadderWords} ...${props} />
        <${Notices} ...${props} />
        <${Knocks} ...${props} />
        ${state.soundBlocked &&
        html`<button type="button" class="button is-primary is-large tap-to-hear" data-testid="tap-to-hear" onClick=${() => session.line?.sound.unblock()}>
          <${Icon} name="speaker" />${t('call.tap_to_hear')}
        </button>`}
      </div>
    </main>
    <${PanelView} ...${props} />
    <${Bar} ...${props} />
    <${Confirm} ...${props} />
  </div>`;
}

/** @param {ViewProps} props */
function Stage(props) {
  const { state, t } = props;
  const { tiles, arrangement } = stageOf(state);
  const alone = tiles.length < 2;
  const view = (/** @type {string} */ key, /** @type {boolean} */ main) => {
    const tile = tiles.find((candidate) => candidate.key === key);
    return tile && html`<${TileView} key=${key} ...${props} tile=${tile} main=${main} alone=${alone} />`;
  };
  const spotlight = arrangement.mode === 'spotlight';
  return html`<section class="stage is-${arrangement.mode} of-${Math.min(arrangement.main.length, 9)} ${spotlight ? `with-${Math.min(arrangement.strip.length, 7)}` : ''}" aria-label=${t('call.stage')}>
    ${arrangement.mode === 'empty' &&
    html`<div class="stage-empty"><h2>${t('call.alone')}</h2><p>${t('call.alone_lead')}</p></div>`}
    ${tiles.map((tile) => view(tile.key, arrangement.main.includes(tile.key)))}
    <${SelfPreview} ...${props} />
  </section>`;
}

/** Who knocks is never hidden behind a panel. @param {ViewProps} props */
function Knocks({ state, session, t }) {
  if (state.panel === 'people' || !mayModerate(state, 'admit')) return null;
  const waiting = knocking(state);
  if (waiting.length === 0) return null;
  return html`<div class="knocks" role="status" aria-live="polite"><ul>
    ${waiting.slice(0, KNOCKS_SHOWN).map((person) => html`<${Knock} key=${person.id} person=${person} session=${session} t=${t} />`)}
  </ul></div>`;
}
