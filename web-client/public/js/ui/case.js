/** Beside the call, for staff: who the patient is and why they were sent, what they agreed to; for the specialist the conclusion and the end. */
import { html, useEffect, useRef, useState } from './html.js';
import { Icon } from './icons.js';
import { ageOn, dayOf } from '../desk/clinic-time.js';
import { isKey } from '../i18n/index.js';

/** @typedef {import('./frame.js').Translate} Translate */
/** @typedef {import('../session/case.js').Case} Case */
/** @typedef {import('../desk/types.js').Appointment} Appointment */
/** @typedef {import('../state/draft.js').Draft} Draft */

/** Why a visit ends without a conclusion, as booking.md counts it. */
const NO_SUMMARY = ['patient_left', 'consent_refused', 'sent_to_hospital', 'written_in_mis', 'technical_check'];
const ALWAYS_ASKED = 'consultation';

/** @param {{of: Case, t: Translate}} props */
export function CasePanel({ of, t }) {
  const [{ visit, problem, isBusy }, setState] = useState(of.store.state());
  const [draft, setDraft] = useState(of.draft.state());
  useEffect(() => {
    setState(of.store.state());
    setDraft(of.draft.state());
    const stops = [of.store.subscribe(setState), of.draft.subscribe(setDraft)];
    return () => stops.forEach((stop) => stop());
  }, [of]);
  if (!visit) return html`${problem ? html`<${Trouble} problem=${problem} t=${t} />` : html`<p class="quiet" role="status">${t('app.loading')}</p>`}`;
  return html`<${About} visit=${visit} t=${t} />
    <${Consents} visit=${visit} t=${t} />
    <${Proposal} of=${of} visit=${visit} isBusy=${isBusy} t=${t} />
    ${of.writes && html`<${Conclusion} of=${of} draft=${draft} t=${t} /><${Finish} of=${of} visit=${visit} draft=${draft} isBusy=${isBusy} problem=${problem} t=${t} />`}
    ${!of.writes && problem && html`<${Trouble} problem=${problem} t=${t} />`}`;
}

/** The patient and the question. @param {{visit: Appointment, t: Translate}} props */
function About({ visit, t }) {
  const { patient, referral } = visit;
  const age = ageOn(patient.birth_date, dayOf(visit.start, visit.site.time_zone));
  return html`<section class="case-part" data-testid="case-referral">
    <p class="case-name">${patient.name}, ${t('case.age', { age })}</p>
    ${patient.needs_interpreter && html`<p class="case-flag"><${Icon} name="people" size=${18} />${t('case.interpreter')}</p>`}
    <h3>${t('case.referral')}</h3>
    ${referral
      ? html`${referral.priority === 'urgent' && html`<p class="case-flag"><${Icon} name="alert" size=${18} />${t('case.urgent')}</p>`}
          <p class="case-text" data-testid="case-reason">${referral.icd10 && html`<b>${referral.icd10}</b> `}${referral.reason}</p>
          <p class="quiet">${t('case.referred_by', { name: referral.referring_doctor })}</p>`
      : html`<p class="quiet">${t('case.no_referral')}</p>`}
  </section>`;
}

/** @param {{visit: Appointment, t: Translate}} props */
function Consents({ visit, t }) {
  const purposes = [ALWAYS_ASKED, ...Object.keys(visit.consents).filter((purpose) => purpose !== ALWAYS_ASKED)];
  return html`<section class="case-part" aria-live="polite"><h3>${t('case.consents')}</h3>
    <ul class="case-consents">${purposes.map((purpose) => {
      const decision = visit.consents[purpose] ?? 'none';
      return html`<li key=${purpose} class="is-${decision}" data-testid="case-consent-${purpose}" data-decision=${decision}>
        <${Icon} name=${decision === 'given' ? 'check' : decision === 'none' ? 'clock' : 'close'} size=${18} /><span>${codeWords(t, 'consent.of', purpose)}: <b>${t(`case.consent_${decision}`)}</b></span></li>`;
    })}</ul>
  </section>`;
}

/** The system believes that it did not take place. @param {{of: Case, visit: Appointment, isBusy: boolean, t: Translate}} props */
function Proposal({ of, visit, isBusy, t }) {
  const event = visit.proposal === 'no_show' ? 'confirm_no_show' : 'confirm_failure';
  if (visit.proposal === null || !visit.allowed.includes(event)) return null;
  return html`<section class="case-part case-flagged" role="status" data-testid="case-proposal">
    <p><${Icon} name="alert" size=${18} /> ${event === 'confirm_no_show' ? t('case.no_show') : t('case.failure', { reason: codeWords(t, 'reason', visit.proposal).toLowerCase() })}</p>
    <button type="button" class="button is-quiet" data-testid="case-confirm" disabled=${isBusy} onClick=${() => of.confirm(event)}>${t('case.yes_so')}</button>
  </section>`;
}

/** @param {{of: Case, draft: Draft, t: Translate}} props */
function Conclusion({ of, draft, t }) {
  const isClosed = draft.status === 'signed' || draft.status === 'loading';
  const field = (/** @type {keyof import('../state/draft.js').Words} */ name, /** @type {number} */ rows) => html`<div class="case-field">
    <label for="case-${name}">${t(`case.${name}`)}</label>
    <textarea id="case-${name}" data-testid="case-${name}" rows=${rows} readonly=${isClosed} value=${draft.words[name]} aria-describedby="case-saved"
      onInput=${(/** @type {InputEvent} */ event) => of.type(name, /** @type {HTMLTextAreaElement} */ (event.currentTarget).value)}></textarea>
    ${draft.problem?.field(name) && html`<p class="case-error">${draft.problem.field(name)}</p>`}
  </div>`;
  return html`<section class="case-part" data-testid="case-conclusion" data-status=${draft.status}>
    <h3>${t('case.conclusion')}</h3>
    ${draft.theirs && html`<${Overtaken} of=${of} theirs=${draft.theirs} t=${t} />`}
    ${field('summary', 6)}${field('recommendations', 4)}${field('icd10', 1)}
    <p id="case-saved" class="case-saved is-${draft.status}" role="status" data-testid="case-saved"><${Icon} name=${draft.status === 'failed' || draft.status === 'overtaken' ? 'alert' : draft.status === 'saved' || draft.status === 'signed' ? 'check' : 'clock'} size=${16} />
      <span>${savedWords(draft, t)}</span></p>
  </section>`;
}

