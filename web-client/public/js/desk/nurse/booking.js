/**
 * How far a booking has come: a slot is chosen and held, booked, confirmed. A hold runs out by itself; being overtaken leads back to
 * choosing, with the reason said. Pure.
 */

/** @typedef {import('../types.js').Slot} Slot */
/** @typedef {import('../types.js').Appointment} Appointment */
/** @typedef {import('../problem.js').Problem} Problem */
/**
 * @typedef {object} Booking
 * @property {'choosing' | 'holding' | 'held' | 'booking' | 'booked'} phase
 * @property {Slot | null} slot
 * @property {number | null} holdUntilMs
 * @property {Appointment | null} appointment
 * @property {Problem | null} problem what led back to choosing, or what the last act failed with
 * @property {boolean} hasRunOut the hold ended before the booking
 */
/**
 * @typedef {{type: 'choose', slot: Slot} | {type: 'held', slot: Slot} | {type: 'book'} | {type: 'booked', appointment: Appointment} | {type: 'changed', appointment: Appointment}
 *   | {type: 'release'} | {type: 'overtaken', problem: Problem} | {type: 'failed', problem: Problem} | {type: 'time', nowMs: number}} BookingEvent
 */

/** @type {Booking} */
export const CHOOSING = { phase: 'choosing', slot: null, holdUntilMs: null, appointment: null, problem: null, hasRunOut: false };

/** @param {Booking} state @param {BookingEvent} event @returns {Booking} */
export function reduceBooking(state, event) {
  switch (event.type) {
    case 'choose':
      return { ...CHOOSING, phase: 'holding', slot: event.slot };
    case 'held':
      // Somebody who clicked another slot in the meantime wants that one.
      if (state.phase !== 'holding' || state.slot?.id !== event.slot.id) return state;
      return { ...state, phase: 'held', slot: { ...state.slot, ...event.slot }, holdUntilMs: event.slot.hold_until ? Date.parse(event.slot.hold_until) : null };
    case 'book':
      return state.phase === 'held' ? { ...state, phase: 'booking', problem: null } : state;
    case 'booked':
      return { ...state, phase: 'booked', holdUntilMs: null, appointment: event.appointment, problem: null };
    case 'changed':
      return state.phase === 'booked' ? { ...state, appointment: event.appointment } : state;
    case 'release':
      return state.phase === 'booked' ? state : CHOOSING;
    case 'overtaken':
      return { ...CHOOSING, problem: event.problem };
    case 'failed':
      // The hold stands: what failed may be tried again.
      return { ...state, phase: state.phase === 'booking' ? 'held' : 'choosing', problem: event.problem };
    case 'time':
      if (state.phase !== 'held' || state.holdUntilMs === null || event.nowMs < state.holdUntilMs) return state;
      return { ...CHOOSING, hasRunOut: true };
  }
}
