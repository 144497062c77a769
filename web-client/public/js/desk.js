/** Starts the desk: the page of signed-in staff. */
import { html, render } from './ui/html.js';
import { loadLanguage, pageLanguage } from './i18n/index.js';
import { Api } from './desk/api.js';
import { Live } from './desk/live.js';
import { Shell } from './desk/shell.js';
import './desk/icons.js';

const language = pageLanguage();
await loadLanguage(language, 'desk', 'specialties');
const root = document.getElementById('app');
if (root) render(html`<${Shell} api=${new Api(language)} live=${new Live()} />`, root);
