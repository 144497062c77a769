/** The way in: login and password, or the provider that the hospital uses; and the new password that a one-time one asks for. Keeps no password. */
import { html, useEffect, useState } from '../ui/html.js';
import { Icon } from '../ui/icons.js';
import { TextField } from './parts/field.js';
import { ProblemBox } from './parts/problem.js';
import { Problem, unreachable } from './problem.js';

/** @typedef {import('./shell.js').Speaking} Speaking */
/** @typedef {import('./api.js').Api} Api */

/** @param {{desk: Speaking, api: Api, onSignedIn: (me: import('./types.js').Me) => void}} props */
export function SignIn({ desk, api, onSignedIn }) {
  const { t } = desk;
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [providers, setProviders] = useState(/** @type {{id: string, name: string}[]} */ ([]));
  const { submit, isBusy, problem } = useForm(async () => onSignedIn(await api.post('/session', { login: login.trim(), password })));
  useEffect(() => {
    // Without a provider the form is all there is.
    api.get('/oidc').then(({ items }) => setProviders(items), () => {});
  }, [api]);

  const failure = new URLSearchParams(location.search).get('sign_in');
  return html`<section class="card sign-in" data-testid="sign-in">
    <h1>${t('sign_in.title')}</h1>
    <p class="quiet">${t('sign_in.lead')}</p>
    <form class="fields" onSubmit=${submit}>
      <${TextField} id="login" label=${t('sign_in.login')} value=${login} onInput=${setLogin} autocomplete="username" isRequired=${true} />
      <${TextField} id="password" label=${t('sign_in.password')} value=${password} onInput=${setPassword} type="password" autocomplete="current-password" isRequired=${true} />
      <${ProblemBox} desk=${desk} problem=${problem ?? ofProvider(t, failure)} />
      <button type="submit" class="button is-primary is-large" data-testid="sign-in-submit" disabled=${isBusy}>${t('sign_in.submit')}</button>
    </form>
    ${providers.length > 0 &&
    html`<div class="providers"><p class="quiet centred">${t('sign_in.or')}</p>
      ${providers.map(
        ({ id, name }) => html`<a class="button is-quiet" key=${id} data-testid="oidc-${id}" href=${`/api/v1/oidc/${encodeURIComponent(id)}/start?next=/desk`}>
          <${Icon} name="lock" size=${20} />${t('sign_in.with', { name })}</a>`,
      )}</div>`}
  </section>`;
}

/** What a sign-in at the provider came to, as the server tells the page that it leads back to. @param {Speaking['t']} t @param {string | null} code */
function ofProvider(t, code) {
  if (!code || !/^oidc_[a-z_]{1,30}$/.test(code)) return null;
  const title = t(code === 'oidc_unknown_user' ? 'sign_in.unknown_user' : 'sign_in.provider_failed');
  return new Problem({ code, status: 401, title, detail: null, fields: [] });
}

/** @param {{desk: Speaking, api: Api, isForced: boolean, onChanged: () => void, onSignOut: () => void}} props */
export function PasswordForm({ desk, api, isForced, onChanged, onSignOut }) {
  const { t } = desk;
  const [current, setCurrent] = useState('');
  const [fresh, setFresh] = useState('');
  const [again, setAgain] = useState('');
  const [isDifferent, setDifferent] = useState(false);
  const { submit, isBusy, problem } = useForm(async () => {
    setDifferent(fresh !== again);
    if (fresh !== again) return;
    await api.post('/session/password', { current, new: fresh });
    onChanged();
  });
  const form = html`<form class="fields" onSubmit=${submit}>
    <${TextField} id="password-current" label=${t(isForced ? 'password.one_time' : 'password.current')} value=${current} onInput=${setCurrent} type="password"
      autocomplete="current-password" isRequired=${true} error=${problem?.field('current')} />
    <${TextField} id="password-new" label=${t('password.new')} value=${fresh} onInput=${setFresh} type="password" autocomplete="new-password" hint=${t('password.hint')}
      isRequired=${true} error=${problem?.field('new')} />
    <${TextField} id="password-again" label=${t('password.again')} value=${again} onInput=${setAgain} type="password" autocomplete="new-password" isRequired=${true}
      error=${isDifferent ? t('password.differs') : null} />
    <${ProblemBox} desk=${desk} problem=${problem} />
    <button type="submit" class="button is-primary" data-testid="password-submit" disabled=${isBusy}>${t('password.submit')}</button>
    ${isForced && html`<button type="button" class="button is-quiet" onClick=${onSignOut}>${t('desk.sign_out')}</button>`}
  </form>`;
  if (!isForced) return form;
  return html`<section class="card sign-in" data-testid="change-password"><h1>${t('password.title')}</h1><p class="quiet">${t('password.lead')}</p>${form}</section>`;
}

/** @param {() => Promise<void>} send @returns {{submit: (event: Event) => Promise<void>, isBusy: boolean, problem: Problem | null}} */
function useForm(send) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setProblem(null);
    try {
      await send();
    } catch (error) {
      setProblem(error instanceof Problem ? error : unreachable());
    } finally {
      setBusy(false);
    }
  };
  return { submit, isBusy, problem };
}
