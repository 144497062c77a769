/** Which cart this tab is (`sessionStorage`): a visit that was opened from the kiosk keeps telling that the cart is there, and goes back to it. */

const KEY = 'kenes.cart_of_tab';

/** @returns {string | null} */
export function cartOfTab() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** @param {string | null} id */
export function rememberCartOfTab(id) {
  try {
    if (id === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, id);
  } catch {
    // Without storage the visit does not know that it is on a cart; the nurse opens the kiosk by hand.
  }
}
