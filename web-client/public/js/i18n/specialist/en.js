/** English of the specialist's desk. */
export const en = {};
