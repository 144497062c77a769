/** A question in front of the page: Escape and the close button leave it, focus returns to where it was. */
import { html, useEffect, useRef } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';

/**
 * @param {{desk: import('../shell.js').Desk, title: string, onClose: () => void, testId: string, isWide?: boolean, children?: unknown}} props
 */
export function Dialog({ desk, title, onClose, testId, isWide = false, children }) {
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  const cancel = (/** @type {Event} */ event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog class=${isWide ? 'desk-dialog is-wide' : 'desk-dialog'} ref=${ref} data-testid=${testId} aria-labelledby="${testId}-title" onCancel=${cancel}>
    <div class="desk-dialog-head">
      <h2 id="${testId}-title">${title}</h2>
      <button type="button" class="icon-button" data-testid="dialog-close" aria-label=${desk.t('desk.close')} title=${desk.t('desk.close')} onClick=${onClose}>
        <${Icon} name="close" size=${20} /></button>
    </div>
    ${children}
  </dialog>`;
}

/** @param {{children?: unknown}} props buttons, the most wanted last */
export function DialogActions({ children }) {
  return html`<div class="desk-actions">${children}</div>`;
}
