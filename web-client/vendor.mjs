/**
 * Copies preact and htm from node_modules into public/vendor/ with their licences, and records SHA-256 hashes in vendor.json.
 *
 * The one change made on the way: `from "preact"` becomes a relative path, because an import map would be inline script, which the
 * page's content security policy refuses. tests/vendor.test.js checks the shipped files against vendor.json and against npm's.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const here = new URL('.', import.meta.url);

/** For tsc alone: what the vendored modules are called where their types live. */
const TYPES = {
  'preact.d.ts': "export * from 'preact';\n",
  'preact-hooks.d.ts': "export * from 'preact/hooks';\n",
  'htm.d.ts': "export { default } from 'htm';\n",
};

/** What ships: file in public/vendor/, its source in node_modules. */
export const VENDORED = [
  { file: 'preact.js', source: 'preact/dist/preact.module.js' },
  { file: 'preact-hooks.js', source: 'preact/hooks/dist/hooks.module.js' },
  { file: 'htm.js', source: 'htm/dist/htm.module.js' },
  { file: 'preact.LICENSE', source: 'preact/LICENSE' },
  { file: 'htm.LICENSE', source: 'htm/LICENSE' },
];

/** @param {string} source @returns {string} the text as it ships */
export function vendoredText(source) {
  const text = readFileSync(new URL(`node_modules/${source}`, here), 'utf8');
  return text.replaceAll(/from\s*"preact"/g, 'from"./preact.js"').replaceAll(/\n?\/\/# sourceMappingURL=\S+/g, '');
}

/** @param {string} text */
export function sha256(text) {
  return createHash('sha256').update(text).digest('hex');
}

/** @param {string} name @returns {string} */
function installedVersion(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, here), 'utf8')).version;
}

function vendor() {
  mkdirSync(new URL('public/vendor/', here), { recursive: true });
  /** @type {Record<string, string>} */
  const hashes = {};
  for (const { file, source } of VENDORED) {
    const text = vendoredText(source);
    writeFileSync(new URL(`public/vendor/${file}`, here), text);
    hashes[file] = sha256(text);
  }
  for (const [file, text] of Object.entries(TYPES)) writeFileSync(new URL(`public/vendor/${file}`, here), text);
  const record = { preact: installedVersion('preact'), htm: installedVersion('htm'), sha256: hashes };
  writeFileSync(new URL('vendor.json', here), `${JSON.stringify(record, null, 2)}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) vendor();
