/** Waiting for a condition, never for a time: polls until it holds and says what was missing when it does not. */

const POLL_MS = 50;

/**
 * Calls `probe` until it gives something truthy and returns that. A probe may throw an `AssertionError`-like error while
 * things are on their way: the last one becomes the cause.
 * @template T
 * @param {string} what ends the sentence "waited 10 s until …"
 * @param {() => T | Promise<T>} probe
 * @param {number} [timeoutMs]
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, probe, timeoutMs = 15_000) {
  const deadline = performance.now() + timeoutMs;
  let last;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s until ${what}`, { cause: last });
    await new Promise((resume) => setTimeout(resume, POLL_MS));
  }
}
