/** Which view the address names: `#/today`, `#/book/<id>`. Ids only, nothing of a person. Pure. */

/** @typedef {{view: string, id: string | null}} Route */

/** @param {string} hash @returns {Route} */
export function readRoute(hash) {
  const [, view = '', id = null] = /^#\/([a-z-]+)(?:\/([\w-]+))?$/.exec(hash) ?? [];
  return { view, id: id || null };
}

/** @param {string} view @param {string | null} [id] */
export function routeHash(view, id = null) {
  return id === null ? `#/${view}` : `#/${view}/${id}`;
}
