/** The system proposes that a visit did not take place; the specialist says whether that is so. */
import { html } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { ProblemBox } from '../parts/problem.js';
import { useAct } from '../resource.js';
import { reasonWords } from '../words.js';

/** @param {{desk: import('../shell.js').Desk, visit: import('../types.js').Appointment}} props */
export function Decision({ desk, visit }) {
  const { t } = desk;
  const act = useAct(desk);
  const isNoShow = visit.proposal === 'no_show';
  const event = isNoShow ? 'confirm_no_show' : 'confirm_failure';
  if (!visit.allowed.includes(event)) return null;
  const confirm = () => act.run(() => desk.api.post(`/appointments/${visit.id}/events`, { event }, visit.version));
  return html`<div class="decision" data-testid="decision-${visit.id}">
    <p><${Icon} name="alert" size=${20} /> ${isNoShow ? t('decision.no_show') : t('decision.failure', { reason: reasonWords(desk, visit.proposal ?? '').toLowerCase() })}</p>
    <button type="button" class="button is-quiet" data-testid="confirm-${visit.id}" disabled=${act.isBusy} onClick=${confirm}>${t(isNoShow ? 'decision.no_show_ok' : 'decision.failure_ok')}</button>
    <${ProblemBox} desk=${desk} problem=${act.problem} />
  </div>`;
}
