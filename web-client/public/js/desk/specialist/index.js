/** The specialist's views, by the names of `navigation.js`. */

/** @type {import('../shell.js').Views} */
export const views = {};
