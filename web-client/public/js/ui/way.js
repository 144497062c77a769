/** A guest's way from the link to the waiting room: what this visit is, whether they come, what they agree to. */
import { html, useEffect, useRef, useState } from './html.js';
import { Icon } from './icons.js';
import { ProblemWords } from './frame.js';
import { PhoneLine } from './phone-line.js';
import { Survey } from './survey.js';
import { clock, date, dayOf, addDays, viewerZone, zoneSuffix } from '../desk/clinic-time.js';
import { isKey } from '../i18n/index.js';
import { CANNOT_COME, actsForPatient, awaitsPatient, inOrder, mayEnter, opensAtMs, stepOf } from '../state/way.js';

/** @typedef {import('./frame.js').Translate} Translate */
/** @typedef {import('./frame.js').ViewProps & {way: import('../state/reducer.js').Way}} WayProps */

/** A timer takes no more; nobody keeps the page open for weeks. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const ASK_AGAIN_MS = 20_000;

/** @param {import('./frame.js').ViewProps} props */
export function WayPage(props) {
  const { way } = props.state;
  const step = way ? stepOf(way.visit, way) : null;
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  const before = useRef(step);
  // Another page without a load: whoever listens begins at its heading.
  useEffect(() => {
    if (before.current !== step) ref.current?.querySelector('h1')?.focus();
    before.current = step;
  }, [step]);
  if (!way || !step) return null;
  const Step = { over: Over, consent: Consent, declined: Declined, greeting: Greeting, ready: Greeting }[step];
  return html`<section ref=${ref} class="card way" data-testid="way-${step === 'ready' ? 'greeting' : step}" data-status=${way.visit.appointment.status} aria-busy=${way.isBusy}>
    <${Step} ...${props} way=${way} />
  </section>`;
}

/** @param {WayProps} props */
function Greeting(props) {
  const { session, t, way } = props;
  const { visit } = way;
  const [isRefusing, setRefusing] = useState(false);
  useWaitingRoomOpening(props);
  const may = (/** @type {string} */ act) => visit.allowed.includes(act);
  const enters = mayEnter(visit);
  return html`<h1 tabindex="-1">${t(`way.title.${visit.appointment.channel}`)}</h1>
    <p class="lead">${t('check.hello', { name: visit.name })}</p>
    <${Facts} ...${props} />
    <${Guidance} ...${props} />
    <${Trouble} ...${props} />
    ${isRefusing
      ? html`<${CannotCome} ...${props} onBack=${() => setRefusing(false)} />`
      : html`<div class="way-actions">
          ${enters && html`<${Action} way=${way} testid="way-enter" look="is-primary is-large" onClick=${() => session.way.enter()}>${t('way.enter')}<//>`}
          ${may('confirm') && !enters && html`<${Action} way=${way} testid="way-confirm" look="is-primary is-large" onClick=${() => session.way.confirm()}>${t('way.confirm')}<//>`}
          ${may('cancel') && html`<${Action} way=${way} testid="way-cannot-come" look="is-quiet" onClick=${() => setRefusing(true)}>${t('way.cannot_come')}<//>`}
        </div>`}`;
}

/** Doctor, time, clinic, phone. @param {WayProps} props */
function Facts({ state, t, way }) {
  const { specialist, site, start, end } = way.visit.appointment;
  return html`<dl class="facts">
    <div><dt>${t('way.doctor')}</dt><dd><strong>${specialist.name}</strong><br />${specialtyWords(t, specialist.specialty)}</dd></div>
    <div><dt>${t('way.when')}</dt><dd data-testid="way-when"><${When} language=${state.language} t=${t} start=${start} end=${end} zone=${site.time_zone} /></dd></div>
    <div><dt>${t('way.clinic')}</dt><dd>${site.name}${site.phone && html`<br /><${PhoneLine} phone=${site.phone} t=${t} />`}</dd></div>
  </dl>`;
}

/** The clinic's clock; where the phone's differs, by how much. @param {{language: string, t: Translate, start: string, end: string, zone: string}} props */
export function When({ language, t, start, end, zone }) {
  const day = dayOf(start, zone);
  const today = dayOf(Date.now(), zone);
  const weekday = new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: zone }).format(new Date(start));
  const dayWords = day === today ? t('way.today') : day === addDays(today, 1) ? t('way.tomorrow') : weekday;
  const suffix = zoneSuffix(start, zone, viewerZone());
  return html`<strong>${dayWords}, ${date(start, zone)}, <span class="time">${clock(start, zone)}–${clock(end, zone)}</span></strong>${suffix && html`<br /><span data-testid="zone-suffix">${t('way.zone', { zone: suffix })}</span>`}`;
}

