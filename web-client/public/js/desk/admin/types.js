/** What /api/v1 answers to administrators, for `tsc`; its words are at /docs. No code. */

/** @typedef {import('../types.js').Site} Site */
/** @typedef {{place: 'cart' | 'desk' | 'home', at: string, measured: import('../../state/link.js').Written}} LinkCheck */
/**
 * @typedef {object} User
 * @property {string} id
 * @property {number} version
 * @property {string} site
 * @property {string} name
 * @property {string | null} login
 * @property {string[]} roles
 * @property {string | null} specialty
 * @property {string[]} languages
 * @property {boolean} is_locked
 */
/**
 * @typedef {object} Cart
 * @property {string} id
 * @property {number} version
 * @property {string} site
 * @property {string} name
 * @property {string[]} capabilities
 * @property {string | null} last_seen
 * @property {boolean} is_online
 * @property {'passed' | 'degraded' | 'failed' | null} check
 * @property {'green' | 'yellow' | 'red'} light
 */
/**
 * @typedef {object} Schedule
 * @property {string} id
 * @property {number} version
 * @property {string | null} [specialist]
 * @property {string | null} [cart]
 * @property {string} time_zone
 * @property {number} weekday 1 is Monday
 * @property {string} start
 * @property {string} end
 * @property {number} slot_minutes
 * @property {string} channel
 * @property {string} valid_from
 * @property {string | null} valid_to
 */
/** @typedef {{id: string, date: string, start: string | null, end: string | null, reason: string}} ScheduleException both times null: the whole day */
/** @typedef {{purpose: string, version: number, texts: Record<string, string>, created?: string | null}} ConsentText */
/**
 * @typedef {object} ApiKey
 * @property {string} id
 * @property {string} name
 * @property {string} site
 * @property {string} source
 * @property {string[]} scopes
 * @property {string} created
 * @property {string} expires
 * @property {string | null} last_used
 * @property {string | null} revoked
 * @property {string} [key] in the first answer alone
 */
/**
 * @typedef {object} AuditEntry
 * @property {number} seq
 * @property {string} at
 * @property {string} actor
 * @property {string | null} actor_name
 * @property {string} action
 * @property {string} entity
 * @property {string} entity_id
 * @property {unknown} detail
 */
/** @typedef {{id: string, kind: string, channel: 'sms' | 'email', status: string, to_masked: string | null, attempts: number, error: string | null, appointment: string | null, created: string, updated: string}} SentMessage */
/** @typedef {{state: 'intact' | 'broken' | 'wrong_end', rows: number, broken_at: number | null}} Chain */

export {};
