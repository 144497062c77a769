/** Starts the visit page. */
import { html, render } from './ui/html.js';
import { App } from './ui/app.js';
import { loadLanguage } from './i18n/index.js';
import { Session } from './session/session.js';
import { cartOfTab } from './cart/tab.js';

/** Narrower than this, the call is laid out for a phone. */
const NARROW = '(max-width: 699px)';

const session = new Session();

const narrow = matchMedia(NARROW);
const tellWidth = () => session.store.dispatch({ type: 'narrow', narrow: narrow.matches });
narrow.addEventListener('change', tellWidth);
tellWidth();

// Another link opened in the same tab is another visit.
window.addEventListener('hashchange', () => location.reload());

await loadLanguage(session.store.state().language, 'way', 'specialties');
const root = document.getElementById('app');
if (root) render(html`<${App} session=${session} />`, root);

/** For tests and for support: what is going on, read-only. */
Object.defineProperty(window, 'kenes', {
  value: Object.freeze({
    state: () => session.store.state(),
    peerConnection: () => session.line?.link.peer?.connection ?? null,
    socket: () => session.line?.link.socket?.raw ?? null,
    get offersMade() {
      return session.line?.link.offersMade ?? 0;
    },
    get firstFrameMs() {
      return session.line?.firstFrameMs ?? null;
    },
    get generation() {
      return session.line?.link.gen ?? 0;
    },
  }),
});

void session.start();

// A cart in a call is still there, and the desks are to see it.
const cart = cartOfTab();
if (cart) void import('./cart/heartbeat.js').then(({ startHeartbeat }) => startHeartbeat(session.api, cart, () => {}));
