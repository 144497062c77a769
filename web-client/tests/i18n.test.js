import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { loadLanguage, pickLanguage, translate } from '../public/js/i18n/index.js';

const js = new URL('../public/js/', import.meta.url);

/** @returns {{path: string, text: string}[]} every module of the client but the dictionaries */
function modules() {
  return readdirSync(js, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js') && !/^i18n\/(\w+\/)?(kk|ru|en)\.js$/.test(path))
    .map((path) => ({ path, text: readFileSync(new URL(path, js), 'utf8') }));
}

/** What every page says, and a folder for each area that only some say. */
const folders = ['.', ...readdirSync(new URL('i18n/', js), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))];

/** @param {string} folder @param {string} language @returns {Promise<Record<string, string>>} */
const dictionaryOf = async (folder, language) => (await import(new URL(`i18n/${folder}/${language}.js`, js).href))[language];

/** @param {string} language @returns {Promise<Record<string, string>>} of all areas */
const wholeDictionary = async (language) => Object.assign({}, ...(await Promise.all(folders.map((folder) => dictionaryOf(folder, language)))));
const [en, kk] = [await wholeDictionary('en'), await wholeDictionary('kk')];

for (const folder of folders) {
  for (const language of ['kk', 'ru']) {
    test(`${language} says everything that English says, and nothing else: ${folder}`, async () => {
      assert.deepEqual(Object.keys(await dictionaryOf(folder, language)), Object.keys(await dictionaryOf(folder, 'en')));
    });
  }
}

test('no two areas say the same key', async () => {
  const keys = (await Promise.all(folders.map((folder) => dictionaryOf(folder, 'en')))).flatMap((dictionary) => Object.keys(dictionary));
  assert.equal(new Set(keys).size, keys.length);
});

for (const language of ['kk', 'ru']) {
  test(`${language} names the same parameters as English`, async () => {
    const names = (/** @type {string} */ text) => (text.match(/\{\w+\}/g) ?? []).sort();
    const dictionary = await wholeDictionary(language);
    for (const [key, text] of Object.entries(en)) assert.deepEqual(names(dictionary[key] ?? ''), names(text), key);
  });
}

test('Kazakh is written with Kazakh letters', () => {
  assert.match(Object.values(kk).join(''), /[әғқңөұүһі]/);
});

test('no visible text is written into a template', () => {
  for (const { path, text } of modules().filter(({ path }) => /^(ui|desk|cart|docs)\//.test(path) || path === 'landing.js')) {
    const templates = text.match(/html`[\s\S]*?`/g)?.join('\n') ?? '';
    const words = templates.replaceAll(/\$\{[^}]*\}/g, '').match(/(?<!=)>\s*\p{L}{2,}[^<$`="]*</gu) ?? [];
    assert.deepEqual(words, [], path);
    assert.doesNotMatch(templates, /(aria-label|title|placeholder)="[^"]/, path);
    assert.doesNotMatch(text, /[а-яәғқңөұүһі]/iu, path);
  }
});

test('every error code that the client says has words', () => {
  for (const { path, text } of modules()) {
    for (const code of text.match(/'E-[A-Z]+-\d+'/g) ?? []) assert.ok(`errors.${code.slice(1, -1)}` in en, `${code} in ${path}`);
  }
  for (const prefix of ['E-CAM', 'E-MIC']) {
    for (const digit of [1, 2, 3, 4, 5]) assert.ok(`errors.${prefix}-${digit}` in en);
  }
});

test('every key is used', () => {
  const source = modules().map(({ text }) => text).join('\n');
  const built = /^(errors|role|quality|ladder|left|waiting|confirm|connection|way|offer|consent|case|specialty)\.|^my_visit\.patient_|^day_off\.(offered|call)$/;
  const unused = Object.keys(en).filter((key) => !built.test(key) && !source.includes(`'${key}'`) && !source.includes(`${key.split('.')[0]}.\${`));
  assert.deepEqual(unused, []);
});

test('parameters are put in, unknown ones stay visible', async () => {
  await loadLanguage('en');
  assert.equal(translate('en', 'check.hello', { name: 'Aigul' }), 'Hello, Aigul');
  assert.equal(translate('en', 'check.hello'), 'Hello, {name}');
});

test('the strongest wish that we speak decides the language, Kazakh when there is none', () => {
  assert.equal(pickLanguage([null, 'de-DE', 'ru-KZ', 'en']), 'ru');
  assert.equal(pickLanguage(['de', null]), 'kk');
});
