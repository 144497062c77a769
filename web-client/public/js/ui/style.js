/** Style sheets that come with what they style, each once. */

/** @type {Map<string, Promise<unknown>>} */
const loading = new Map();

/** @param {string} name of a file in css/ */
export function loadStyle(name) {
  const style = loading.get(name) ?? addStyle(name);
  loading.set(name, style);
  return style;
}

/** @param {string} name */
function addStyle(name) {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = `/css/${name}.css`;
  document.head.append(link);
  return new Promise((resolve) => {
    link.addEventListener('load', resolve);
    // Unstyled is better than no call.
    link.addEventListener('error', resolve);
  });
}
