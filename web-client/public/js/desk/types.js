/** What /api/v1 answers, for `tsc`; its words are at /docs. No code. */

/**
 * @typedef {'own' | 'site' | 'everywhere'} Reach
 * @typedef {{id: string, name: string, time_zone: string}} SiteName
 * @typedef {object} Me who is signed in
 * @property {'user' | 'cart'} kind
 * @property {string} id
 * @property {string} name
 * @property {string[]} roles
 * @property {SiteName} site
 * @property {string | null} specialty
 * @property {string[]} languages
 * @property {boolean} must_change_password
 * @property {Record<string, Reach>} rights
 */

/** @typedef {'routine' | 'urgent'} Priority */
/** @typedef {'cart' | 'home_link' | 'phone'} Channel */
/** @typedef {'proposed' | 'booked' | 'confirmed' | 'checked_in' | 'in_call' | 'completed' | 'cancelled' | 'no_show' | 'failed' | 'entered_in_error'} Status */
/** @typedef {{id: string, name: string, birth_date: string, language: string, phone: string | null, needs_interpreter: boolean}} PatientName */

/**
 * @typedef {object} Appointment
 * @property {string} id
 * @property {number} version
 * @property {Status} status
 * @property {string | null} proposal
 * @property {Channel} channel
 * @property {string} start
 * @property {string} end
 * @property {string | null} cancel_reason
 * @property {string | null} failure
 * @property {string | null} no_summary_reason
 * @property {string | null} rescheduled_from
 * @property {SiteName} site
 * @property {PatientName} patient
 * @property {{id: string, name: string, specialty: string | null}} specialist
 * @property {{id: string, name: string, is_online: boolean} | null} cart
 * @property {{id: string | null, mis_ref: string, priority: Priority, reason: string, icd10: string | null, referring_doctor: string} | null} referral
 * @property {Record<string, 'given' | 'refused' | 'withdrawn' | null>} consents
 * @property {{role: string, name: string, place: 'waiting' | 'in_call'}[]} people
 * @property {string[]} allowed
 */

/**
 * @typedef {object} Referral
 * @property {string} id
 * @property {number} version
 * @property {string} source
 * @property {string} mis_ref
 * @property {string} site
 * @property {{id: string, name: string, birth_date: string, language?: string, phone?: string | null, needs_interpreter?: boolean}} patient
 * @property {string} referring_doctor
 * @property {string} specialty
 * @property {string} reason
 * @property {string | null} icd10
 * @property {Priority} priority
 * @property {'received' | 'in_work' | 'booked' | 'waitlisted' | 'completed' | 'rejected' | 'cancelled'} status
 * @property {string} created
 */

/**
 * @typedef {object} Slot
 * @property {string} id
 * @property {number} version
 * @property {string} start
 * @property {string} end
 * @property {Channel} channel
 * @property {'competitive' | 'reserved'} kind
 * @property {'free' | 'held' | 'busy' | 'blocked'} status
 * @property {{id: string, name: string}} specialist
 * @property {string} [hold_until]
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
 */

/**
 * @typedef {object} Patient
 * @property {string} id
 * @property {number} version
 * @property {string | null} iin
 * @property {string | null} other_id
 * @property {string | null} mis_id
 * @property {string} name
 * @property {string} birth_date
 * @property {string} sex
 * @property {string | null} phone
 * @property {string | null} email
 * @property {string} language
 * @property {boolean} needs_interpreter
 * @property {string | null} address
 * @property {string | null} phc_site
 */

/**
 * @typedef {object} WaitlistEntry
 * @property {string} id
 * @property {number} version
 * @property {{id: string, site: string, mis_ref: string, reason: string}} referral
 * @property {{id: string, name: string, phone: string | null}} patient
 * @property {string} specialty
 * @property {Channel} channel
 * @property {string | null} cart
 * @property {string} earliest
 * @property {string} latest
 * @property {Priority} priority
 * @property {'waiting' | 'booked' | 'withdrawn'} status
 * @property {string} created
 * @property {string | null} lost the visit that was lost when the specialist cancelled the day
 * @property {{id: string, slot: {id: string, start: string, end: string}, expires: string, result: string | null}[]} offers
 */

/** @typedef {{appointment: Appointment, calls: {attempt: number, result: string, note: string | null, at: string}[]}} ReconfirmLine */
/** @typedef {{id: string, version: number, name: string, kind: string, time_zone: string, km_to_hub: number | null, phone: string | null}} Site */

/**
 * @typedef {object} Schedule weekly hours of a specialist or of a cart
 * @property {string} id
 * @property {number} version
 * @property {string} time_zone
 * @property {number} weekday 1 is Monday
 * @property {string} start `09:00`
 * @property {string} end
 * @property {number} slot_minutes
 * @property {Channel} channel
 * @property {string} valid_from
 * @property {string | null} valid_to
 */
/** @typedef {{id: string, date: string, start: string, end: string, reason: string}} ScheduleException */
/** @typedef {{summary: string, recommendations: string | null, icd10: string | null, author: string, signed: string | null, digest: string | null}} Addendum */
/** @typedef {Addendum & {version: number, addenda: Addendum[]}} Conclusion `signed` null: a draft */

export {};
