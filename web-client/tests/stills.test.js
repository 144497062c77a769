import { test } from 'node:test';
import assert from 'node:assert/strict';
import { collect, piecesOf, wholeOf } from '../public/js/state/stills.js';

const STILLS = ['/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA==', '/9j/4AAQSkZJRgABAgAAAQABAAD/2wBDAAMCAgI='];

/** The stills that somebody to whom these pieces come gets to see. @param {string[]} pieces */
function seen(pieces) {
  /** @type {string[]} */
  let collected = [];
  return pieces.flatMap((piece) => {
    collected = collect(collected, piece);
    return wholeOf(collected) ?? [];
  });
}

test('what comes in pieces is seen whole, one after the other', () => {
  assert.deepEqual(seen(STILLS.flatMap(piecesOf)), STILLS);
});

test('whoever misses a piece, or comes in the middle, sees the next still', () => {
  for (const missing of [0, 1, 4]) {
    const pieces = STILLS.flatMap(piecesOf);
    pieces.splice(missing, 1);
    assert.deepEqual(seen(pieces), [STILLS[1]], `without piece ${missing}`);
  }
  assert.deepEqual(seen(STILLS.flatMap(piecesOf).slice(3)), [STILLS[1]]);
});

test('where there is no picture nothing is sent', () => {
  assert.deepEqual(piecesOf(null), []);
});
