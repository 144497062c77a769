/** English of the administrator's desk. */
export const en = {};
