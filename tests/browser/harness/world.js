/** What all journeys share: one server, the browsers, and a log line. Brought up by the first journey, taken down after the last. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Browsers } from './browsers.js';
import { Person } from './person.js';
import { startServer } from './server.js';
import { TRIES, walkInTries } from './tries.js';

/** @typedef {import('./browsers.js').Kind} Kind */
/** @typedef {import('./server.js').Links} Links */
/**
 * @typedef {object} Journey
 * @property {Links} links
 * @property {string} base
 * @property {(kind: Kind) => Promise<Person>} person
 * @property {(login: string, language?: string) => Promise<Person>} atDesk one of the made-up clinic's people, signed in at the desk
 * @property {(line: string) => void} say
 */

const JOURNEY_MS = 150_000;

const browsers = new Browsers();
/** @type {ReturnType<typeof startServer> | undefined} */
let server;

/**
 * One journey in a consultation of its own; its pages are closed after it.
 * @param {string} name a sentence @param {(journey: Journey) => Promise<void>} walk
 */
export function journey(name, walk) {
  test(name, { timeout: TRIES * JOURNEY_MS }, async (context) => {
    const say = (/** @type {string} */ line) => context.diagnostic(line);
    await walkInTries(say, () => walkOnce(walk, say));
  });
}

/** @param {(journey: Journey) => Promise<void>} walk @param {(line: string) => void} say */
async function walkOnce(walk, say) {
  server ??= startServer();
  const { base, password, consultation } = await server;
  /** @type {Person[]} */
  const people = [];
  const person = async (/** @type {Kind} */ kind) => {
    const arrived = new Person(await browsers.page(kind), kind);
    people.push(arrived);
    return arrived;
  };
  const atDesk = async (/** @type {string} */ login, language = 'ru') => {
    const someone = await person('chromium');
    await someone.signsIn(`${base}/desk`, login, password, language);
    return someone;
  };
  try {
    await walk({ links: consultation(), base, person, atDesk, say });
    for (const someone of people) assert.deepEqual(someone.exceptions, [], `${someone.kind} threw nothing`);
  } finally {
    await Promise.allSettled(people.map((someone) => someone.close()));
  }
}

after(async () => {
  await browsers.close();
  const started = await server?.catch(() => undefined);
  await started?.stop();
});
