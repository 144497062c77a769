/** A referral written by hand: the patient, found or new; the specialist wanted and why. Saved, it leads on to a time. */
import { html, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { dayWords } from '../clinic-time.js';
import { can } from '../navigation.js';
import { ChoiceField, SelectField, TextArea, TextField } from '../parts/field.js';
import { Loaded, ViewHead } from '../parts/frame.js';
import { ProblemBox } from '../parts/problem.js';
import { useAct, useResource } from '../resource.js';
import { priorityWords, specialtyWords } from '../words.js';
import { EMPTY_PATIENT, PatientFields, patientInput } from './patient-form.js';
import { PatientSearch } from './patients.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {import('../types.js').Patient} Patient */

/** @param {{desk: Desk, id: string | null}} props `id` of a patient who is known already */
export function NewReferral({ desk, id }) {
  /** @type {import('../resource.js').Resource<Patient>} */
  const known = useResource(desk, id && `/patients/${id}`, {});
  return html`<div class="view"><${ViewHead} title=${desk.t('nav.new-referral')} />
    ${id ? html`<${Loaded} desk=${desk} resource=${known}>${(/** @type {Patient} */ patient) => html`<${Form} desk=${desk} first=${patient} />`}<//>` : html`<${Form} desk=${desk} first=${null} />`}</div>`;
}

/** @param {{desk: Desk, first: Patient | null}} props */
function Form({ desk, first }) {
  const { t } = desk;
  const [patient, setPatient] = useState(/** @type {Patient | null} */ (first));
  const [isNew, setNew] = useState(false);
  const [draft, setDraft] = useState(EMPTY_PATIENT);
  const [referral, setReferral] = useState({ mis_ref: '', referring_doctor: desk.me.roles.includes('family_doctor') ? desk.me.name : '', specialty: '', reason: '', icd10: '', priority: 'routine' });
  /** @type {import('../resource.js').Resource<{items: string[]}>} */
  const specialties = useResource(desk, '/specialties', {});
  const act = useAct(desk);
  const set = (/** @type {keyof typeof referral} */ name) => (/** @type {string} */ value) => setReferral({ ...referral, [name]: value });
  const field = (/** @type {string} */ name) => act.problem?.field(name);

  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void act.run(async () => {
      const { icd10, mis_ref, ...rest } = referral;
      const made = await desk.api.create('/referrals', {
        ...rest, ...(mis_ref.trim() && { mis_ref: mis_ref.trim() }), ...(icd10.trim() && { icd10: icd10.trim().toUpperCase() }), site: desk.me.site.id, patient: patient ? patient.id : patientInput(draft, null),
      });
      desk.done(t('referral.saved'));
      if (can(desk.me, 'appointments:write')) desk.go('book', made.id);
      else desk.go('referrals');
    });
  };
  const options = (specialties.data?.items ?? []).map((value) => ({ value, label: specialtyWords(desk, value) })).sort((a, b) => a.label.localeCompare(b.label, desk.language));

  return html`<div class="view">
    <section class="card form-card" aria-labelledby="whom-title"><h2 id="whom-title">${t('role.patient')}</h2>
      ${patient
        ? html`<div class="sheet-row chosen" data-testid="chosen-patient"><div class="row-words"><p class="row-name">${patient.name}</p><p class="row-line">${dayWords(patient.birth_date)}${patient.iin ? ` · ${t('patient.iin')} ${patient.iin}` : ''}</p></div>
            <button type="button" class="button is-quiet is-small" data-testid="other-patient" onClick=${() => setPatient(null)}>${t('referral.other_patient')}</button></div>`
        : isNew
          ? html`<${PatientFields} desk=${desk} draft=${draft} onDraft=${setDraft} problem=${act.problem} prefix="patient." />
              <div class="row-actions"><button type="button" class="button is-quiet is-small" onClick=${() => setNew(false)}>${t('patient.search')}</button></div>`
          : html`<${PatientSearch} desk=${desk}>${(/** @type {Patient} */ found) => html`<button type="button" class="button is-primary is-small" data-testid="choose-patient" onClick=${() => setPatient(found)}>${t('referral.choose')}</button>`}<//>
              <div class="row-actions"><button type="button" class="button is-quiet is-small" data-testid="patient-is-new" onClick=${() => setNew(true)}><${Icon} name="plus" size=${18} />${t('patient.new')}</button></div>`}
    </section>
    <form class="card form-card fields" onSubmit=${submit}>
      <h2>${t('referral.title')}</h2>
      <div class="fields is-two">
        <${SelectField} id="specialty" label=${t('referral.specialty')} value=${referral.specialty} onInput=${set('specialty')} isRequired=${true} error=${field('specialty')} options=${[{ value: '', label: t('referral.choose_specialty') }, ...options]} />
        <${ChoiceField} name="priority" label=${t('referral.priority')} value=${referral.priority} onInput=${set('priority')} options=${['routine', 'urgent'].map((value) => ({ value, label: priorityWords(desk, value) }))} />
        <${TextField} id="referring-doctor" label=${t('referral.doctor')} value=${referral.referring_doctor} onInput=${set('referring_doctor')} isRequired=${true} maxlength=${200} error=${field('referring_doctor')} />
        <${TextField} id="mis-ref" label=${t('referral.mis_ref')} hint=${t('referral.mis_ref_hint')} value=${referral.mis_ref} onInput=${set('mis_ref')} maxlength=${80} error=${field('mis_ref')} />
        <div class="is-whole"><${TextArea} id="reason" label=${t('referral.reason')} value=${referral.reason} onInput=${set('reason')} isRequired=${true} maxlength=${4000} error=${field('reason')} /></div>
        <${TextField} id="icd10" label=${t('referral.icd10')} hint=${t('referral.icd10_hint')} value=${referral.icd10} onInput=${set('icd10')} maxlength=${7} error=${field('icd10')} />
      </div>
      <${ProblemBox} desk=${desk} problem=${act.problem ?? specialties.problem} />
      <div class="desk-actions"><button type="button" class="button is-quiet" onClick=${() => history.back()}>${t('desk.cancel')}</button>
        <button type="submit" class="button is-primary" data-testid="referral-submit" disabled=${act.isBusy || (!patient && !isNew)}>${t('referral.save')}</button></div>
    </form>
  </div>`;
}
