/** A problem in words with its code, where it happened. */
import { html } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';

/** @param {{desk: import('../shell.js').Speaking, problem: import('../problem.js').Problem | null, onRetry?: () => void}} props */
export function ProblemBox({ desk, problem, onRetry }) {
  return html`<div class="problem-slot" role="alert">
    ${problem &&
    html`<div class="notice" data-testid="problem" data-code=${problem.code}>
      <${Icon} name="alert" />
      <div class="notice-text">
        <p class="problem-words">${titleOf(desk, problem)}</p>
        ${problem.detail && html`<p>${problem.detail}</p>`}
        ${problem.fields.length > 0 && html`<ul>${problem.fields.map(({ field, text }) => html`<li key=${field}>${text}</li>`)}</ul>`}
        <p class="problem-code">${desk.t('desk.code')}: <span>${problem.code}</span></p>
        ${onRetry && html`<button type="button" class="button is-quiet is-small" data-testid="retry" onClick=${onRetry}>${desk.t('desk.try_again')}</button>`}
      </div>
    </div>`}
  </div>`;
}

/** @param {import('../shell.js').Speaking} desk @param {import('../problem.js').Problem} problem */
export function titleOf(desk, problem) {
  if (problem.title) return problem.title;
  return problem.code === 'E-NET-1' ? desk.t('desk.unreachable') : desk.t('desk.not_understood');
}