/** What to do now, in words. @param {WayProps} props */
function Guidance({ t, way }) {
  const { visit } = way;
  const { channel, status, site, start } = visit.appointment;
  const opens = opensAtMs(visit, Date.now());
  const words = () => {
    if (awaitsPatient(visit, Date.now())) return t('way.not_begun');
    if (channel !== 'home_link') return t(`way.how.${channel}`, { time: clock(start, site.time_zone) });
    if (opens !== null) return t('way.opens', { time: clock(opens, site.time_zone) });
    return mayEnter(visit) ? null : t('way.closed_now');
  };
  return html`<div class="way-words" role="status" aria-live="polite" data-testid="way-guidance">
    ${status === 'confirmed' && actsForPatient(visit) && html`<p class="way-done"><${Icon} name="check" size=${20} />${t('way.confirmed')}</p>`}
    ${words() && html`<p>${words()}</p>`}
  </div>`;
}

/** The button to enter comes by itself when the time comes, and when the phone wakes. @param {WayProps} props */
function useWaitingRoomOpening({ session, way }) {
  const opens = opensAtMs(way.visit, Date.now());
  const awaits = awaitsPatient(way.visit, Date.now());
  useEffect(() => {
    const refresh = () => {
      if (document.visibilityState === 'visible') void session.way.refresh();
    };
    document.addEventListener('visibilitychange', refresh);
    const timer = opens === null ? undefined : setTimeout(refresh, Math.min(opens - Date.now() + 1000, LONGEST_TIMER_MS));
    // A guest has no socket yet that could tell; the minutes before a visit are few.
    const asking = awaits ? setInterval(refresh, ASK_AGAIN_MS) : undefined;
    return () => {
      document.removeEventListener('visibilitychange', refresh);
      clearTimeout(timer);
      clearInterval(asking);
    };
  }, [opens, awaits]);
}

