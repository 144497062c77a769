/** Languages: which one to speak, and a key in that language. Holds the words loaded so far; a phone pays for what its page says. */

/** @typedef {'kk' | 'ru' | 'en'} Language */
/** What only some pages say: a folder with a dictionary per language. @typedef {'way' | 'link' | 'call' | 'case' | 'cart' | 'specialties' | 'desk' | 'nurse' | 'specialist' | 'admin' | 'docs'} Area */
/**
 * @typedef {keyof typeof import('./en.js').en | keyof typeof import('./way/en.js').en | keyof typeof import('./link/en.js').en | keyof typeof import('./call/en.js').en | keyof typeof import('./case/en.js').en | keyof typeof import('./cart/en.js').en
 *   | keyof typeof import('./specialties/en.js').en | keyof typeof import('./desk/en.js').en
 *   | keyof typeof import('./nurse/en.js').en | keyof typeof import('./specialist/en.js').en | keyof typeof import('./admin/en.js').en | keyof typeof import('./docs/en.js').en} Key
 */

/** @type {Partial<Record<Language, Partial<Record<Key, string>>>>} */
const loaded = {};
/** Areas asked for so far: every language that is loaded later says them too. @type {Set<Area>} */
const spoken = new Set();

/** Each language in its own words, in the order of the switch. @type {{id: Language, name: string, short: string}[]} */
export const LANGUAGES = [
  { id: 'kk', name: 'Қазақша', short: 'ҚАЗ' },
  { id: 'ru', name: 'Русский', short: 'РУС' },
  { id: 'en', name: 'English', short: 'ENG' },
];

const STORED = 'kenes.language';

/** Must have finished before anything is said in this language. @param {Language} language @param {Area[]} areas beside what every page says, from now on */
export async function loadLanguage(language, ...areas) {
  for (const area of areas) spoken.add(area);
  loaded[language] ??= {};
  const folders = ['.', ...spoken];
  // An area that comes later is said in every language that the page may still be in.
  await Promise.all(languages(loaded).flatMap((each) => folders.map(async (folder) => Object.assign(loaded[each] ?? {}, (await import(`./${folder}/${each}.js`))[each]))));
}

/** @param {Partial<Record<Language, unknown>>} of */
const languages = (of) => LANGUAGES.map(({ id }) => id).filter((id) => of[id]);

/** @param {Language} language @param {Key} key @param {Record<string, string | number>} [params] */
export function translate(language, key, params = {}) {
  const words = loaded[language]?.[key] ?? key;
  return words.replaceAll(/\{(\w+)\}/g, (whole, name) => String(params[name] ?? whole));
}

/** @param {string} key @returns {key is Key} */
export function isKey(key) {
  return Object.values(loaded).some((dictionary) => Object.hasOwn(dictionary, key));
}

/** @param {unknown} value @returns {value is Language} */
export function isLanguage(value) {
  return value === 'kk' || value === 'ru' || value === 'en';
}

/** @param {readonly (string | null | undefined)[]} wishes the strongest first, as BCP 47 tags @returns {Language} */
export function pickLanguage(wishes) {
  for (const wish of wishes) {
    const primary = wish?.toLowerCase().split('-')[0];
    if (isLanguage(primary)) return primary;
  }
  return 'kk';
}

/** What the person chose on this device, or null. @returns {Language | null} */
export function storedLanguage() {
  try {
    const value = localStorage.getItem(STORED);
    return isLanguage(value) ? value : null;
  } catch {
    return null;
  }
}

/** @param {Language} language */
export function storeLanguage(language) {
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // Private windows may refuse storage; the choice then lasts as long as the page.
  }
}

/** @param {string | null} [invited] the language that the invitation names @returns {Language} */
export function pageLanguage(invited = null) {
  return pickLanguage([storedLanguage(), invited, ...navigator.languages]);
}
