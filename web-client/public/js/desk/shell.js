/** Who is signed in, which view the address names, in which language: the frame that every desk stands in. Draws no desk itself. */
import { html, useCallback, useEffect, useMemo, useReducer, useState } from '../ui/html.js';
import { LanguageSwitch, translator } from '../ui/frame.js';
import { Mark } from '../ui/icons.js';
import { loadLanguage, storeLanguage } from '../i18n/index.js';
import { viewerZone } from './clinic-time.js';
import { Header, LiveWords, Navigation } from './header.js';
import { viewFor } from './navigation.js';
import { ProblemBox, titleOf } from './parts/problem.js';
import { Toasts } from './parts/toasts.js';
import { Problem, unreachable } from './problem.js';
import { readRoute, routeHash } from './route.js';
import { PasswordForm, SignIn } from './sign-in.js';
import { NO_TOASTS, reduceToasts } from './toasts.js';

/** @typedef {import('../i18n/index.js').Language} Language */
/** @typedef {{language: Language, t: import('../ui/frame.js').Translate}} Speaking */
/**
 * @typedef {object} Desk what every view gets, as its property `desk`
 * @property {Language} language
 * @property {import('../ui/frame.js').Translate} t
 * @property {import('./api.js').Api} api
 * @property {import('./live.js').Live} live
 * @property {import('./types.js').Me} me
 * @property {string} zone the time zone of the person's site
 * @property {string} viewerZone of this device
 * @property {(view: string, id?: string | null) => void} go
 * @property {(text: string) => void} done says that something was done
 * @property {(problem: unknown) => void} fail says what failed, where no form is open that could
 */
/** @typedef {Record<string, (props: {desk: Desk, id: string | null}) => unknown>} Views what an area's `index.js` exports as `views` */

/** Each area is a module of its own, fetched by whom it is for. @type {Record<import('./navigation.js').View['area'], () => Promise<{views: Views}>>} */
const AREAS = {
  nurse: () => import('./nurse/index.js'),
  specialist: () => import('./specialist/index.js'),
  admin: () => import('./admin/index.js'),
};

/** @param {{api: import('./api.js').Api, live: import('./live.js').Live}} props */
export function Shell({ api, live }) {
  const [language, setLanguage] = useState(api.language);
  const [me, setMe] = useState(/** @type {import('./types.js').Me | null | undefined} */ (undefined));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [{ toasts }, dispatch] = useReducer(reduceToasts, NO_TOASTS);
  const t = useMemo(() => translator(language), [language]);
  const speaking = { language, t };

  const start = useCallback(async () => {
    setProblem(null);
    try {
      setMe(await api.get('/session'));
    } catch (error) {
      if (error instanceof Problem && error.status === 401) setMe(null);
      else setProblem(error instanceof Problem ? error : unreachable());
    }
  }, [api]);
  useEffect(() => {
    api.onSignedOut = () => setMe(null);
    api.onChanged = () => live.touch();
    void start();
  }, [start]);

  const isAtWork = Boolean(me) && !me?.must_change_password;
  useEffect(() => {
    if (!isAtWork) return undefined;
    live.start();
    return () => live.stop();
  }, [isAtWork]);

  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const speak = async (/** @type {Language} */ wish) => {
    storeLanguage(wish);
    await loadLanguage(wish);
    api.language = wish;
    setLanguage(wish);
  };
  const signOut = async () => {
    try {
      await api.delete('/session');
      setMe(null);
    } catch (error) {
      say(error);
    }
  };
  const say = (/** @type {unknown} */ error) => {
    const failed = error instanceof Problem ? error : unreachable();
    dispatch({ type: 'say', toast: { kind: 'problem', text: titleOf(speaking, failed), detail: failed.detail, code: failed.code } });
  };
  const languages = html`<${LanguageSwitch} language=${language} onSpeak=${speak} t=${t} />`;

  if (!me) {
    return html`<${Bare} t=${t} languages=${languages}>
      ${me === undefined && !problem && html`<p class="lead centred" role="status">${t('desk.loading')}</p>`}
      <${ProblemBox} desk=${speaking} problem=${problem} onRetry=${start} />
      ${me === null && html`<${SignIn} desk=${speaking} api=${api} onSignedIn=${setMe} />`}
    <//>`;
  }
  if (me.must_change_password) {
    return html`<${Bare} t=${t} languages=${languages}>
      <${PasswordForm} desk=${speaking} api=${api} isForced=${true} onChanged=${() => setMe({ ...me, must_change_password: false })} onSignOut=${signOut} />
    <//>`;
  }
  /** @type {Desk} */
  const desk = {
    language, t, api, live, me,
    zone: me.site.time_zone,
    viewerZone: viewerZone(),
    go: (view, id) => {
      location.hash = routeHash(view, id);
    },
    done: (text) => dispatch({ type: 'say', toast: { kind: 'done', text, detail: null, code: null } }),
    fail: say,
  };
  return html`<${Workplace} desk=${desk} languages=${languages} onSignOut=${signOut} />
    <${Toasts} desk=${speaking} toasts=${toasts} onClose=${(/** @type {number} */ id) => dispatch({ type: 'close', id })} />`;
}

