/** One question after the visit. */
import { html } from './html.js';
import { Icon } from './icons.js';

/** @param {import('./frame.js').ViewProps} props */
export function Survey({ state, session, t }) {
  if (state.way?.hasRated) return html`<p class="survey-thanks" role="status" data-testid="survey-thanks"><${Icon} name="check" size=${20} />${t('survey.thanks')}</p>`;
  return html`<div class="survey" role="group" aria-labelledby="survey-question" data-testid="survey">
    <p id="survey-question"><strong>${t('survey.question')}</strong></p>
    <div class="survey-scores">
      ${[1, 2, 3, 4, 5].map((score) => html`<button type="button" class="survey-score" key=${score} data-testid="survey-${score}" aria-label=${t('survey.score', { score })} onClick=${() => session.way.rate(score)}>${score}</button>`)}
    </div>
    <p class="survey-ends quiet" aria-hidden="true"><span>${t('survey.worst')}</span><span>${t('survey.best')}</span></p>
  </div>`;
}
