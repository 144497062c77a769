/** Patients: found by IIN or by the beginning of the name; their data; a new one; and the way to a referral. */
import { html, useEffect, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { dayWords } from '../clinic-time.js';
import { can } from '../navigation.js';
import { Dialog } from '../parts/dialog.js';
import { TextField } from '../parts/field.js';
import { Empty, Loaded, ViewHead } from '../parts/frame.js';
import { useResource } from '../resource.js';
import { languageWords } from '../words.js';
import { PatientForm } from './patient-form.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../types.js').Patient} Patient */

const LEAST_LETTERS = 3;
const TYPED_MS = 300;

/** @param {{desk: Desk}} props */
export function Patients({ desk }) {
  const { t } = desk;
  const [open, setOpen] = useState(/** @type {Patient | 'new' | null} */ (null));
  const mayWrite = can(desk.me, 'patients:write');
  const saved = (/** @type {Patient} */ patient) => {
    setOpen(null);
    desk.done(t('patient.saved', { name: patient.name }));
  };
  return html`<div class="view">
    <${ViewHead} title=${t('nav.patients')}>
      ${mayWrite && html`<button type="button" class="button is-primary" data-testid="new-patient" onClick=${() => setOpen('new')}><${Icon} name="plus" size=${20} />${t('patient.new')}</button>`}
    <//>
    <${PatientSearch} desk=${desk}>${(/** @type {Patient} */ patient) => html`
      ${can(desk.me, 'referrals:write') && html`<button type="button" class="button is-quiet is-small" data-testid="refer" onClick=${() => desk.go('new-referral', patient.id)}>${t('nav.new-referral')}</button>`}
      ${mayWrite && html`<button type="button" class="button is-quiet is-small" data-testid="edit-patient" onClick=${() => setOpen(patient)}>${t('patient.edit')}</button>`}`}<//>
    ${open && html`<${Dialog} desk=${desk} title=${open === 'new' ? t('patient.new') : open.name} testId="patient-dialog" isWide=${true} onClose=${() => setOpen(null)}>
      <${PatientForm} desk=${desk} patient=${open === 'new' ? null : open} onSaved=${saved} onCancel=${() => setOpen(null)} /><//>`}
  </div>`;
}

/** @param {{desk: Desk, children: (patient: Patient) => unknown}} props children: what may be done with a patient that was found */
export function PatientSearch({ desk, children }) {
  const { t } = desk;
  const [typed, setTyped] = useState('');
  const [query, setQuery] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setQuery(typed.trim()), TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const isAsked = query.length >= LEAST_LETTERS;
  /** @type {import('../resource.js').Resource<{items: Patient[]}>} */
  const found = useResource(desk, isAsked ? '/patients' : null, { query: { q: query }, topics: ['patients'] });
  return html`<div class="patient-search">
    <${TextField} id="patient-query" type="search" label=${t('patient.search')} hint=${t('patient.search_hint')} value=${typed} onInput=${setTyped} />
    ${isAsked && html`<${Loaded} desk=${desk} resource=${found}>${(/** @type {{items: Patient[]}} */ { items }) => items.length === 0
      ? html`<${Empty} icon="search" title=${t('patient.none')} lead=${t('patient.none_lead')} testId="no-patients" />`
      : html`<ul class="sheet" data-testid="patients">${items.map(
          (patient) => html`<li class="sheet-row" key=${patient.id} data-testid="patient" data-id=${patient.id}>
            <div class="row-words"><p class="row-name">${patient.name} <span class="born">${t('patient.born', { date: dayWords(patient.birth_date) })}</span></p>
              <p class="row-line">${patient.iin && html`<span>${t('patient.iin')} ${patient.iin}</span>`}
                ${patient.phone && html`<a href="tel:${patient.phone}">${patient.phone}</a>`}<span>${languageWords(desk, patient.language)}</span></p></div>
            <div class="row-actions">${children(patient)}</div></li>`,
        )}</ul>`}<//>`}
  </div>`;
}
