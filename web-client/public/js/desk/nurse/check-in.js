/** The patient is here: consent to the consultation in the patient's words, check-in, and the way into the call. Three clicks with the one that opened it. */
import { html, useState } from '../../ui/html.js';
import { Dialog, DialogActions } from '../parts/dialog.js';
import { ChoiceField, TextField } from '../parts/field.js';
import { Badge, Loaded } from '../parts/frame.js';
import { ProblemBox } from '../parts/problem.js';
import { useAct, useList } from '../resource.js';
import { LANGUAGES } from '../../i18n/index.js';
import { isConsentDecided } from './timeline.js';

/** @typedef {import('../shell.js').Desk} Desk */
/** @typedef {{purpose: string, version: number, texts: Record<string, string>}} ConsentText */

/** @param {{desk: Desk, visit: import('../types.js').Appointment, onClose: () => void, onCancelVisit: () => void}} props */
export function CheckIn({ desk, visit, onClose, onCancelVisit }) {
  const { t } = desk;
  /** @type {import('../resource.js').Resource<ConsentText[]>} */
  const texts = useList(desk, '/consent-texts', {}, []);
  const isHere = ['checked_in', 'in_call'].includes(visit.status);
  const hasRefused = !isHere && visit.consents.consultation === 'refused';
  return html`<${Dialog} desk=${desk} title=${visit.patient.name} testId="check-in-dialog" onClose=${onClose}>
    ${isHere
      ? html`<p><${Badge} tone="good" icon="check">${t('visit.checked_in')}<//></p><p class="quiet">${t('check_in.ready')}</p>
          <${DialogActions}><button type="button" class="button is-quiet" onClick=${onClose}>${t('desk.close')}</button>
            <a class="button is-primary" data-testid="start-now" href="/visit#a=${visit.id}">${t('visit.start')}</a><//>`
      : hasRefused
        ? html`<p>${t('check_in.refused')}</p><${DialogActions}><button type="button" class="button is-quiet" onClick=${onClose}>${t('desk.close')}</button>
            <button type="button" class="button is-primary" data-testid="cancel-after-refusal" onClick=${onCancelVisit}>${t('visit.cancel')}</button><//>`
        : html`<${Loaded} desk=${desk} resource=${texts}>${(/** @type {ConsentText[]} */ all) => html`<${Consent} desk=${desk} visit=${visit} text=${newest(all)} />`}<//>`}
  <//>`;
}

/** @param {readonly ConsentText[]} texts @returns {ConsentText | null} */
function newest(texts) {
  const ofConsultation = texts.filter(({ purpose }) => purpose === 'consultation').sort((a, b) => b.version - a.version);
  return ofConsultation[0] ?? null;
}

/** @param {{desk: Desk, visit: import('../types.js').Appointment, text: ConsentText | null}} props */
function Consent({ desk, visit, text }) {
  const { t } = desk;
  const act = useAct(desk);
  const [language, setLanguage] = useState(visit.patient.language);
  const [giver, setGiver] = useState('patient');
  const [giverName, setGiverName] = useState('');
  if (!text) return html`<p class="notice">${t('check_in.no_text')}</p>`;

  const decide = (/** @type {'given' | 'refused'} */ decision) =>
    act.run(async () => {
      // A consent that was written before a check-in that failed is not written twice.
      if (!isConsentDecided(visit) || decision === 'refused') {
        const name = giver === 'legal_representative' ? { giver_name: giverName.trim() } : {};
        await desk.api.create(`/appointments/${visit.id}/consents`, { purpose: 'consultation', decision, text_version: text.version, language, giver, ...name });
      }
      if (decision === 'refused') return;
      const { version } = await desk.api.get(`/appointments/${visit.id}`);
      await desk.api.post(`/appointments/${visit.id}/events`, { event: 'check_in' }, version);
    });
  return html`<div class="fields">
    <div class="consent-languages" role="group" aria-label=${t('check_in.language')}>
      ${LANGUAGES.map(({ id, name }) => html`<button type="button" key=${id} lang=${id} class="language" data-testid="consent-${id}" aria-pressed=${id === language} onClick=${() => setLanguage(id)}>${name}</button>`)}
    </div>
    <blockquote class="consent-text" lang=${language} data-testid="consent-text" tabindex="0">${text.texts[language] ?? text.texts.ru}</blockquote>
    <${ChoiceField} name="giver" label=${t('check_in.giver')} value=${giver} onInput=${setGiver}
      options=${[{ value: 'patient', label: t('check_in.giver_patient') }, { value: 'legal_representative', label: t('check_in.giver_representative') }]} />
    ${giver === 'legal_representative' && html`<${TextField} id="giver-name" label=${t('check_in.giver_name')} value=${giverName} onInput=${setGiverName} isRequired=${true} error=${act.problem?.field('giver_name')} />`}
    <${ProblemBox} desk=${desk} problem=${act.problem} />
    <${DialogActions}>
      <button type="button" class="button is-quiet" data-testid="consent-refused" disabled=${act.isBusy} onClick=${() => decide('refused')}>${t('check_in.refuse')}</button>
      <button type="button" class="button is-primary" data-testid="consent-given" disabled=${act.isBusy} onClick=${() => decide('given')}>${t('check_in.agree')}</button>
    <//>
  </div>`;
}
