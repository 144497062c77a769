/** People with accounts: who they are, what they may do, how they get in. */
import { html, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { ChecksField, SelectField, TextField } from '../parts/field.js';
import { Badge, Empty, Loaded, ViewHead } from '../parts/frame.js';
import { useAct, useList } from '../resource.js';
import { languageWords, roleWords, specialtyWords } from '../words.js';
import { ConfirmDialog, FormDialog, SecretDialog, useForm } from './form.js';
import { LANGUAGES, ROLES, SPECIALTIES, toggled, usersLike } from './rules.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('./types.js').User} User */
/** @typedef {import('./types.js').Site} Site */
/** @typedef {{kind: 'form', user: User | null} | {kind: 'reset', user: User} | {kind: 'password', name: string, login: string | null, password: string}} Open */

/** @param {{desk: Desk}} props */
export function Users({ desk }) {
  const { t } = desk;
  const users = useList(desk, '/users', {}, ['users']);
  const read = /** @type {Site[] | null} */ (useList(desk, '/sites', {}, ['sites']).data);
  const sites = read ?? [];
  const [wish, set] = useForm({ text: '', site: '', role: '' });
  const [open, setOpen] = useState(/** @type {Open | null} */ (null));
  const close = () => setOpen(null);
  const saved = (/** @type {Open | null} */ next) => {
    setOpen(next);
    users.reload();
  };
  return html`<section class="view" data-testid="users">
    <${ViewHead} title=${t('nav.users')}>
      <button type="button" class="button is-primary" data-testid="new-user" disabled=${read === null} onClick=${() => setOpen({ kind: 'form', user: null })}><${Icon} name="plus" size=${20} />${t('admin.new_user')}</button>
    <//>
    <div class="fields filters">
      <${TextField} id="find" label=${t('admin.find_user')} value=${wish.text} onInput=${set('text')} type="search" />
      <${SelectField} id="of-site" label=${t('admin.site')} value=${wish.site} onInput=${set('site')} options=${[{ value: '', label: t('admin.all') }, ...sites.map(({ id, name }) => ({ value: id, label: name }))]} />
      <${SelectField} id="of-role" label=${t('admin.role')} value=${wish.role} onInput=${set('role')} options=${[{ value: '', label: t('admin.all') }, ...ROLES.map((role) => ({ value: role, label: roleWords(desk, role) }))]} />
    </div>
    <${Loaded} desk=${desk} resource=${users}>${(/** @type {User[]} */ items) => {
      const found = usersLike(items, wish);
      return found.length === 0
        ? html`<${Empty} icon="people" title=${t('admin.no_users')} />`
        : html`<ul class="sheet">${found.map((user) => html`<${UserRow} desk=${desk} key=${user.id} user=${user} site=${sites.find(({ id }) => id === user.site)?.name ?? ''} onOpen=${setOpen} />`)}</ul>`;
    }}<//>
    ${open?.kind === 'form' && html`<${UserForm} desk=${desk} user=${open.user} sites=${sites} onClose=${close} onSaved=${saved} />`}
    ${open?.kind === 'reset' && html`<${Reset} desk=${desk} user=${open.user} onClose=${close} onSaved=${saved} />`}
    ${open?.kind === 'password' && html`<${SecretDialog} desk=${desk} title=${t('admin.one_time_password')} lead=${t('admin.one_time_lead', { name: open.name, login: open.login ?? '' })}
      secret=${open.password} note=${t('admin.shown_once')} onClose=${close} />`}
  </section>`;
}

/** @param {{desk: Desk, user: User, site: string, onOpen: (open: Open) => void}} props */
function UserRow({ desk, user, site, onOpen }) {
  const { t } = desk;
  return html`<li class="sheet-row" data-testid="user-${user.id}" data-login=${user.login}>
    <div class="row-words">
      <span class="row-name">${user.name}</span>
      <span class="row-line"><span>${user.login ?? t('admin.no_login')}</span><span>${site}</span><span>${user.languages.map((language) => languageWords(desk, language)).join(', ')}</span></span>
      <span class="row-badges">
        ${user.roles.map((role) => html`<${Badge} key=${role} tone=${role === 'admin' ? 'accent' : 'neutral'}>${roleWords(desk, role)}<//>`)}
        ${user.specialty && html`<${Badge}>${specialtyWords(desk, user.specialty)}<//>`}
        ${user.is_locked && html`<${Badge} tone="danger" icon="lock" testId="locked">${t('admin.locked')}<//>`}
      </span>
    </div>
    <div class="row-actions">
      <button type="button" class="button is-quiet is-small" data-testid="reset-${user.id}" aria-label=${`${t('admin.new_password')}: ${user.name}`} onClick=${() => onOpen({ kind: 'reset', user })}><${Icon} name="key" size=${18} />${t('admin.new_password')}</button>
      <button type="button" class="button is-quiet is-small" data-testid="edit-${user.id}" aria-label=${`${t('admin.edit')}: ${user.name}`} onClick=${() => onOpen({ kind: 'form', user })}>${t('admin.edit')}</button>
    </div>
  </li>`;
}

/** @param {{desk: Desk, user: User | null, sites: Site[], onClose: () => void, onSaved: (next: Open | null) => void}} props */
function UserForm({ desk, user, sites, onClose, onSaved }) {
  const { t, api } = desk;
  const act = useAct(desk);
  const [form, set] = useForm({
    name: user?.name ?? '', login: user?.login ?? '', site: user?.site ?? '',
    roles: user?.roles ?? [], specialty: user?.specialty ?? '', languages: user?.languages ?? ['kk', 'ru'],
  });
  const error = (/** @type {string} */ field) => act.problem?.field(field) ?? null;
  // The first until another is chosen, also when the sites came after the form was opened.
  const site = form.site || (sites[0]?.id ?? '');
  const specialties = [...new Set([...SPECIALTIES, ...(user?.specialty ? [user.specialty] : [])])];
  const save = async () => {
    const { specialty, ...rest } = form;
    const body = { ...rest, site, name: form.name.trim(), login: form.login.trim(), specialty: form.roles.includes('specialist') && specialty ? specialty : null };
    const send = async () => {
      const { id } = await (user ? api.put(`/users/${user.id}`, body, user.version) : api.create('/users', body));
      desk.done(t('admin.saved', { name: body.name }));
      onSaved(user || !body.login ? null : await oneTimePassword(desk, { id, name: body.name, login: body.login }));
    };
    await act.run(send);
  };
  return html`<${FormDialog} desk=${desk} title=${user ? user.name : t('admin.new_user')} testId="user-form" submit=${t('desk.save')} act=${act} onSubmit=${save} onClose=${onClose} isWide=${true}
    fields=${['name', 'login', 'site', 'roles', 'specialty', 'languages']}>
    <div class="fields is-two">
      <${TextField} id="name" label=${t('admin.full_name')} value=${form.name} onInput=${set('name')} error=${error('name')} maxlength=${200} isRequired=${true} />
      <${TextField} id="user-login" label=${t('sign_in.login')} hint=${t('admin.login_hint')} value=${form.login} onInput=${set('login')} error=${error('login')} isRequired=${true} />
      <${SelectField} id="site" label=${t('admin.site')} value=${site} onInput=${set('site')} error=${error('site')} options=${sites.map(({ id, name }) => ({ value: id, label: name }))} />
    </div>
    <${ChecksField} name="role" label=${t('admin.roles')} values=${form.roles} error=${error('roles')} options=${ROLES.map((role) => ({ value: role, label: roleWords(desk, role) }))}
      onInput=${(/** @type {string} */ role, /** @type {boolean} */ isOn) => set('roles')(toggled(ROLES, form.roles, role, isOn))} />
    ${form.roles.includes('specialist') &&
    html`<${SelectField} id="specialty" label=${t('admin.specialty')} value=${form.specialty} onInput=${set('specialty')} error=${error('specialty')}
      options=${[{ value: '', label: t('admin.choose') }, ...specialties.map((code) => ({ value: code, label: specialtyWords(desk, code) }))]} />`}
    <${ChecksField} name="language" label=${t('admin.languages')} values=${form.languages} error=${error('languages')} options=${LANGUAGES.map((language) => ({ value: language, label: languageWords(desk, language) }))}
      onInput=${(/** @type {string} */ language, /** @type {boolean} */ isOn) => set('languages')(toggled(LANGUAGES, form.languages, language, isOn))} />
  <//>`;
}

/** @param {{desk: Desk, user: User, onClose: () => void, onSaved: (next: Open | null) => void}} props */
function Reset({ desk, user, onClose, onSaved }) {
  const act = useAct(desk);
  const reset = () =>
    act.run(async () => {
      onSaved(await oneTimePassword(desk, user));
    });
  return html`<${ConfirmDialog} desk=${desk} title=${desk.t('admin.reset_title', { name: user.name })} text=${desk.t('admin.reset_lead')} submit=${desk.t('admin.reset_submit')} act=${act} onConfirm=${reset} onClose=${onClose} />`;
}

/** @param {Desk} desk @param {Pick<User, 'id' | 'name' | 'login'>} user @returns {Promise<Open>} */
async function oneTimePassword(desk, { id, name, login }) {
  const { one_time_password: password } = await desk.api.post(`/users/${id}/password`);
  return { kind: 'password', name, login, password };
}
