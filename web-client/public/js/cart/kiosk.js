/**
 * Which screen the kiosk shows: pairing, today's visits, a visit's consent or the cart's check. Holds who this cart is and how its link is;
 * the server holds everything else, so that a reload loses nothing.
 */
import { html, useCallback, useEffect, useMemo, useState } from '../ui/html.js';
import { LanguageSwitch, translator } from '../ui/frame.js';
import { Icon, Mark } from '../ui/icons.js';
import { loadLanguage, storeLanguage } from '../i18n/index.js';
import { clock } from '../desk/clinic-time.js';
import { ProblemBox } from '../desk/parts/problem.js';
import { Problem, unreachable } from '../desk/problem.js';
import { useNow } from '../desk/resource.js';
import { keepAwake } from '../session/awake.js';
import { setHome } from '../session/memory.js';
import { CheckScreen } from './check-screen.js';
import { ConsentScreen } from './consent-screen.js';
import { startHeartbeat } from './heartbeat.js';
import { Pairing } from './pairing.js';
import { linkAfter } from './rules.js';
import { rememberCartOfTab } from './tab.js';
import { Today } from './today.js';

/** @typedef {import('../i18n/index.js').Language} Language */
/** @typedef {import('../desk/types.js').Me} Me */
/** @typedef {import('../desk/types.js').Appointment} Appointment */
/** @typedef {import('./rules.js').Link} Link */
/**
 * @typedef {object} KioskView what every screen gets, as its property `kiosk`
 * @property {Language} language
 * @property {import('../ui/frame.js').Translate} t
 * @property {import('../desk/api.js').Api} api
 * @property {import('../desk/live.js').Live} live
 * @property {Me} me the cart
 * @property {string} zone
 * @property {Link} link
 */
/** @typedef {{name: 'today'} | {name: 'consent', visit: Appointment} | {name: 'check'}} Screen */

/** The name under which this device was paired, so that it can say what it no longer is. */
const PAIRED = 'kenes.cart';
const TRY_AGAIN_MS = 4_000;

