/** Russian of the administrator's desk. */
/** @type {Record<keyof typeof import('./en.js').en, string>} */
export const ru = {};
