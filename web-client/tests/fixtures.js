/** Rooms and people for the tests. */

/** @typedef {import('../public/js/protocol/types.js').Room} Room */
/** @typedef {import('../public/js/protocol/types.js').Track} Track */
/** @typedef {import('../public/js/protocol/types.js').Participant} Participant */

/** @satisfies {Record<string, Participant>} */
export const people = {
  nurse: { id: 'p1', name: 'Айгерім Нұрланқызы', role: 'nurse', status: 'in_call' },
  specialist: { id: 'p2', name: 'Мұхтар Оспанов', role: 'specialist', status: 'in_call' },
  patient: { id: 'p3', name: 'Марат Сәрсенов', role: 'patient', status: 'in_call' },
};

/** @param {string} participant @param {Track['source']} source @returns {Track} */
export function track(participant, source) {
  const kind = source === 'microphone' || source === 'stethoscope' ? 'audio' : 'video';
  return { id: `${participant}/${source}`, participant, source, kind, active: true, muted: false };
}

/** @param {Partial<Room>} [parts] @returns {Room} */
export function room(parts = {}) {
  return {
    rev: 1,
    intent_rev: 0,
    locked: false,
    participants: [],
    tracks: [],
    video: [],
    audio: [],
    permissions: { publish: ['microphone', 'camera'], moderate: [] },
    ...parts,
  };
}
