import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';

const base = new URL('../public/', import.meta.url);
/** A phone on mobile data fetches this much at most before its camera opens. */
const MOST_BYTES = 200_000;

/** @param {string} path @param {Set<string>} seen modules that a module needs before it runs; what is imported later does not count */
function modules(path, seen = new Set()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  const text = readFileSync(new URL(path, base), 'utf8');
  for (const [, target = ''] of text.matchAll(/(?:^|[;}\n])\s*(?:import|export)\b[^;'"`()]*?from\s*['"]([^'"]+)['"]/g)) {
    modules(new URL(target, new URL(path, 'http://x/')).pathname.slice(1), seen);
  }
  return seen;
}

test('a visit weighs less than 200 KB until the camera opens', () => {
  const page = readFileSync(new URL('visit.html', base), 'utf8');
  const styles = [...page.matchAll(/href="\/(css\/[^"]+)"/g)].map(([, path = '']) => path);
  const scripts = [...modules('js/visit.js')];
  assert.ok(scripts.includes('vendor/preact.js') && scripts.includes('js/rtc/peer.js'), 'the walk over the modules works');
  // The browser's language, and then the one that the invitation names.
  const files = ['visit.html', 'icon.svg', ...styles, ...scripts, 'js/i18n/kk.js', 'js/i18n/ru.js'];
  const bytes = files.reduce((sum, path) => sum + statSync(new URL(path, base)).size, 0);
  assert.ok(bytes <= MOST_BYTES, `${bytes} bytes`);
});

test('no page carries inline script or style, which the content security policy would refuse', () => {
  for (const name of ['index.html', 'visit.html', '404.html']) {
    const page = readFileSync(new URL(name, base), 'utf8');
    assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/, name);
  }
});
