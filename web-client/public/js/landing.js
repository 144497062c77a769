/** The landing page: what this is, and where the way in is. */
import { html, render, useEffect, useState } from './ui/html.js';
import { Icon, Mark } from './ui/icons.js';
import { Page, translator } from './ui/frame.js';
import { loadLanguage, pageLanguage, storeLanguage } from './i18n/index.js';

/** @type {{icon: string, key: import('./i18n/index.js').Key}[]} */
const POINTS = [
  { icon: 'devices', key: 'landing.point_1' },
  { icon: 'lock', key: 'landing.point_2' },
  { icon: 'switch', key: 'landing.point_3' },
];

/** @param {{first: import('./i18n/index.js').Language}} props */
function Landing({ first }) {
  const [language, setLanguage] = useState(first);
  const t = translator(language);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = `${t('app.name')} · ${t('app.tagline')}`;
  }, [language]);
  const speak = async (/** @type {import('./i18n/index.js').Language} */ wish) => {
    storeLanguage(wish);
    await loadLanguage(wish);
    setLanguage(wish);
  };
  return html`<${Page} language=${language} onSpeak=${speak} t=${t}>
    <section class="landing" data-testid="landing">
      <div class="landing-words">
        <h1>${t('landing.title')}</h1>
        <p class="lead">${t('landing.lead')}</p>
        <div class="landing-open card">
          <span class="card-badge"><${Icon} name="link-out" size=${28} /></span>
          <div><h2>${t('landing.open')}</h2><p>${t('landing.open_how')}</p></div>
        </div>
        <ul class="points">${POINTS.map(({ icon, key }) => html`<li><${Icon} name=${icon} size=${22} />${t(key)}</li>`)}</ul>
      </div>
      <div class="landing-mark"><${Mark} size=${320} /></div>
    </section>
  <//>`;
}

const first = pageLanguage();
await loadLanguage(first);
const root = document.getElementById('app');
if (root) render(html`<${Landing} first=${first} />`, root);
