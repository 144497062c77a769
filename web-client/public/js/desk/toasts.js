/** Short words about what was done or what failed. A problem stays until it is closed, the rest goes by itself. Pure. */

/** @typedef {{id: number, kind: 'done' | 'problem', text: string, detail: string | null, code: string | null}} Toast */
/** @typedef {{toasts: readonly Toast[], next: number}} ToastState */
/** @typedef {{type: 'say', toast: Omit<Toast, 'id'>} | {type: 'close', id: number}} ToastEvent */

/** More would hide the page. */
const MOST = 3;

/** @type {ToastState} */
export const NO_TOASTS = { toasts: [], next: 1 };

/** @param {ToastState} state @param {ToastEvent} event @returns {ToastState} */
export function reduceToasts(state, event) {
  if (event.type === 'close') return { ...state, toasts: state.toasts.filter(({ id }) => id !== event.id) };
  const others = state.toasts.filter(({ text, code }) => text !== event.toast.text || code !== event.toast.code);
  return { toasts: [...others, { ...event.toast, id: state.next }].slice(-MOST), next: state.next + 1 };
}
