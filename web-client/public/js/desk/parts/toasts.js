/** The toasts at the page's lower edge: heard as they come, closed by hand or by time. */
import { html, useEffect } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';

const SEEN_MS = 7_000;

/** @param {{desk: import('../shell.js').Speaking, toasts: readonly import('../toasts.js').Toast[], onClose: (id: number) => void}} props */
export function Toasts({ desk, toasts, onClose }) {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.map((toast) => html`<${ToastBox} key=${toast.id} desk=${desk} toast=${toast} onClose=${onClose} />`)}
  </div>`;
}

/** @param {{desk: import('../shell.js').Speaking, toast: import('../toasts.js').Toast, onClose: (id: number) => void}} props */
function ToastBox({ desk, toast, onClose }) {
  useEffect(() => {
    if (toast.kind === 'problem') return undefined;
    const timer = setTimeout(() => onClose(toast.id), SEEN_MS);
    return () => clearTimeout(timer);
  }, [toast.id]);
  return html`<div class="toast is-${toast.kind}" data-testid="toast" data-kind=${toast.kind} data-code=${toast.code ?? ''}>
    <${Icon} name=${toast.kind === 'done' ? 'check' : 'alert'} size=${20} />
    <div class="toast-text"><p>${toast.text}</p>${toast.detail && html`<p>${toast.detail}</p>`}
      ${toast.code && html`<p class="problem-code">${desk.t('desk.code')}: <span>${toast.code}</span></p>`}</div>
    <button type="button" class="icon-button" aria-label=${desk.t('desk.close')} title=${desk.t('desk.close')} onClick=${() => onClose(toast.id)}><${Icon} name="close" size=${18} /></button>
  </div>`;
}
