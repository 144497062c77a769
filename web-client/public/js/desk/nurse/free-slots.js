/** Free slots as the nurse looks for them: by day, and within a day by specialist. Pure. */
import { dayOf } from '../clinic-time.js';

/** @typedef {import('../types.js').Slot} Slot */
/** @typedef {{day: string, count: number, specialists: {id: string, name: string, slots: Slot[]}[]}} SlotDay */

/** @param {readonly Slot[]} slots @param {string} zone of the site where the patient is @returns {SlotDay[]} days that have a slot, in order */
export function byDay(slots, zone) {
  /** @type {Map<string, Slot[]>} */
  const days = new Map();
  for (const slot of [...slots].sort((a, b) => a.start.localeCompare(b.start))) {
    const day = dayOf(slot.start, zone);
    days.set(day, [...(days.get(day) ?? []), slot]);
  }
  return [...days].map(([day, ofDay]) => ({ day, count: ofDay.length, specialists: bySpecialist(ofDay) }));
}

/** Whoever is free first comes first. @param {readonly Slot[]} slots */
function bySpecialist(slots) {
  /** @type {Map<string, {id: string, name: string, slots: Slot[]}>} */
  const specialists = new Map();
  for (const slot of slots) {
    const { id, name } = slot.specialist;
    const group = specialists.get(id) ?? { id, name, slots: [] };
    group.slots.push(slot);
    specialists.set(id, group);
  }
  return [...specialists.values()];
}
