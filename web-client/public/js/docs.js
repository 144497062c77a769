/** Starts the page to read the API. */
import { html, render } from './ui/html.js';
import { loadLanguage, pageLanguage } from './i18n/index.js';
import { DESCRIPTION, read } from './docs/document.js';
import { Reader } from './docs/reader.js';

const first = pageLanguage();
const [reading] = await Promise.all([fetchReading(), loadLanguage(first, 'docs')]);
const root = document.getElementById('app');
if (root) render(html`<${Reader} first=${first} reading=${reading} />`, root);

async function fetchReading() {
  try {
    const response = await fetch(DESCRIPTION);
    return response.ok ? read(await response.json()) : null;
  } catch {
    return null;
  }
}
