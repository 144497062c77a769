/** Asks once more before what cannot be undone. */
import { html, useEffect, useRef } from './html.js';

/** @param {import('./frame.js').ViewProps} props */
export function Confirm({ state, session, t }) {
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const dialog = state.dialog;
  useEffect(() => {
    if (dialog && ref.current && !ref.current.open) ref.current.showModal();
  }, [dialog]);
  if (!dialog) return null;

  const name = dialog.kind === 'remove' ? (state.room?.participants.find((person) => person.id === dialog.target)?.name ?? '') : '';
  const close = () => session.store.dispatch({ type: 'dialog', dialog: null });
  const confirm = () => (dialog.kind === 'end' ? session.line?.moderate('end', null) : session.line?.moderate('remove', dialog.target));
  return html`<dialog class="dialog" ref=${ref} data-testid="confirm-dialog" aria-labelledby="confirm-title" onCancel=${close} onClose=${close}>
    <h2 id="confirm-title">${t(`confirm.${dialog.kind}_title`, { name })}</h2>
    <p>${t(`confirm.${dialog.kind}_body`)}</p>
    <div class="dialog-actions">
      <button type="button" class="button is-quiet" data-testid="confirm-cancel" onClick=${close}>${t('app.cancel')}</button>
      <button type="button" class="button is-danger" data-testid="confirm-ok" onClick=${confirm}>${t(`confirm.${dialog.kind}_ok`)}</button>
    </div>
  </dialog>`;
}
