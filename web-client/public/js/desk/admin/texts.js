/** What patients are asked to agree to: each purpose's text in three languages. A version, once used, is never changed: a new one takes its place. */
import { html, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { LANGUAGES as SPOKEN } from '../../i18n/index.js';
import { date } from '../clinic-time.js';
import { TextArea } from '../parts/field.js';
import { Badge, Loaded, ViewHead } from '../parts/frame.js';
import { useAct, useList } from '../resource.js';
import { languageWords } from '../words.js';
import { FormDialog, useForm } from './form.js';
import { textsByPurpose } from './rules.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('./types.js').ConsentText} ConsentText */

/** @param {{desk: Desk}} props */
export function Texts({ desk }) {
  const { t } = desk;
  const texts = useList(desk, '/consent-texts', {}, ['consent_text']);
  const [open, setOpen] = useState(/** @type {{purpose: string, latest: ConsentText | null} | null} */ (null));
  return html`<section class="view" data-testid="texts">
    <${ViewHead} title=${t('nav.texts')} lead=${t('admin.texts_lead')} />
    <${Loaded} desk=${desk} resource=${texts}>${(/** @type {ConsentText[]} */ items) =>
      textsByPurpose(items).map(({ purpose, versions: [latest = null, ...older] }) => html`<${Purpose} desk=${desk} key=${purpose} purpose=${purpose} latest=${latest} older=${older} onNew=${() => setOpen({ purpose, latest })} />`)}<//>
    ${open && html`<${TextForm} desk=${desk} purpose=${open.purpose} latest=${open.latest} onClose=${() => setOpen(null)} onSaved=${() => (setOpen(null), texts.reload())} />`}
  </section>`;
}

/** @param {{desk: Desk, purpose: string, latest: ConsentText | null, older: ConsentText[], onNew: () => void}} props */
function Purpose({ desk, purpose, latest, older, onNew }) {
  const { t } = desk;
  return html`<section class="sheet purpose" data-testid="purpose-${purpose}">
    <div class="sheet-row">
      <div class="row-words"><h2>${purposeWords(desk, purpose)}</h2>
        <span class="row-line">${latest ? versionWords(desk, latest) : html`<${Badge} tone="warn" icon="alert">${t('admin.no_text')}<//>`}</span></div>
      <div class="row-actions"><button type="button" class="button is-quiet is-small" data-testid="new-text-${purpose}" aria-label=${`${t('admin.new_version')}: ${purposeWords(desk, purpose)}`} onClick=${onNew}><${Icon} name="plus" size=${18} />${t('admin.new_version')}</button></div>
    </div>
    ${latest && html`<${Words} desk=${desk} text=${latest} />`}
    ${older.length > 0 &&
    html`<details class="older"><summary>${t('admin.older', { count: older.length })}</summary>
      ${older.map((text) => html`<div key=${text.version}><p class="row-line">${versionWords(desk, text)}</p><${Words} desk=${desk} text=${text} /></div>`)}</details>`}
  </section>`;
}

/** @param {Desk} desk @param {ConsentText} text */
function versionWords(desk, text) {
  const version = desk.t('admin.version', { version: text.version });
  return text.created ? `${version} · ${date(text.created, desk.zone)}` : version;
}

/** @param {{desk: Desk, text: ConsentText}} props */
function Words({ desk, text }) {
  return html`<div class="text-languages">${SPOKEN.map(
    ({ id }) => html`<div key=${id}><h3>${languageWords(desk, id)}</h3><div lang=${id} class="text-words">${(text.texts[id] ?? '').split('\n').map((line) => html`<p>${line}</p>`)}</div></div>`,
  )}</div>`;
}

/** @param {{desk: Desk, purpose: string, latest: ConsentText | null, onClose: () => void, onSaved: () => void}} props */
function TextForm({ desk, purpose, latest, onClose, onSaved }) {
  const { t, api } = desk;
  const act = useAct(desk);
  const [texts, set] = useForm(/** @type {Record<string, string>} */ ({ kk: latest?.texts.kk ?? '', ru: latest?.texts.ru ?? '', en: latest?.texts.en ?? '' }));
  const save = async () => {
    const version = (latest?.version ?? 0) + 1;
    if (await act.run(() => api.create('/consent-texts', { purpose, version, texts }))) {
      desk.done(t('admin.saved', { name: `${purposeWords(desk, purpose)}, ${t('admin.version', { version })}` }));
      onSaved();
    }
  };
  return html`<${FormDialog} desk=${desk} title=${`${purposeWords(desk, purpose)}: ${t('admin.new_version')}`} lead=${t('admin.new_version_lead')} testId="text-form" submit=${t('desk.save')} act=${act}
    onSubmit=${save} onClose=${onClose} isWide=${true} fields=${SPOKEN.flatMap(({ id }) => [id, `texts.${id}`])}>
    ${SPOKEN.map(({ id }) => html`<${TextArea} key=${id} id=${`text-${id}`} label=${languageWords(desk, id)} value=${texts[id]} onInput=${set(id)} rows=${6} isRequired=${true}
      error=${act.problem?.field(`texts.${id}`) ?? act.problem?.field(id) ?? null} />`)}
  <//>`;
}

/** @param {import('../shell.js').Speaking} desk @param {string} purpose */
function purposeWords(desk, purpose) {
  return desk.t(/** @type {import('../../i18n/index.js').Key} */ (`purpose.${purpose}`));
}