/** @param {Draft} draft @param {Translate} t */
function savedWords({ status, words, problem }, t) {
  if (status === 'saved' && words.summary === '') return t('case.saved.blank');
  if (status === 'unsaved' && words.summary.trim() === '') return t('case.saved.needs_summary');
  if (status === 'failed' && problem?.isAnswer) return `${t('case.saved.refused')} ${problem.title ?? ''}`;
  return t(`case.saved.${status}`);
}

/** The same visit is open in another window, which was faster. @param {{of: Case, theirs: import('../state/draft.js').Words, t: Translate}} props */
function Overtaken({ of, theirs, t }) {
  return html`<div class="case-flagged" role="alert" data-testid="case-overtaken">
    <p>${t('case.overtaken')}</p>
    <blockquote class="case-text">${theirs.summary}</blockquote>
    <div class="case-actions">
      <button type="button" class="button is-quiet" data-testid="take-theirs" onClick=${() => of.choose('take_theirs')}>${t('case.take_theirs')}</button>
      <button type="button" class="button is-quiet" data-testid="keep-mine" onClick=${() => of.choose('keep_mine')}>${t('case.keep_mine')}</button>
    </div>
  </div>`;
}

/** @param {{of: Case, visit: Appointment, draft: Draft, isBusy: boolean, problem: import('../desk/problem.js').Problem | null, t: Translate}} props */
function Finish({ of, visit, draft, isBusy, problem, t }) {
  const [isAsking, setAsking] = useState(false);
  const may = visit.allowed.includes('complete');
  if (draft.status === 'signed') return html`<p class="case-saved is-signed" role="status" data-testid="case-signed"><${Icon} name="check" size=${20} />${t('case.signed')}</p>`;
  return html`<div class="case-finish">
    ${problem && !isAsking && html`<${Trouble} problem=${problem} t=${t} />`}
    ${!may && html`<p class="quiet">${t('case.not_yet')}</p>`}
    <button type="button" class="button is-primary is-large" data-testid="finish" disabled=${!may || isBusy || draft.status === 'loading' || draft.status === 'overtaken'} onClick=${() => setAsking(true)}>${t('case.finish')}</button>
    ${isAsking && html`<${FinishDialog} of=${of} draft=${draft} isBusy=${isBusy} problem=${problem} t=${t} onClose=${() => setAsking(false)} />`}
  </div>`;
}

/** @param {{of: Case, draft: Draft, isBusy: boolean, problem: import('../desk/problem.js').Problem | null, t: Translate, onClose: () => void}} props */
function FinishDialog({ of, draft, isBusy, problem, t, onClose }) {
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [reason, setReason] = useState('');
  const hasSummary = draft.words.summary.trim() !== '';
  useEffect(() => {
    if (ref.current && !ref.current.open) ref.current.showModal();
  }, []);
  const finish = async () => {
    if (await of.finish(hasSummary ? null : reason)) onClose();
  };
  return html`<dialog class="dialog" ref=${ref} data-testid="finish-dialog" aria-labelledby="finish-title" onCancel=${onClose}>
    <h2 id="finish-title">${t(hasSummary ? 'case.finish_title' : 'case.finish_without')}</h2>
    <p>${t(hasSummary ? 'case.finish_what' : 'case.finish_without_what')}</p>
    ${!hasSummary &&
    html`<fieldset class="choices case-reasons"><legend class="sr-only">${t('case.finish_without')}</legend>
      ${NO_SUMMARY.map((code) => html`<label class="choice-row" key=${code}><input type="radio" name="no-summary" value=${code} data-testid="no-summary-${code}" checked=${reason === code} onChange=${() => setReason(code)} /><span>${codeWords(t, 'reason', code)}</span></label>`)}
    </fieldset>`}
    ${problem && html`<${Trouble} problem=${problem} t=${t} />`}
    <div class="dialog-actions">
      <button type="button" class="button is-quiet" data-testid="finish-cancel" onClick=${onClose}>${t('app.cancel')}</button>
      <button type="button" class="button is-primary" data-testid="finish-ok" disabled=${isBusy || (!hasSummary && !reason)} onClick=${finish}>${t(hasSummary ? 'case.sign' : 'case.end')}</button>
    </div>
  </dialog>`;
}

/** @param {{problem: import('../desk/problem.js').Problem, t: Translate}} props */
function Trouble({ problem, t }) {
  return html`<div class="notice" role="alert" data-testid="case-problem" data-code=${problem.code}><${Icon} name="alert" /><div class="notice-text">
    <p>${problem.title ?? t('errors.E-NET-1')}</p>${problem.detail && html`<p>${problem.detail}</p>`}<p class="problem-code">${t('error.code')}: <span>${problem.code}</span></p></div></div>`;
}

/** @param {Translate} t @param {string} prefix @param {string} code that the server may know better than this page */
function codeWords(t, prefix, code) {
  const key = `${prefix}.${code}`;
  return isKey(key) ? t(key) : code.replaceAll('_', ' ');
}
