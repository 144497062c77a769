/**
 * The server's /api/v1: JSON in and out, and every way to fail as one `Problem` with words. Owns the idempotency keys of what has not been
 * answered yet and the server's clock. Retrying is not its job, reading without a deadline neither.
 */
import { Problem, unreachable } from './problem.js';

const BASE = '/api/v1';
const MOST_IN_A_PAGE = 200;
/** A list that is longer is cut and says so: nobody reads a thousand rows. */
const MOST_PAGES = 5;
const DEADLINE_MS = 20_000;
/** `Date` has whole seconds and a way to go: below this, the two clocks agree. */
const CLOCKS_AGREE_MS = 3_000;

/**
 * @typedef {{version?: number, key?: string, signal?: AbortSignal}} Extra `version` becomes If-Match, `key` the Idempotency-Key
 * @typedef {Record<string, string | number | boolean | null | undefined>} Query
 */

export class Api {
  /** @type {Map<string, string>} by call and body: a click that is repeated because no answer came books once */ #unanswered = new Map();
  #skewMs = 0;
  /** What to do when the server says that nobody is signed in. */
  onSignedOut = () => {};
  /** What to do when something of the server's was changed by this page. */
  onChanged = () => {};

  /** @param {import('../i18n/index.js').Language} language of the server's words @param {typeof fetch} [fetcher] @param {string | null} [bearer] a guest's link; null: the cookie tells who calls */
  constructor(language, fetcher = (...args) => fetch(...args), bearer = null) {
    this.language = language;
    this.fetcher = fetcher;
    this.bearer = bearer;
  }

  /** The server's time: clocks of old PCs go wrong, and a hold ends by the server's. @returns {number} */
  nowMs() {
    return Date.now() + this.#skewMs;
  }

  /** @param {string} path @param {Query} [query] @param {AbortSignal} [signal] @returns {Promise<any>} */
  get(path, query, signal) {
    return this.#call('GET', withQuery(path, query), undefined, { signal });
  }

  /** All of a list, page after page. @param {string} path @param {Query} [query] @param {AbortSignal} [signal] @returns {Promise<{items: any[], isCut: boolean}>} */
  async list(path, query, signal) {
    const items = [];
    let cursor = null;
    for (let page = 0; page < MOST_PAGES; page++) {
      const answer = await this.get(path, { limit: MOST_IN_A_PAGE, ...query, cursor }, signal);
      items.push(...answer.items);
      cursor = answer.next ?? null;
      if (cursor === null) return { items, isCut: false };
    }
    return { items, isCut: true };
  }

  /** Makes something new, once: the same call repeated after a lost answer gets the first one's. @param {string} path @param {object} body @returns {Promise<any>} */
  async create(path, body) {
    const call = `${path} ${JSON.stringify(body)}`;
    const key = this.#unanswered.get(call) ?? newKey();
    this.#unanswered.set(call, key);
    try {
      const answer = await this.#call('POST', path, body, { key });
      this.#unanswered.delete(call);
      return answer;
    } catch (error) {
      if (!(error instanceof Problem) || error.isAnswer) this.#unanswered.delete(call);
      throw error;
    }
  }

  /** An act on what is there. @param {string} path @param {object} [body] @param {number} [version] @returns {Promise<any>} */
  post(path, body, version) {
    return this.#call('POST', path, body, { version });
  }

  /** @param {string} path @param {object} body @param {number} [version] @returns {Promise<any>} */
  put(path, body, version) {
    return this.#call('PUT', path, body, { version });
  }

  /** @param {string} path @param {number} [version] @returns {Promise<any>} */
  delete(path, version) {
    return this.#call('DELETE', path, undefined, { version });
  }

  /** Gives up what runs out by itself anyway; nobody waits for the answer, not even the page. @param {string} path */
  letGo(path) {
    this.fetcher(BASE + path, { method: 'DELETE', keepalive: true, credentials: 'same-origin' }).then(this.onChanged, () => {});
  }

  /** @param {string} method @param {string} path @param {object | undefined} body @param {Extra} extra */
  async #call(method, path, body, { version, key, signal }) {
    /** @type {Record<string, string>} */
    const headers = { Accept: 'application/json', 'Accept-Language': this.language };
    if (this.bearer !== null) headers.Authorization = `Bearer ${this.bearer}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (version !== undefined) headers['If-Match'] = `"${version}"`;
    if (key !== undefined) headers['Idempotency-Key'] = key;
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    /** @type {Response} */
    let response;
    let text;
    try {
      response = await this.fetcher(BASE + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: signal ? anyOf(signal, deadline) : deadline,
        credentials: 'same-origin',
        cache: 'no-store',
      });
      text = await response.text();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw unreachable();
    }
    this.#compareClocks(response.headers.get('Date'));
    const parsed = parse(text);
    if (response.ok) {
      if (method !== 'GET') this.onChanged();
      return parsed;
    }
    const problem = Problem.read(response.status, parsed);
    if (problem.code === 'not_signed_in') this.onSignedOut();
    throw problem;
  }

  /** @param {string | null} date */
  #compareClocks(date) {
    const serverMs = Date.parse(date ?? '');
    if (Number.isNaN(serverMs)) return;
    const skewMs = serverMs + 500 - Date.now();
    this.#skewMs = Math.abs(skewMs) < CLOCKS_AGREE_MS ? 0 : skewMs;
  }
}

/** @param {string} path @param {Query} [query] what is null or undefined is left out */
export function withQuery(path, query = {}) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

/** @param {string} text */
function parse(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** `crypto.randomUUID` is missing on a page without TLS, as on a hospital's own network. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** `AbortSignal.any` is younger than the browsers on old carts. @param {AbortSignal} first @param {AbortSignal} second */
function anyOf(first, second) {
  const either = new AbortController();
  for (const signal of [first, second]) {
    if (signal.aborted) either.abort(signal.reason);
    signal.addEventListener('abort', () => either.abort(signal.reason), { once: true });
  }
  return either.signal;
}