/** Before anybody is at work: the language first, then the form. @param {{t: import('../ui/frame.js').Translate, languages: unknown, children?: unknown}} props */
function Bare({ t, languages, children }) {
  useEffect(() => {
    document.title = t('app.name');
  }, [t]);
  return html`<div class="page">
    <header class="page-header"><a class="brand" href="/"><${Mark} /><span>${t('app.name')}</span></a>${languages}</header>
    <main class="page-main">${children}</main>
  </div>`;
}

/** @param {{desk: Desk, languages: unknown, onSignOut: () => void}} props */
function Workplace({ desk, languages, onSignOut }) {
  const [route, setRoute] = useState(readRoute(location.hash));
  useEffect(() => {
    const onHash = () => setRoute(readRoute(location.hash));
    window.addEventListener('hashchange', onHash);
    // An effect runs after the paint: the address may have moved on since.
    onHash();
    return () => window.removeEventListener('hashchange', onHash);
  }, []);
  const view = viewFor(desk.me, route.view);
  const area = useArea(desk, view?.area ?? null);
  const name = view ? desk.t(/** @type {import('../i18n/index.js').Key} */ (`nav.${view.id}`)) : '';
  useEffect(() => {
    document.title = [name, desk.t('app.name')].filter(Boolean).join(' · ');
  }, [name]);
  // A new view is a new page to whoever listens to it: its heading is read.
  useEffect(() => {
    if (area.views) document.getElementById('view-title')?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [view?.id, Boolean(area.views)]);

  const Current = (view && area.views?.[view.id]) ?? null;
  return html`<div class="desk">
    <a class="skip-link" href="#view" onClick=${skipToView}>${desk.t('desk.skip')}</a>
    <${Header} desk=${desk} languages=${languages} onSignOut=${onSignOut} />
    <${Navigation} desk=${desk} current=${view?.id ?? null} />
    <main class="desk-main" id="view" tabindex="-1" data-testid="view" data-view=${view?.id}>
      <${LiveWords} desk=${desk} />
      <${ProblemBox} desk=${desk} problem=${area.problem} onRetry=${area.retry} />
      ${!view && html`<p class="lead centred">${desk.t('desk.no_view')}</p>`}
      ${Current ? html`<${Current} desk=${desk} id=${view?.id === route.view ? route.id : null} key=${`${view?.id}/${route.id}`} />`
        : view && !area.problem && html`<p class="quiet loading" role="status"><span class="spinner" aria-hidden="true"></span>${desk.t('desk.loading')}</p>`}
    </main>
  </div>`;
}

/** The hash is the address of the view, so that the skip link must not be followed. @param {Event} event */
function skipToView(event) {
  event.preventDefault();
  document.getElementById('view')?.focus();
}

/** @param {Desk} desk @param {import('./navigation.js').View['area'] | null} area @returns {{views: Views | null, problem: Problem | null, retry: () => void}} */
function useArea(desk, area) {
  const [state, setState] = useState(/** @type {{area: string | null, views: Views | null, problem: Problem | null}} */ ({ area: null, views: null, problem: null }));
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (area === null) return undefined;
    let isWanted = true;
    Promise.all([AREAS[area](), loadLanguage(desk.language, area)]).then(
      ([{ views }]) => {
        if (isWanted) setState({ area, views, problem: null });
      },
      () => isWanted && setState({ area, views: null, problem: unreachable() }),
    );
    return () => {
      isWanted = false;
    };
  }, [area, turn]);
  const isRight = state.area === area;
  return { views: isRight ? state.views : null, problem: isRight ? state.problem : null, retry: () => setTurn(turn + 1) };
}
