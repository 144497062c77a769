/** The pieces that views are made of: their heading, their empty state, a badge, a light with words, what waits for the server. */
import { html } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { clock, date, span, zoneSuffix } from '../clinic-time.js';
import { ProblemBox } from './problem.js';

/** @param {{title: string, lead?: string, children?: unknown}} props children: what may be done here, as buttons */
export function ViewHead({ title, lead, children }) {
  return html`<div class="view-head">
    <div class="view-title"><h1 tabindex="-1" id="view-title">${title}</h1>${lead && html`<p class="quiet">${lead}</p>`}</div>
    ${children && html`<div class="view-actions">${children}</div>`}
  </div>`;
}

/** Nothing here, and what that means. @param {{icon: string, title: string, lead?: string, testId?: string, children?: unknown}} props */
export function Empty({ icon, title, lead, testId = 'empty', children }) {
  return html`<div class="empty" data-testid=${testId}>
    <span class="card-badge"><${Icon} name=${icon} size=${28} /></span>
    <p class="empty-title">${title}</p>
    ${lead && html`<p class="quiet">${lead}</p>`}
    ${children}
  </div>`;
}

/** @param {{tone?: 'neutral' | 'good' | 'warn' | 'danger' | 'accent', icon?: string, testId?: string, value?: string, children?: unknown}} props */
export function Badge({ tone = 'neutral', icon, testId, value, children }) {
  return html`<span class="badge is-${tone}" data-testid=${testId} data-value=${value}>${icon && html`<${Icon} name=${icon} size=${16} />`}<span>${children}</span></span>`;
}

/** A lamp that is also said in words and drawn with a shape. @param {{isOn: boolean, testId?: string, children?: unknown}} props */
export function Lamp({ isOn, testId, children }) {
  return html`<span class="lamp ${isOn ? 'is-on' : 'is-off'}" data-testid=${testId} data-on=${isOn}>
    <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" focusable="false">
      ${isOn ? html`<circle cx="6" cy="6" r="5" />` : html`<path d="M2 2l8 8M10 2l-8 8" />`}
    </svg><span>${children}</span></span>`;
}

/**
 * What the server gave, or why it is not there. Old data stay in sight below a problem.
 * @template T
 * @param {{desk: import('../shell.js').Desk, resource: import('../resource.js').Resource<T>, children: (data: T) => unknown}} props
 */
export function Loaded({ desk, resource, children }) {
  const { data, problem, isLoading, reload } = resource;
  return html`<div class="loaded" aria-busy=${isLoading}>
    <${ProblemBox} desk=${desk} problem=${problem} onRetry=${reload} />
    ${data === null ? isLoading && html`<p class="quiet loading" role="status"><span class="spinner" aria-hidden="true"></span>${desk.t('desk.loading')}</p>` : children(data)}
  </div>`;
}

/** A visit's time on the clinic's clock, with a suffix where the viewer's differs. @param {{desk: import('../shell.js').Desk, start: string, end?: string, zone: string, hasDate?: boolean}} props */
export function ClinicTime({ desk, start, end, zone, hasDate = false }) {
  const suffix = zoneSuffix(start, zone, desk.viewerZone);
  return html`<time class="clinic-time" datetime=${start}>${hasDate ? `${date(start, zone)} ` : ''}${end ? span(start, end, zone) : clock(start, zone)}${suffix && html` <small>${suffix}</small>`}</time>`;
}
