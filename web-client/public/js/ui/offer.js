/** A time that came free, offered to somebody who waits for one: taken or left with a tap, by the link of the message. */
import { html, useEffect, useState } from './html.js';
import { Icon } from './icons.js';
import { ProblemWords } from './frame.js';
import { PhoneLine } from './phone-line.js';
import { specialtyWords, When } from './way.js';
import { clock, date } from '../desk/clinic-time.js';
import { pageLanguage } from '../i18n/index.js';
import { problemOf } from '../session/way.js';

/**
 * @typedef {object} Offer
 * @property {'open' | 'accepted' | 'declined' | 'gone'} status
 * @property {string} start
 * @property {string} end
 * @property {string} expires
 * @property {'cart' | 'home_link' | 'phone'} channel
 * @property {{name: string, specialty: string}} specialist
 * @property {{name: string, time_zone: string, phone: string | null}} site
 * @property {import('../i18n/index.js').Language} language
 */

/** @param {import('./frame.js').ViewProps} props */
export function OfferPage({ state, session, t }) {
  const [offer, setOffer] = useState(/** @type {Offer | null} */ (null));
  const [problem, setProblem] = useState(/** @type {import('../state/reducer.js').Problem | null} */ (null));
  const [isBusy, setBusy] = useState(false);
  const read = () =>
    session.api.get('/visit/offer').then(async (/** @type {Offer} */ found) => {
      await session.speakFirst(pageLanguage(found.language));
      setOffer(found);
      return found;
    });
  useEffect(() => {
    read().then((found) => (found.status === 'accepted' ? session.openBooked() : undefined), (error) => session.refuse(error));
  }, []);
  if (!offer) return html`<p class="lead centred" role="status">${t('app.loading')}</p>`;

  const answer = async (/** @type {'accept' | 'decline'} */ wish) => {
    setBusy(true);
    setProblem(null);
    try {
      setOffer(await session.api.post('/visit/offer', { answer: wish }));
    } catch (error) {
      setProblem(problemOf(error));
      await read().catch(() => {});
    }
    setBusy(false);
  };
  const { site, specialist, start, end, expires, status } = offer;
  return html`<section class="card way" data-testid="offer" data-status=${status} aria-busy=${isBusy}>
    ${status !== 'open' && html`<span class="card-badge"><${Icon} name=${status === 'accepted' ? 'check' : 'clock'} size=${28} /></span>`}
    <div role="status" aria-live="polite"><h1>${t(`offer.title.${status}`)}</h1></div>
    <dl class="facts">
      <div><dt>${t('way.when')}</dt><dd><${When} language=${state.language} t=${t} start=${start} end=${end} zone=${site.time_zone} /></dd></div>
      <div><dt>${t('way.doctor')}</dt><dd><strong>${specialist.name}</strong><br />${specialtyWords(t, specialist.specialty)}</dd></div>
      <div><dt>${t('way.clinic')}</dt><dd>${site.name}<${PhoneLine} phone=${site.phone} t=${t} /></dd></div>
    </dl>
    <p>${status === 'open' ? t('offer.until', { time: `${date(expires, site.time_zone)} ${clock(expires, site.time_zone)}` }) : t(`offer.what.${status}`)}</p>
    <div role="alert">${problem && html`<div class="notice" data-testid="offer-problem" data-code=${problem.code}><${Icon} name="alert" /><div class="notice-text"><${ProblemWords} problem=${problem} t=${t} /></div></div>`}</div>
    ${status === 'accepted' && html`<div class="way-actions"><button type="button" class="button is-primary is-large" data-testid="offer-visit" onClick=${() => session.openBooked()}>${t('offer.to_visit')}</button></div>`}
    ${status === 'open' &&
    html`<div class="way-actions">
      <button type="button" class="button is-primary is-large" data-testid="offer-accept" disabled=${isBusy} onClick=${() => answer('accept')}>${t('offer.accept')}</button>
      <button type="button" class="button is-quiet" data-testid="offer-decline" disabled=${isBusy} onClick=${() => answer('decline')}>${t('offer.decline')}</button>
    </div>`}
  </section>`;
}
