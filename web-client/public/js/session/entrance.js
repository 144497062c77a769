/**
 * Which door the page's address names, and the way through it to a join token: a demo's invitation, the single-visit link of a patient or
 * another guest, an offered time, or an appointment for who is signed in (signaling/PROTOCOL.md "Before the socket").
 */
import { Problem } from '../desk/problem.js';
import { isLanguage } from '../i18n/index.js';

/** @typedef {import('../protocol/types.js').Role} Role */
/** @typedef {import('../i18n/index.js').Language} Language */
/** @typedef {{kind: 'invitation' | 'link' | 'offer' | 'appointment', secret: string}} Entrance `secret` is the appointment's id where that is the door */
/** @typedef {{token: string, expiresMs: number, role: Role, name: string, roomTitle: string, language: Language | null, iceServers: RTCIceServer[]}} Welcome */

/** A refusal that trying again will not change, or not soon. `code` is a key under `errors.`, or else the server's, with its words. */
export class Refusal extends Error {
  /** @param {string} code @param {string[]} [words] */
  constructor(code, words = []) {
    super(code);
    this.problem = words.length > 0 ? { code, words } : { code };
  }
}

/** What a door's refusal is called here. Where the server's own words say more, they are shown. @type {Record<string, string>} */
const CODES = {
  invitation_invalid: 'E-LINK-2',
  invitation_expired: 'E-LINK-3',
  bad_request: 'E-LINK-2',
  rate_limited: 'E-LINK-4',
  link_invalid: 'E-LINK-2',
  link_expired: 'E-LINK-3',
  link_revoked: 'E-LINK-5',
  link_too_early: 'E-LINK-6',
};
/** … and these mean another thing at each door. @type {Record<Entrance['kind'], Record<string, string>>} */
const CODES_OF_DOOR = {
  invitation: {},
  link: { not_signed_in: 'E-LINK-2', not_found: 'E-LINK-2' },
  offer: { not_signed_in: 'E-LINK-2', not_found: 'E-LINK-2' },
  appointment: { not_signed_in: 'E-LINK-7', not_found: 'E-LINK-8', not_allowed: 'E-LINK-8' },
};

/** An offer leads to no room yet. @type {Record<Exclude<Entrance['kind'], 'offer'>, (secret: string) => [path: string, body?: object]>} */
const JOIN = {
  invitation: (secret) => ['/join', { invitation: secret }],
  link: () => ['/visit/join'],
  appointment: (id) => [`/appointments/${encodeURIComponent(id)}/join`],
};

/** @param {string} hash of the address @returns {Entrance | null} null when the page was opened without one */
export function readEntrance(hash) {
  const text = decodeURIComponent(hash.slice(1));
  if (text === '') return null;
  if (text.startsWith('a=')) return { kind: 'appointment', secret: text.slice(2) };
  if (text.startsWith('o_')) return { kind: 'offer', secret: text };
  return { kind: text.startsWith('v_') ? 'link' : 'invitation', secret: text };
}

/**
 * @param {Entrance} entrance @param {import('../desk/api.js').Api} api @returns {Promise<Welcome>}
 * @throws {Refusal} when the server said no; any other error means that it could not be reached
 */
export async function exchange(entrance, api) {
  if (entrance.kind === 'offer') throw new Refusal('E-LINK-2');
  const [path, body] = JOIN[entrance.kind](entrance.secret);
  const answer = await api.post(path, body).catch((error) => {
    throw refusalOf(entrance.kind, error);
  });
  return {
    token: answer.token,
    expiresMs: answer.expires_ms,
    role: answer.role,
    name: answer.name,
    roomTitle: answer.room_title,
    language: isLanguage(answer.language) ? answer.language : null,
    iceServers: answer.ice_servers,
  };
}

/** @param {Entrance['kind']} kind @param {unknown} error @returns {unknown} a `Refusal` if the server said a lasting no, else the error itself */
export function refusalOf(kind, error) {
  if (!(error instanceof Problem) || !error.isAnswer) return error;
  const code = CODES_OF_DOOR[kind][error.code] ?? CODES[error.code];
  return code ? new Refusal(code) : new Refusal(error.code, [error.title, error.detail].flatMap((words) => words ?? []));
}
