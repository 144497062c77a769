/** A still on its way: in pieces, one a second, since a thin link's queue holds up the sound for as long as it takes to send. Pure. */

/** A whole one takes five seconds. */
const PIECES = 5;
/** Each JPEG's first bytes (SOI, then a marker) in base64. */
const BEGINS = '/9j/';

/** @param {string | null} still a JPEG in base64 @returns {string[]} */
export function piecesOf(still) {
  if (still === null) return [];
  const length = Math.ceil(still.length / PIECES);
  return Array.from({ length: PIECES }, (_, at) => still.slice(at * length, (at + 1) * length));
}

/** @param {readonly string[]} before what came of it @param {string} piece @returns {string[]} without a beginning: nothing */
export function collect(before, piece) {
  if (piece.startsWith(BEGINS)) return [piece];
  return before.length > 0 && before.length < PIECES ? [...before, piece] : [];
}

/** @param {readonly string[]} pieces @returns {string | null} a JPEG in base64 */
export const wholeOf = (pieces) => (pieces.length === PIECES ? pieces.join('') : null);
