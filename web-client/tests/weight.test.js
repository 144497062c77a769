import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const base = new URL('../public/', import.meta.url);
/** A phone on mobile data unpacks this much at most before its camera opens … */
const MOST_BYTES = 200_000;
/** … and fetches this much, as the server gzips it: two seconds of 0.3 Mbit/s. */
const MOST_BYTES_ON_THE_WIRE = 75_000;

/** @param {string} path */
const read = (path) => readFileSync(new URL(path, base), 'utf8');

/**
 * Modules that `entry` needs before it runs, nearest first: the order in which a browser would find them one after the other. What
 * is imported later does not count.
 * @param {string} entry
 */
function modules(entry) {
  const found = new Set([entry]);
  // A set that grows is walked to its new end.
  for (const path of found) {
    for (const [, target = ''] of read(path).matchAll(/(?:^|[;}\n])\s*(?:import\s*|(?:import|export)\b[^;'"`()]*?from\s*)['"]([^'"]+)['"]/g)) {
      found.add(new URL(target, new URL(path, 'http://x/')).pathname.slice(1));
    }
  }
  return [...found];
}

/** @param {string} page @param {RegExp} tag with the path as its group */
const paths = (page, tag) => [...page.matchAll(tag)].map(([, path = '']) => path);

test('a visit weighs less than 200 KB, and less than 75 KB on the wire, until the camera opens', (t) => {
  const styles = paths(read('visit.html'), /href="\/(css\/[^"]+)"/g);
  const scripts = modules('js/visit.js');
  assert.ok(scripts.includes('vendor/preact.js') && scripts.includes('js/rtc/devices.js'), 'the walk over the modules works');
  // The browser's language, and then the one that the invitation names.
  const files = ['visit.html', 'icon.svg', ...styles, ...scripts, ...['kk', 'ru'].flatMap((language) => [`js/i18n/${language}.js`, `js/i18n/way/${language}.js`, `js/i18n/specialties/${language}.js`])].map(read);
  const bytes = files.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const gzipped = files.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
  t.diagnostic(`${files.length} files, ${bytes} bytes, ${gzipped} gzipped`);
  assert.ok(bytes <= MOST_BYTES, `${bytes} bytes`);
  assert.ok(gzipped <= MOST_BYTES_ON_THE_WIRE, `${gzipped} bytes gzipped`);
});

test('a page preloads what its script imports, all of it and nothing else, nearest first', () => {
  for (const name of ['index.html', 'visit.html', 'desk.html', 'cart.html', 'docs.html']) {
    const page = read(name);
    const [entry = '', ...others] = paths(page, /<script type="module" src="\/([^"]+)">/g);
    assert.deepEqual(others, [], name);
    const [, ...imported] = modules(entry);
    assert.deepEqual(paths(page, /<link rel="modulepreload" href="\/([^"]+)">/g), imported, name);
  }
});

test('no page carries inline script or style, which the content security policy would refuse', () => {
  for (const name of ['index.html', 'visit.html', 'desk.html', 'cart.html', 'docs.html', '404.html']) {
    assert.doesNotMatch(read(name), /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/, name);
  }
});
