/** Between the device check and the call: the person is expected, and is told so. */
import { html, useRef } from './html.js';
import { Icon, Mark } from './icons.js';
import { PhoneLine } from './phone-line.js';
import { clockTime } from './time.js';

/** @param {import('./frame.js').ViewProps} props */
export function WaitingRoom({ state, session, t }) {
  const since = useRef(Date.now());
  const { position, hostStatus } = state.waiting ?? { position: 1, hostStatus: /** @type {const} */ ('absent') };
  const appointment = state.way?.visit.appointment;
  return html`<section class="card waiting" data-testid="waiting-room">
    <span class="waiting-mark"><${Mark} size=${64} /></span>
    <h1>${t('waiting.title')}</h1>
    ${appointment && html`<p class="lead">${appointment.specialist.name}</p>`}
    <p class="host-status" data-testid="host-status" data-status=${hostStatus} role="status" aria-live="polite">
      <${Icon} name=${hostStatus === 'absent' ? 'clock' : hostStatus === 'present' ? 'check' : 'chat'} />
      <span>${t(`waiting.${hostStatus}`)}</span>
    </p>
    <div class="queue" data-testid="waiting-position" data-position=${position} aria-live="polite">
      <span class="queue-label">${position === 1 ? t('waiting.next') : t('waiting.position')}</span>
      ${position > 1 && html`<span class="queue-number">${position}</span>`}
    </div>
    <div class="quiet"><p>${t('waiting.seen')}</p><p>${t('waiting.since', { time: clockTime(since.current) })}</p></div>
    <${PhoneLine} phone=${appointment?.site.phone} t=${t} />
    <button type="button" class="button is-quiet" data-testid="leave" onClick=${() => session.leave()}>
      <${Icon} name="leave" size=${20} />${t('bar.leave_visit')}
    </button>
  </section>`;
}
