/** Before the call: is this the patient, what is read out to them, and whose decision it is. The nurse beside the cart touches what was said. */
import { html, useRef, useState } from '../ui/html.js';
import { Icon } from '../ui/icons.js';
import { LANGUAGES } from '../i18n/index.js';
import { dayWords, span } from '../desk/clinic-time.js';
import { ChoiceField, TextField } from '../desk/parts/field.js';
import { ProblemBox } from '../desk/parts/problem.js';
import { useAct, useList } from '../desk/resource.js';
import { specialtyWords } from '../desk/words.js';
import { enterVisit } from './kiosk.js';
import { consentText, isGiverKnown, textLanguage } from './rules.js';

/** @typedef {import('../desk/types.js').Appointment} Appointment */
/** @typedef {'patient' | 'legal_representative'} Giver */

/** @param {{kiosk: import('./kiosk.js').KioskView, visit: Appointment, onClose: () => void}} props */
export function ConsentScreen({ kiosk, visit, onClose }) {
  const { t, zone, api } = kiosk;
  const texts = useList(kiosk, '/consent-texts', {}, []);
  const text = consentText(/** @type {{purpose: string, version: number, texts: Record<string, string>}[]} */ (texts.data ?? []));
  const [wish, setWish] = useState(visit.patient.language);
  const [giver, setGiver] = useState(/** @type {Giver} */ ('patient'));
  const [name, setName] = useState('');
  // What the server said of the visit last: after a failure in the middle, check-in is not asked for twice.
  const latest = useRef(visit);
  const act = useAct(kiosk);
  const language = text ? textLanguage(text.texts, wish) : wish;
  const isReady = text !== null && isGiverKnown(giver, name) && !act.isBusy;

  const decide = (/** @type {'given' | 'refused'} */ decision) =>
    act.run(async () => {
      if (!text) return;
      if (latest.current.allowed.includes('check_in')) {
        latest.current = await api.post(`/appointments/${visit.id}/events`, { event: 'check_in' }, latest.current.version);
      }
      const giverName = giver === 'patient' ? {} : { giver_name: name.trim() };
      await api.create(`/appointments/${visit.id}/consents`, { purpose: 'consultation', decision, text_version: text.version, language, giver, ...giverName });
      if (decision === 'given') enterVisit(visit);
      else onClose();
    });

  return html`<section class="consent" data-testid="consent">
    <button type="button" class="button is-quiet consent-back" data-testid="consent-back" onClick=${onClose}><${Icon} name="left" size=${20} />${t('desk.back')}</button>
    <div class="consent-who card">
      <h1 tabindex="-1">${visit.patient.name}</h1>
      <p>${t('kiosk.born', { date: dayWords(visit.patient.birth_date) })}</p>
      <p>${span(visit.start, visit.end, zone)} · ${visit.specialist.name} · ${specialtyWords(kiosk, visit.specialist.specialty)}</p>
    </div>
    <div class="consent-text card">
      <div class="consent-head">
        <h2>${t('kiosk.read_out')}</h2>
        <div class="languages" role="group" aria-label=${t('kiosk.text_language')}>
          ${LANGUAGES.filter(({ id }) => text?.texts[id]).map(
            ({ id, name }) => html`<button type="button" class="language" lang=${id} key=${id} data-testid="consent-${id}" aria-pressed=${id === language} onClick=${() => setWish(id)}>${name}</button>`,
          )}
        </div>
      </div>
      <${ProblemBox} desk=${kiosk} problem=${texts.problem} onRetry=${texts.reload} />
      ${texts.data === null && texts.isLoading && html`<p class="quiet" role="status">${t('desk.loading')}</p>`}
      ${texts.data !== null && !text && html`<p class="notice"><${Icon} name="alert" /><span>${t('kiosk.no_text')}</span></p>`}
      ${text && html`<div class="consent-words" lang=${language} data-testid="consent-words" tabindex="0" role="region" aria-label=${t('kiosk.read_out')}>
        ${text.texts[language]?.split('\n').map((line) => html`<p>${line}</p>`)}</div>`}
    </div>
    <div class="consent-decision card">
      <${ChoiceField} name="giver" label=${t('kiosk.giver')} value=${giver} onInput=${(/** @type {string} */ value) => setGiver(/** @type {Giver} */ (value))}
        options=${[{ value: 'patient', label: t('kiosk.giver_patient') }, { value: 'legal_representative', label: t('kiosk.giver_representative') }]} />
      ${giver === 'legal_representative' &&
      html`<${TextField} id="giver-name" label=${t('kiosk.giver_name')} value=${name} onInput=${setName} maxlength=${200} isRequired=${true} error=${act.problem?.field('giver_name')} />`}
      <${ProblemBox} desk=${kiosk} problem=${act.problem} />
      <div class="consent-actions">
        <button type="button" class="button is-quiet is-large" data-testid="consent-refused" disabled=${!isReady} onClick=${() => decide('refused')}>${t('kiosk.refuses')}</button>
        <button type="button" class="button is-primary is-large" data-testid="consent-given" disabled=${!isReady} onClick=${() => decide('given')}><${Icon} name="check" />${t('kiosk.agrees')}</button>
      </div>
    </div>
  </section>`;
}
