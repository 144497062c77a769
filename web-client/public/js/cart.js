/** Starts the cart's kiosk: the page that a paired cart shows, with no person's account. */
import { html, render } from './ui/html.js';
import { loadLanguage, pageLanguage } from './i18n/index.js';
import { Api } from './desk/api.js';
import { Live } from './desk/live.js';
import { Kiosk } from './cart/kiosk.js';
import './desk/icons.js';
import './cart/icons.js';

const language = pageLanguage();
await loadLanguage(language, 'desk', 'specialties', 'cart');
const root = document.getElementById('app');
if (root) render(html`<${Kiosk} api=${new Api(language)} live=${new Live()} />`, root);
