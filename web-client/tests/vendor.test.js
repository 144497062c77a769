import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { VENDORED, sha256, vendoredText } from '../vendor.mjs';

const record = JSON.parse(readFileSync(new URL('../vendor.json', import.meta.url), 'utf8'));

for (const { file, source } of VENDORED) {
  test(`${file} ships as npm published it`, () => {
    const shipped = readFileSync(new URL(`../public/vendor/${file}`, import.meta.url), 'utf8');
    assert.equal(sha256(shipped), record.sha256[file]);
    assert.equal(shipped, vendoredText(source));
  });
}
