/** What a reload must not forget, kept in this tab alone (`sessionStorage`): enough to return to the call as the same person. */

/**
 * @typedef {object} Memory
 * @property {string} address whose visit this is
 * @property {{id: string, secret: string} | null} resume
 * @property {number} gen the last one used
 * @property {boolean} inVisit past the device check
 * @property {boolean} microphoneMuted
 * @property {boolean} cameraOff
 * @property {import('../state/reducer.js').State['chosen']} chosen
 */

const KEY = 'kenes.visit';

/** @param {string} address @returns {Memory} */
export function recall(address) {
  const blank = { address, resume: null, gen: 0, inVisit: false, microphoneMuted: false, cameraOff: false, chosen: {} };
  try {
    const stored = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
    return stored?.address === address ? { ...blank, ...stored } : blank;
  } catch {
    return blank;
  }
}

/** @param {Memory} memory */
export function remember(memory) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(memory));
  } catch {
    // Without storage a reload passes the device check again; nothing else is lost.
  }
}

const HOME = 'kenes.home';

/** The page that visits are entered from in this tab. @param {'/desk' | '/cart'} path */
export function setHome(path) {
  try {
    sessionStorage.setItem(HOME, path);
  } catch {
    // The desk it is, then.
  }
}

/** @returns {'/desk' | '/cart'} */
export function home() {
  try {
    return sessionStorage.getItem(HOME) === '/cart' ? '/cart' : '/desk';
  } catch {
    return '/desk';
  }
}
