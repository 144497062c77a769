/** Shows a reading of the API's description: a search, the calls in groups, what each takes and answers, the error codes. */
import { html, useEffect, useState } from '../ui/html.js';
import { Page, translator } from '../ui/frame.js';
import { loadLanguage, storeLanguage } from '../i18n/index.js';
import { DESCRIPTION, curl, find, findProblems, pieces } from './document.js';

/** @typedef {import('../i18n/index.js').Language} Language */
/** @typedef {import('../ui/frame.js').Translate} Translate */

/** @param {{first: Language, reading: import('./document.js').Reading | null}} props a reading of null: it could not be fetched */
export function Reader({ first, reading }) {
  const [language, setLanguage] = useState(first);
  const [search, setSearch] = useState('');
  const t = translator(language);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = `${t('app.name')} · ${t('docs.title')}`;
  }, [language]);
  useEffect(() => document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView(), []);
  const speak = async (/** @type {Language} */ wish) => {
    storeLanguage(wish);
    await loadLanguage(wish);
    setLanguage(wish);
  };
  return html`<${Page} language=${language} onSpeak=${speak} t=${t} title=${t('docs.title')}>
    <div class="docs" data-testid="docs">
      <h1>${t('docs.title')}</h1>
      ${reading ? html`<${Reading} ...${{ reading, search, setSearch, language, t }} />` : html`<p class="docs-failed" role="alert">${t('docs.failed')}</p>`}
    </div>
  <//>`;
}

/**
 * @param {{reading: import('./document.js').Reading, search: string, setSearch: (search: string) => void, language: Language, t: Translate}} props
 */
function Reading({ reading, search, setSearch, language, t }) {
  const groups = find(reading.groups, search);
  const problems = findProblems(reading.problems, search, language);
  const count = groups.reduce((sum, { calls }) => sum + calls.length, 0);
  return html`
    <p class="lead">${t('docs.lead', { version: reading.version })} <a href=${DESCRIPTION}>${DESCRIPTION.split('/').at(-1)}</a></p>
    <div class="field docs-search">
      <label for="docs-search">${t('docs.search')}</label>
      <input id="docs-search" type="search" autocomplete="off" data-testid="docs-search" value=${search}
        onInput=${(/** @type {InputEvent} */ event) => setSearch(/** @type {HTMLInputElement} */ (event.target).value)} />
      <p class="quiet" role="status" data-testid="docs-count">${t('docs.found', { count })}</p>
    </div>
    ${groups.map(
      (group) => html`<section class="docs-group" key=${group.name} aria-label=${group.name}>
        <h2>${group.name}</h2>
        ${group.calls.map((call) => html`<${Call} key=${call.id} call=${call} t=${t} />`)}
      </section>`,
    )}
    ${problems.length > 0 &&
    html`<section class="docs-group" aria-label=${t('docs.problems')}>
      <h2>${t('docs.problems')}</h2>
      <p class="quiet">${t('docs.problems_how')}</p>
      <dl class="docs-problems">
        ${problems.map(
          ({ code, words }) => html`<div key=${code}><dt><code>${code}</code></dt><dd><b>${words[language]?.title}.</b> ${words[language]?.detail}</dd></div>`,
        )}
      </dl>
    </section>`}`;
}

/** @param {{call: import('./document.js').Call, t: Translate}} props */
function Call({ call, t }) {
  const isAskedFor = decodeURIComponent(location.hash.slice(1)) === call.id;
  const [isOpen, setOpen] = useState(isAskedFor);
  return html`<details class="docs-call card" id=${call.id} open=${isAskedFor} data-testid="docs-call"
    onToggle=${(/** @type {Event} */ event) => setOpen(/** @type {HTMLDetailsElement} */ (event.target).open)}>
    <summary>
      <span class="docs-method is-${call.method}">${call.method.toUpperCase()}</span>
      <code class="docs-path">${call.path}</code>
      <span class="docs-summary">${call.summary}</span>
    </summary>
    ${isOpen && html`<${Details} call=${call} t=${t} />`}
  </details>`;
}

/** @param {{call: import('./document.js').Call, t: Translate}} props */
function Details({ call, t }) {
  return html`<div class="docs-details">
    ${call.about && html`<p class="docs-about"><${Words} text=${call.about} /></p>`}
    <p class="quiet">${call.open ? t('docs.open') : t('docs.signed_in')} <a href="#${encodeURIComponent(call.id)}">${t('docs.link')}</a></p>
    ${call.parameters.length > 0 && html`<h3>${t('docs.parameters')}</h3><${Rows} rows=${call.parameters.map((row) => ({ ...row, depth: 0 }))} t=${t} />`}
    ${call.body && html`<h3>${t('docs.body')}</h3><${BodyRows} body=${call.body} t=${t} />`}
    <h3>${t('docs.answers')}</h3>
    ${call.answers.map(
      ({ status, about, body }) => html`<div class="docs-answer" key=${status}>
        <p><span class="docs-status">${status}</span> ${about}</p>
        ${body && html`<${BodyRows} body=${body} t=${t} />`}
      </div>`,
    )}
    <h3>${t('docs.refusals')}</h3>
    ${call.refusals && html`<p class="docs-about"><${Words} text=${call.refusals} /></p>`}
    <ul class="docs-refusals">
      ${call.problems.map(({ status, about }) => html`<li key=${status}><span class="docs-status is-problem">${status}</span> <${Words} text=${about} /></li>`)}
    </ul>
    <h3>${t('docs.example')}</h3>
    <pre class="docs-example" tabindex="0">${curl(call, location.origin)}</pre>
  </div>`;
}

/** @param {{body: import('./document.js').Body, t: Translate}} props */
function BodyRows({ body, t }) {
  return html`<p class="docs-type"><code>${body.type}</code> <span class="quiet">${body.media}</span></p><${Rows} rows=${body.fields} t=${t} />`;
}

/** @param {{rows: (import('./document.js').Field & {place?: string})[], t: Translate}} props */
function Rows({ rows, t }) {
  if (rows.length === 0) return null;
  return html`<ul class="docs-rows">
    ${rows.map(
      (row) => html`<li class="docs-row is-depth-${Math.min(row.depth, 4)}">
        <p class="docs-name"><code>${row.name}</code> <span class="docs-type">${row.type}</span>
          ${row.place && html` <span class="docs-tag">${row.place}</span>`}${row.required && html` <span class="docs-tag is-required">${t('docs.required')}</span>`}</p>
        ${row.about && html`<p><${Words} text=${row.about} /></p>`}
        ${row.choices.length > 0 && html`<p class="docs-choices">${row.choices.map((choice) => html`<code>${choice}</code> `)}</p>`}
        ${row.limits && html`<p class="quiet"><code>${row.limits}</code></p>`}
      </li>`,
    )}
  </ul>`;
}

/** @param {{text: string}} props */
function Words({ text }) {
  return pieces(text).map((piece) => (piece.code ? html`<code>${piece.text}</code>` : piece.text));
}