/** @param {WayProps & {onBack: () => void}} props */
function CannotCome({ session, t, way, onBack }) {
  const [reason, setReason] = useState('');
  return html`<form class="way-form" data-testid="way-reasons" onSubmit=${(/** @type {Event} */ event) => {
    event.preventDefault();
    if (reason) void session.way.cancel(reason);
  }}>
    <fieldset class="choices"><legend>${t('way.why')}</legend>
      ${CANNOT_COME.map((code) => html`<${Choice} key=${code} name="why" value=${code} checked=${reason === code} onChoose=${setReason}>${t(`way.why.${code}`)}<//>`)}
    </fieldset>
    <div class="way-actions">
      <button type="submit" class="button is-danger" data-testid="way-cancel" disabled=${way.isBusy || !reason}>${t('way.cancel')}</button>
      <button type="button" class="button is-quiet" data-testid="way-keep" onClick=${onBack}>${t('way.keep')}</button>
    </div>
  </form>`;
}

/** @param {WayProps} props */
function Consent({ session, t, way }) {
  const texts = inOrder(way.texts);
  const [answers, setAnswers] = useState(/** @type {import('../state/way.js').Decisions} */ ({}));
  const everything = (/** @type {'given' | 'refused'} */ decision) => session.way.decide(Object.fromEntries(texts.map(({ purpose }) => [purpose, decision])));
  const answered = texts.every(({ purpose }) => answers[purpose]);
  const single = texts.length === 1;
  return html`<h1 tabindex="-1">${t('consent.title')}</h1>
    <p>${t(actsForPatient(way.visit) && way.visit.role !== 'patient' ? 'consent.lead_representative' : 'consent.lead')}</p>
    ${texts.map(
      ({ purpose, version, text }) => html`<article class="consent" key=${purpose} data-testid="consent-${purpose}">
        <h2>${purposeWords(t, purpose)}</h2>
        <p class="consent-text">${text}</p>
        <p class="quiet">${t('consent.version', { version })}</p>
        ${!single &&
        html`<fieldset class="choices is-row"><legend class="sr-only">${purposeWords(t, purpose)}</legend>
          ${(/** @type {const} */ (['given', 'refused'])).map((decision) => html`<${Choice} key=${decision} name=${purpose} value=${decision} checked=${answers[purpose] === decision}
            onChoose=${() => setAnswers({ ...answers, [purpose]: decision })}>${t(`consent.${decision}`)}<//>`)}
        </fieldset>`}
      </article>`,
    )}
    <${Trouble} t=${t} way=${way} />
    <div class="way-actions">
      <${Action} way=${way} testid="consent-give" look="is-primary is-large" onClick=${() => everything('given')}>${t(single ? 'consent.give' : 'consent.give_all')}<//>
      ${single
        ? html`<${Action} way=${way} testid="consent-refuse" look="is-quiet" onClick=${() => everything('refused')}>${t('consent.refuse')}<//>`
        : html`<${Action} way=${way} testid="consent-answers" look="is-quiet" isOff=${!answered} onClick=${() => session.way.decide(answers)}>${t('consent.as_answered')}<//>`}
      <button type="button" class="button is-plain" data-testid="way-back" onClick=${() => session.way.back()}>${t('way.back')}</button>
    </div>`;
}

/** @param {WayProps} props */
function Declined({ session, t, way }) {
  const { site } = way.visit.appointment;
  return html`<h1 tabindex="-1">${t('consent.declined')}</h1>
    <p>${t('consent.declined_what')}</p>
    <${PhoneLine} phone=${site.phone} t=${t} isLarge=${true} />
    <${Trouble} t=${t} way=${way} />
    <div class="way-actions">
      <${Action} way=${way} testid="consent-again" look="is-primary" onClick=${() => session.way.thinkAgain()}>${t('consent.again')}<//>
      ${way.visit.allowed.includes('cancel') &&
      html`<${Action} way=${way} testid="way-cancel" look="is-quiet" onClick=${() => session.way.cancel('patient_declined')}>${t('way.cancel')}<//>`}
      <button type="button" class="button is-plain" data-testid="way-back" onClick=${() => session.way.back()}>${t('way.back')}</button>
    </div>`;
}

/** Nothing more happens at this visit. @param {WayProps} props */
function Over(props) {
  const { t, way } = props;
  const { status, site } = way.visit.appointment;
  const title = `way.over.${status}`;
  return html`<span class="card-badge"><${Icon} name=${status === 'completed' ? 'check' : 'clock'} size=${28} /></span>
    <h1 tabindex="-1">${isKey(title) ? t(title) : t('way.over.completed')}</h1>
    ${status === 'completed' ? actsForPatient(way.visit) && html`<${Survey} ...${props} />` : html`<p>${t('way.over_what')}</p>`}
    <${PhoneLine} phone=${site.phone} t=${t} isLarge=${true} />`;
}

/** What the server said to what was told last. @param {{t: Translate, way: WayProps['way']}} props */
function Trouble({ t, way }) {
  return html`<div role="alert">${way.problem && html`<div class="notice" data-testid="way-problem" data-code=${way.problem.code}><${Icon} name="alert" /><div class="notice-text"><${ProblemWords} problem=${way.problem} t=${t} /></div></div>`}</div>`;
}

/** @param {{way: WayProps['way'], testid: string, look: string, isOff?: boolean, onClick: () => void, children?: unknown}} props */
function Action({ way, testid, look, isOff = false, onClick, children }) {
  return html`<button type="button" class="button ${look}" data-testid=${testid} disabled=${way.isBusy || isOff} onClick=${onClick}>${children}</button>`;
}

/** @param {{name: string, value: string, checked: boolean, onChoose: (value: string) => void, children?: unknown}} props */
function Choice({ name, value, checked, onChoose, children }) {
  return html`<label class="choice-row"><input type="radio" name=${name} value=${value} data-testid="${name}-${value}" checked=${checked} onChange=${() => onChoose(value)} /><span>${children}</span></label>`;
}

/** @param {Translate} t @param {string | null} code */
export function specialtyWords(t, code) {
  if (code === null) return '';
  const key = `specialty.${code}`;
  return isKey(key) ? t(key) : code.replaceAll('_', ' ');
}

/** @param {Translate} t @param {string} purpose */
function purposeWords(t, purpose) {
  const key = `consent.of.${purpose}`;
  return isKey(key) ? t(key) : purpose.replaceAll('_', ' ');
}
