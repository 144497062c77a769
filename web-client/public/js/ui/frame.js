/** What surrounds every page: the language switch, the light page's header, problems in words. */
import { html } from './html.js';
import { LANGUAGES, isKey, translate } from '../i18n/index.js';
import { Icon, Mark } from './icons.js';

/** @typedef {import('../i18n/index.js').Language} Language */
/** @typedef {(key: import('../i18n/index.js').Key, params?: Record<string, string | number>) => string} Translate */
/** @typedef {{state: import('../state/reducer.js').State, session: import('../session/session.js').Session, t: Translate}} ViewProps */

/** @param {Language} language @returns {Translate} */
export function translator(language) {
  return (key, params) => translate(language, key, params);
}

/** @param {{language: Language, onSpeak: (language: Language) => void, t: (key: 'app.language') => string}} props */
export function LanguageSwitch({ language, onSpeak, t }) {
  return html`<div class="languages" role="group" aria-label=${t('app.language')}>
    ${LANGUAGES.map(
      ({ id, name, short }) => html`<button type="button" class="language" lang=${id} data-testid="language-${id}" aria-pressed=${id === language}
        title=${name} onClick=${() => onSpeak(id)}><span class="language-name">${name}</span><span class="language-short">${short}</span></button>`,
    )}
  </div>`;
}

/** @param {{language: Language, onSpeak: (language: Language) => void, t: Translate, title?: string, children?: unknown}} props */
export function Page({ language, onSpeak, t, title, children }) {
  return html`<div class="page">
    <header class="page-header">
      <a class="brand" href="/"><${Mark} /><span>${t('app.name')}</span></a>
      ${title && html`<span class="page-room">${title}</span>`}
      <${LanguageSwitch} language=${language} onSpeak=${onSpeak} t=${t} />
    </header>
    <main class="page-main">${children}</main>
  </div>`;
}

/** @param {{problem: import('../state/reducer.js').Problem, t: Translate}} props */
export function ProblemWords({ problem, t }) {
  const key = `errors.${problem.code}`;
  const [first = t('errors.E-NET-6'), ...more] = isKey(key) ? [t(key, problem.params)] : (problem.words ?? []);
  return html`<p class="problem-words">${first}</p>
    ${more.map((words) => html`<p>${words}</p>`)}
    <p class="problem-code">${t('error.code')}: <span>${problem.code}</span></p>`;
}

/** What went wrong beside the visit; stays until dismissed or healed. @param {ViewProps} props */
export function Notices({ state, session, t }) {
  return html`<div class="notices" role="status" aria-live="polite">
    ${state.notices.map(
      (problem) => html`<div class="notice" key=${problem.code} data-testid="notice" data-code=${problem.code}>
        <${Icon} name="alert" />
        <div class="notice-text">
          <${ProblemWords} problem=${problem} t=${t} />
          ${state.phase === 'call' && isAboutDevices(problem.code) && state.panel !== 'devices' &&
          html`<button type="button" class="button is-quiet is-small" data-testid="notice-devices"
            onClick=${() => session.store.dispatch({ type: 'panel', panel: 'devices' })}>${t('devices.title')}</button>`}
        </div>
        <button type="button" class="icon-button" data-testid="notice-dismiss" aria-label=${t('app.close')} title=${t('app.close')}
          onClick=${() => session.store.dispatch({ type: 'dismiss', code: problem.code })}><${Icon} name="close" size=${20} /></button>
      </div>`,
    )}
  </div>`;
}

/** How the link is, in words; only heard while it is well. @param {ViewProps} props */
export function ConnectionWords({ state, session, t }) {
  const quiet = state.connection === 'connected';
  return html`<div class="connection ${quiet ? 'sr-only' : ''}" data-testid="connection-state" data-state=${state.connection} role="status" aria-live="assertive">
    ${!quiet && html`<span class="spinner" aria-hidden="true"></span>`}
    <span>${t(`connection.${state.connection}`)}</span>
    ${(state.connection === 'lost' || state.connection === 'reconnecting') &&
    html`<button type="button" class="button is-quiet is-small" onClick=${() => session.reconnectNow()}>${t('connection.try_now')}</button>`}
  </div>`;
}

/** @param {string} code */
function isAboutDevices(code) {
  return /^E-(CAM|MIC|SCR)-[2-5]$/.test(code);
}
