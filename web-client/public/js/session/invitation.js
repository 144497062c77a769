/** The invitation in the address and its exchange for a join token (signaling/PROTOCOL.md "Before the socket"). */
import { isLanguage } from '../i18n/index.js';

/** @typedef {import('../protocol/types.js').Role} Role */
/** @typedef {import('../i18n/index.js').Language} Language */
/** @typedef {{token: string, expiresMs: number, role: Role, name: string, roomTitle: string, language: Language | null}} Welcome */

/** A refusal that trying again will not change, or not soon. `code` is a key under `errors.` */
export class Refusal extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** @type {Record<string, string>} */
const CODES = { invitation_invalid: 'E-LINK-2', invitation_expired: 'E-LINK-3', rate_limited: 'E-LINK-4', bad_request: 'E-LINK-2' };

/** @returns {string} empty when the page was opened without one */
export function invitationFromAddress() {
  return decodeURIComponent(location.hash.slice(1));
}

/**
 * @param {string} invitation @returns {Promise<Welcome>}
 * @throws {Refusal} when the server said no; any other error means that it could not be reached
 */
export async function exchange(invitation) {
  const response = await fetch('/api/v1/join', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ invitation }),
    cache: 'no-store',
  });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    const code = CODES[body.code];
    if (code) throw new Refusal(code);
    throw new Error(`join answered ${response.status}`);
  }
  return {
    token: body.token,
    expiresMs: body.expires_ms,
    role: body.role,
    name: body.name,
    roomTitle: body.room_title,
    language: isLanguage(body.language) ? body.language : null,
  };
}
