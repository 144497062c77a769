/** A patient's data, new or to be put right. The server judges the fields; what it says stands at each. */
import { html, useState } from '../../ui/html.js';
import { dayWords, readDay } from '../clinic-time.js';
import { DialogActions } from '../parts/dialog.js';
import { CheckField, ChoiceField, TextField } from '../parts/field.js';
import { ProblemBox } from '../parts/problem.js';
import { LANGUAGES } from '../../i18n/index.js';
import { useAct } from '../resource.js';
import { languageWords } from '../words.js';

/** @typedef {import('../types.js').Patient} Patient */
/** @typedef {{iin: string, otherId: string, name: string, birthDate: string, sex: string, phone: string, email: string, language: string, needsInterpreter: boolean, address: string}} Draft */

/** @type {Draft} */
export const EMPTY_PATIENT = { iin: '', otherId: '', name: '', birthDate: '', sex: '', phone: '', email: '', language: 'kk', needsInterpreter: false, address: '' };

/** @param {{desk: import('../shell.js').Desk, patient: Patient | null, onSaved: (patient: Patient) => void, onCancel: () => void}} props */
export function PatientForm({ desk, patient, onSaved, onCancel }) {
  const { t } = desk;
  const [draft, setDraft] = useState(patient ? draftOf(patient) : EMPTY_PATIENT);
  const act = useAct(desk);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void act.run(async () => {
      const body = patientInput(draft, patient);
      onSaved(patient ? await desk.api.put(`/patients/${patient.id}`, body, patient.version) : await desk.api.create('/patients', body));
    });
  };
  return html`<form class="fields" onSubmit=${submit}>
    <${PatientFields} desk=${desk} draft=${draft} onDraft=${setDraft} problem=${act.problem} prefix="" />
    <${ProblemBox} desk=${desk} problem=${act.problem} />
    <${DialogActions}><button type="button" class="button is-quiet" onClick=${onCancel}>${t('desk.cancel')}</button>
      <button type="submit" class="button is-primary" data-testid="patient-submit" disabled=${act.isBusy}>${t('desk.save')}</button><//>
  </form>`;
}

/** @param {{desk: import('../shell.js').Desk, draft: Draft, onDraft: (draft: Draft) => void, problem: import('../problem.js').Problem | null, prefix: string}} props `prefix` of the fields' names in a larger form */
export function PatientFields({ desk, draft, onDraft, problem, prefix }) {
  const { t } = desk;
  const set = (/** @type {keyof Draft} */ name) => (/** @type {string | boolean} */ value) => onDraft({ ...draft, [name]: value });
  const error = (/** @type {string} */ field) => problem?.field(prefix + field) ?? problem?.field(field) ?? null;
  const text = (/** @type {keyof Draft} */ name, /** @type {string} */ field, /** @type {import('../../i18n/index.js').Key} */ label, /** @type {object} */ more = {}) =>
    html`<${TextField} id="patient-${field}" label=${t(label)} value=${draft[name]} onInput=${set(name)} error=${error(field)} ...${more} />`;
  return html`<div class="fields is-two">
    <div class="is-whole">${text('name', 'name', 'patient.name', { isRequired: true, maxlength: 200 })}</div>
    ${text('iin', 'iin', 'patient.iin', { inputmode: 'numeric', maxlength: 12, hint: t('patient.iin_hint') })}
    ${text('otherId', 'other_id', 'patient.other_id', { maxlength: 40, hint: t('patient.other_id_hint') })}
    ${text('birthDate', 'birth_date', 'patient.birth_date', { inputmode: 'numeric', maxlength: 10, hint: t('patient.birth_hint') })}
    <${ChoiceField} name="sex" label=${t('patient.sex')} value=${draft.sex} onInput=${set('sex')} error=${error('sex')}
      options=${[{ value: 'female', label: t('patient.female') }, { value: 'male', label: t('patient.male') }]} />
    ${text('phone', 'phone', 'patient.phone', { type: 'tel', inputmode: 'tel', maxlength: 20, hint: t('patient.phone_hint') })}
    ${text('email', 'email', 'patient.email', { type: 'email', inputmode: 'email', maxlength: 200, hint: t('patient.email_hint') })}
    ${text('address', 'address', 'patient.address', { maxlength: 300 })}
    <${ChoiceField} name="patient-language" label=${t('patient.language')} value=${draft.language} onInput=${set('language')} options=${LANGUAGES.map(({ id }) => ({ value: id, label: languageWords(desk, id) }))} />
    <${CheckField} id="needs-interpreter" label=${t('patient.needs_interpreter')} isOn=${draft.needsInterpreter} onInput=${set('needsInterpreter')} />
  </div>`;
}

/** @param {Patient} patient @returns {Draft} */
function draftOf(patient) {
  return {
    iin: patient.iin ?? '', otherId: patient.other_id ?? '', name: patient.name, birthDate: dayWords(patient.birth_date), sex: patient.sex, phone: patient.phone ?? '', email: patient.email ?? '',
    language: patient.language, needsInterpreter: patient.needs_interpreter, address: patient.address ?? '',
  };
}

/** As the server takes it: what is empty is left out; a date that is none is sent as it was typed, so that the server says so. @param {Draft} draft @param {Patient | null} patient what the form does not show is kept @returns {Record<string, string | boolean>} */
export function patientInput(draft, patient) {
  const written = {
    iin: draft.iin.trim(), other_id: draft.otherId.trim(), name: draft.name.trim(), birth_date: readDay(draft.birthDate) ?? draft.birthDate.trim(), sex: draft.sex,
    phone: draft.phone.replaceAll(/[\s()-]/g, ''), email: draft.email.trim(), language: draft.language, address: draft.address.trim(), mis_id: patient?.mis_id, phc_site: patient?.phc_site,
  };
  return { ...Object.fromEntries(Object.entries(written).filter(([, value]) => value)), needs_interpreter: draft.needsInterpreter };
}
