/** Languages: which one to speak, and a key in that language. Holds the dictionaries loaded so far; a phone pays for the one it speaks. */

/** @typedef {'kk' | 'ru' | 'en'} Language */
/** @typedef {keyof typeof import('./en.js').en} Key */
/** @typedef {Record<Key, string>} Dictionary */

/** @type {Partial<Record<Language, Dictionary>>} */
const loaded = {};

/** Each language in its own words, in the order of the switch. @type {{id: Language, name: string, short: string}[]} */
export const LANGUAGES = [
  { id: 'kk', name: 'Қазақша', short: 'ҚАЗ' },
  { id: 'ru', name: 'Русский', short: 'РУС' },
  { id: 'en', name: 'English', short: 'ENG' },
];

const STORED = 'kenes.language';

/** Must have finished before anything is said in this language. @param {Language} language */
export async function loadLanguage(language) {
  loaded[language] ??= (await import(`./${language}.js`))[language];
}

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
