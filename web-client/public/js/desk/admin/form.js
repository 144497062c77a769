/** A dialog with a form in it: fields, the server's faults beside them, one button that sends. */
import { html, useCallback, useState } from '../../ui/html.js';
import { Dialog, DialogActions } from '../parts/dialog.js';
import { ProblemBox } from '../parts/problem.js';
import { Problem } from '../problem.js';

/**
 * The form's values and a setter for each field.
 * @template {Record<string, unknown>} T
 * @param {T} initial @returns {[T, <K extends keyof T>(name: K) => (value: T[K]) => void]}
 */
export function useForm(initial) {
  const [values, setValues] = useState(initial);
  const set = useCallback(
    /** @template {keyof T} K @param {K} name */
    (name) => (/** @type {T[K]} */ value) => setValues((before) => ({ ...before, [name]: value })),
    [],
  );
  return [values, set];
}

/**
 * @param {{desk: import('../shell.js').Desk, title: string, testId: string, submit: string, onSubmit: () => unknown, onClose: () => void,
 *   act: {isBusy: boolean, problem: Problem | null}, fields: readonly string[], isWide?: boolean, lead?: string, children?: unknown}} props
 *   `fields` that show their own fault
 */
export function FormDialog({ desk, title, testId, submit, onSubmit, onClose, act, fields, isWide, lead, children }) {
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    onSubmit();
  };
  return html`<${Dialog} desk=${desk} title=${title} testId=${testId} onClose=${onClose} isWide=${isWide}>
    <form class="fields" onSubmit=${send} novalidate>
      ${lead && html`<p class="quiet">${lead}</p>`}
      ${children}
      <${ProblemBox} desk=${desk} problem=${withoutShown(act.problem, fields)} />
      <${DialogActions}>
        <button type="button" class="button is-quiet" data-testid="form-cancel" onClick=${onClose}>${desk.t('desk.cancel')}</button>
        <button type="submit" class="button is-primary" data-testid="form-submit" disabled=${act.isBusy}>${submit}</button>
      <//>
    </form>
  <//>`;
}

/** Asks once more before what cannot be undone. @param {{desk: import('../shell.js').Desk, title: string, text: string, submit: string, act: {isBusy: boolean, problem: Problem | null}, onConfirm: () => unknown, onClose: () => void}} props */
export function ConfirmDialog({ desk, title, text, submit, act, onConfirm, onClose }) {
  return html`<${Dialog} desk=${desk} title=${title} testId="confirm" onClose=${onClose}>
    <p>${text}</p>
    <${ProblemBox} desk=${desk} problem=${act.problem} />
    <${DialogActions}>
      <button type="button" class="button is-quiet" data-testid="confirm-cancel" onClick=${onClose}>${desk.t('desk.cancel')}</button>
      <button type="button" class="button is-danger" data-testid="confirm-ok" disabled=${act.isBusy} onClick=${onConfirm}>${submit}</button>
    <//>
  <//>`;
}

/** Something that is shown this once: to be read out or written down. @param {{desk: import('../shell.js').Desk, title: string, lead: string, secret: string, note: string, onClose: () => void, children?: unknown}} props */
export function SecretDialog({ desk, title, lead, secret, note, onClose, children }) {
  const [isCopied, setCopied] = useState(false);
  const copy = () => navigator.clipboard.writeText(secret).then(() => setCopied(true), () => {});
  return html`<${Dialog} desk=${desk} title=${title} testId="secret-dialog" onClose=${onClose}>
    <p>${lead}</p>
    <output class="secret" data-testid="secret">${secret}</output>
    ${children}
    <p class="quiet">${note}</p>
    <${DialogActions}>
      ${navigator.clipboard && html`<button type="button" class="button is-quiet" data-testid="secret-copy" onClick=${copy}>${desk.t(isCopied ? 'admin.copied' : 'admin.copy')}</button>`}
      <button type="button" class="button is-primary" data-testid="secret-close" onClick=${onClose}>${desk.t('desk.close')}</button>
    <//>
  <//>`;
}

/** What is said beside a field is not said again. @param {Problem | null} problem @param {readonly string[]} fields @returns {Problem | null} */
export function withoutShown(problem, fields) {
  if (!problem) return null;
  const { code, status, title, detail } = problem;
  return new Problem({ code, status, title, detail, fields: problem.fields.filter(({ field }) => !fields.includes(field)) });
}
