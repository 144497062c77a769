/** Keeps the screen on during a visit. The browser drops the lock with the tab's visibility, so it is asked for again on return. */

/** @type {WakeLockSentinel | null} */
let lock = null;
let wanted = false;

/** @param {boolean} wish */
export function keepAwake(wish) {
  wanted = wish;
  if (wish) {
    void request();
    return;
  }
  void lock?.release();
  lock = null;
}

async function request() {
  if (!wanted || document.visibilityState !== 'visible' || (lock && !lock.released)) return;
  // Refused on low battery or by old browsers: the visit goes on, the screen may dim.
  lock = (await navigator.wakeLock?.request('screen').catch(() => null)) ?? null;
}

document.addEventListener('visibilitychange', () => void request());
