/** Kazakh of the nurse's desk. */
/** @type {Record<keyof typeof import('./en.js').en, string>} */
export const kk = {};
