/** English of the nurse's desk. */
export const en = {};
