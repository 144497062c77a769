/**
 * Shapes of JSON values, and the check of a value against one. Holds no state; knows no message.
 * A shape is strict as the server's is: a missing field, an unknown field or a wrong type is named by its path.
 */

/** @typedef {(value: unknown, path: string) => string | null} Shape null when the value fits, else the path that does not */

/** @type {Shape} */
export const text = (value, path) => (typeof value === 'string' ? null : path);

/** @type {Shape} */
export const bool = (value, path) => (typeof value === 'boolean' ? null : path);

/** @type {Shape} */
export const number = (value, path) => (typeof value === 'number' && Number.isFinite(value) ? null : path);

/** @type {Shape} */
export const count = (value, path) => (Number.isSafeInteger(value) && Number(value) >= 0 ? null : path);

/** @param {number} most @returns {Shape} characters as the server counts them: code points */
export const shortText = (most) => (value, path) => (typeof value === 'string' && [...value].length <= most ? null : path);

/** @param {readonly unknown[]} values @returns {Shape} */
export const oneOf = (...values) => (value, path) => (values.includes(value) ? null : path);

/** @param {Shape} shape @returns {Shape} */
export const nullable = (shape) => (value, path) => (value === null ? null : shape(value, path));

/** @param {Shape} item @returns {Shape} */
export const listOf = (item) => (value, path) => {
  if (!Array.isArray(value)) return path;
  for (const [index, entry] of value.entries()) {
    const wrong = item(entry, `${path}[${index}]`);
    if (wrong) return wrong;
  }
  return null;
};

/** @param {Record<string, Shape>} fields @returns {Shape} */
export const record = (fields) => (value, path) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return path;
  const given = /** @type {Record<string, unknown>} */ (value);
  const unknownField = Object.keys(given).find((name) => !(name in fields));
  if (unknownField !== undefined) return join(path, unknownField);
  for (const [name, shape] of Object.entries(fields)) {
    const wrong = name in given ? shape(given[name], join(path, name)) : join(path, name);
    if (wrong) return wrong;
  }
  return null;
};

/** @param {string} path @param {string} name */
function join(path, name) {
  return path ? `${path}.${name}` : name;
}