/** @param {{api: import('../desk/api.js').Api, live: import('../desk/live.js').Live}} props */
export function Kiosk({ api, live }) {
  const [language, setLanguage] = useState(api.language);
  /** undefined: not known yet; null: not paired. */
  const [me, setMe] = useState(/** @type {Me | null | undefined} */ (undefined));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [link, setLink] = useState(/** @type {Link} */ ({ isUp: true, sinceMs: api.nowMs() }));
  const t = useMemo(() => translator(language), [language]);

  const start = useCallback(async () => {
    try {
      const session = await api.get('/session');
      setMe(session.kind === 'cart' ? session : null);
      setProblem(null);
    } catch (error) {
      const failed = error instanceof Problem ? error : unreachable();
      if (failed.status === 401) setMe(null);
      setProblem(failed.status === 401 ? null : failed);
    }
  }, [api]);
  useEffect(() => {
    api.onSignedOut = () => setMe(null);
    void start();
    keepAwake(true);
  }, [start]);
  useEffect(() => {
    if (me !== undefined || !problem) return undefined;
    const timer = setTimeout(start, TRY_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [me, problem]);

  useEffect(() => {
    if (me !== undefined) rememberCartOfTab(me?.id ?? null);
    if (!me) return undefined;
    localStorage.setItem(PAIRED, me.name);
    live.start();
    const stop = startHeartbeat(api, me.id, (answered) => setLink((before) => linkAfter(before, answered, api.nowMs())));
    return () => {
      stop();
      live.stop();
    };
  }, [me?.id]);

  useEffect(() => {
    document.documentElement.lang = language;
    document.title = [me?.name, t('kiosk.title')].filter(Boolean).join(' · ');
  }, [language, me]);
  const speak = async (/** @type {Language} */ wish) => {
    storeLanguage(wish);
    await loadLanguage(wish);
    api.language = wish;
    setLanguage(wish);
  };

  return html`<div class="kiosk" data-testid="kiosk">
    <header class="kiosk-header">
      <span class="brand"><${Mark} /><span class="kiosk-name" data-testid="cart-name">${me ? me.name : t('app.name')}</span></span>
      ${me && html`<span class="kiosk-site">${me.site.name}</span>`}
      <span class="kiosk-spring"></span>
      ${me && html`<${LinkLamp} link=${link} zone=${me.site.time_zone} t=${t} /><${Clock} api=${api} zone=${me.site.time_zone} />`}
      <${FullScreen} t=${t} />
      <${LanguageSwitch} language=${language} onSpeak=${speak} t=${t} />
    </header>
    <main class="kiosk-main">
      ${me === undefined && !problem && html`<p class="lead centred" role="status">${t('desk.loading')}</p>`}
      ${me === undefined && problem && html`<div class="kiosk-middle"><${ProblemBox} desk=${{ language, t }} problem=${problem} onRetry=${start} /></div>`}
      ${me === null && html`<${Pairing} speaking=${{ language, t }} api=${api} wasName=${localStorage.getItem(PAIRED)} onPaired=${setMe} />`}
      ${me && html`<${Screens} kiosk=${{ language, t, api, live, me, zone: me.site.time_zone, link }} />`}
    </main>
  </div>`;
}

/** @param {{kiosk: KioskView}} props */
function Screens({ kiosk }) {
  const [screen, setScreen] = useState(/** @type {Screen} */ ({ name: 'today' }));
  const close = () => setScreen({ name: 'today' });
  // A screen is a page to whoever listens to it.
  useEffect(() => {
    document.querySelector('h1')?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [screen.name]);
  if (screen.name === 'consent') return html`<${ConsentScreen} kiosk=${kiosk} visit=${screen.visit} onClose=${close} />`;
  if (screen.name === 'check') return html`<${CheckScreen} kiosk=${kiosk} onClose=${close} />`;
  return html`<${Today} kiosk=${kiosk} onAsk=${(/** @type {Appointment} */ visit) => setScreen({ name: 'consent', visit })} onCheck=${() => setScreen({ name: 'check' })} />`;
}

/** Where the call is. @param {Appointment} visit */
export function enterVisit(visit) {
  setHome('/cart');
  location.assign(`/visit#a=${visit.id}`);
}

/** @param {{link: Link, zone: string, t: import('../ui/frame.js').Translate}} props */
function LinkLamp({ link, zone, t }) {
  return html`<span class="kiosk-link lamp ${link.isUp ? 'is-on' : 'is-off'}" data-testid="cart-link" data-on=${link.isUp} role="status">
    <svg viewBox="0 0 12 12" width="14" height="14" aria-hidden="true" focusable="false">
      ${link.isUp ? html`<circle cx="6" cy="6" r="5" />` : html`<path d="M2 2l8 8M10 2l-8 8" />`}
    </svg><span>${link.isUp ? t('kiosk.link_up') : t('kiosk.link_down', { time: clock(link.sinceMs, zone) })}</span></span>`;
}

/** @param {{api: import('../desk/api.js').Api, zone: string}} props */
function Clock({ api, zone }) {
  return html`<span class="kiosk-clock">${clock(useNow({ api }, 1_000), zone)}</span>`;
}

/** @param {{t: import('../ui/frame.js').Translate}} props */
function FullScreen({ t }) {
  const [isFull, setFull] = useState(document.fullscreenElement !== null);
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, []);
  if (!document.fullscreenEnabled || isFull) return null;
  const words = t('kiosk.full_screen');
  return html`<button type="button" class="icon-button kiosk-full" data-testid="full-screen" aria-label=${words} title=${words}
    onClick=${() => document.documentElement.requestFullscreen().catch(() => {})}><${Icon} name="full" size=${22} /></button>`;
}
