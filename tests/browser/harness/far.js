/**
 * People who live far away: a nurse and a specialist, each a browser in a network namespace of its own behind a `kenes-link`, and the server in another.
 * The links change while they talk; the server may be killed and started again. Needs root, TUN and espeak-ng, else its journeys are skipped.
 */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { accessSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Link } from '../rural/links.js';
import { chromiumBehind } from './chromium_behind.js';
import { environment } from './environment.js';
import { firefoxBehind } from './firefox_behind.js';
import { Person } from './person.js';
import { TRIES, walkInTries } from './tries.js';
import { until } from './until.js';

const KENES = process.env.KENES_BIN ?? fileURLToPath(new URL('../../../target/release/kenes', import.meta.url));
const HTTPS_PORT = 8443;
const MEDIA_PORT = 3478;
const ROOMS = 16;
const JOURNEY_MS = 240_000;
/** Speech with few pauses, so that whatever is missing is missed. */
const WORDS = `The patient has had a cough for two weeks and a fever of thirty eight degrees since yesterday evening. There is no pain in the chest. She takes two
  tablets in the morning and one before she sleeps. Please breathe in deeply, hold your breath, and breathe out again.`;

/** @typedef {{person: Person, link: Link}} Far */
/**
 * @typedef {object} FarJourney
 * @property {Far} nurse
 * @property {Far} specialist
 * @property {{kill: () => Promise<void>, listenAgain: () => Promise<void>}} server
 * @property {(far: Far) => void} moves to another network: its address is another from now on
 * @property {(line: string) => void} say
 */

/** @type {ReturnType<typeof begin> | undefined} */
let place;

/** What is missing to make namespaces with links between them and voices in them. */
function missing() {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync('/dev/net/tun')) return 'needs /dev/net/tun';
  for (const program of ['/usr/bin/espeak-ng', '/sbin/ip']) if (!canRun(program)) return `needs ${program}`;
  return false;
}

/** @param {string} program */
function canRun(program) {
  try {
    return accessSync(program) === undefined;
  } catch {
    return false;
  }
}

/**
 * A consultation of two; it begins on perfect links. @param {string} name a sentence @param {(journey: FarJourney) => Promise<void>} walk
 * @param {object} [people]
 * @param {(person: Person, url: string) => Promise<void>} [people.come] how far they go by themselves: into the call
 * @param {'chromium' | 'firefox'} [people.nurses] browser
 */
export function farJourney(name, walk, { come = (person, url) => person.join(url), nurses = 'chromium' } = {}) {
  test(name, { timeout: TRIES * JOURNEY_MS, skip: missing() }, async (context) => {
    const say = (/** @type {string} */ line) => context.diagnostic(line);
    await walkInTries(say, () => walkOnce(walk, come, [nurses, 'chromium'], say));
  });
}

/**
 * @param {(journey: FarJourney) => Promise<void>} walk @param {(person: Person, url: string) => Promise<void>} come @param {('chromium' | 'firefox')[]} kinds
 * @param {(line: string) => void} say
 */
async function walkOnce(walk, come, kinds, say) {
  place ??= begin();
  const { server, links, browser } = await place;
  const browsers = await Promise.all(links.map((link, index) => browser(link, kinds[index])));
  const invitations = server.consultation();
  await Promise.all(links.map((link) => link.becomes('')));
  const contexts = await Promise.all(browsers.map((one) => one.createBrowserContext()));
  try {
    const [nurse, specialist] = await Promise.all(links.map(async (link, index) => {
      const person = new Person({ page: await contexts[index].newPage(), close: async () => {} }, kinds[index]);
      await come(person, `https://${link.address}:${HTTPS_PORT}/visit${invitations[index]}`);
      return { person, link };
    }));
    await walk({ nurse, specialist, server, moves: (far) => move(far.link, AWAY), say });
    for (const { person } of [nurse, specialist]) assert.deepEqual(person.exceptions, [], 'the page threw nothing');
  } finally {
    links.forEach((link) => move(link, HOME));
    await Promise.all(links.map((link) => link.becomes('')));
    await Promise.all(contexts.map((one) => one.close()));
  }
}

const HOME = '1/24';
/** Of another length, since an address takes those of its own subnet with it when it goes. */
const AWAY = '3/25';

/** Gives the person's end this address alone, as when a phone leaves the Wi-Fi. @param {Link} link @param {string} host */
function move(link, host) {
  const device = `link${link.number}`;
  const ip = (/** @type {string[]} */ ...args) => execFileSync('ip', ['-n', link.person, ...args]).toString();
  const before = /inet (10\.\S+)/.exec(ip('-4', 'addr', 'show', 'dev', device))?.[1];
  const address = `10.99.${link.number}.${host}`;
  if (before === address) return;
  ip('addr', 'add', address, 'dev', device);
  if (before) ip('addr', 'del', before, 'dev', device);
}

async function begin() {
  const folder = mkdtempSync(join(tmpdir(), 'kenes-far-'));
  const links = [new Link('nurse', 1)];
  // The first makes the server's namespace.
  await links[0].ready();
  links.push(new Link('specialist', 2));
  await links[1].ready();
  const speech = join(folder, 'speech.wav');
  execFileSync('espeak-ng', ['-s', '160', '-w', speech, WORDS]);
  const server = await startServer(links[0].server, folder);
  /** @type {Map<string, Promise<import('puppeteer-core').Browser>>} */
  const started = new Map();
  const browser = (/** @type {Link} */ link, /** @type {'chromium' | 'firefox'} */ kind) => {
    const begun = started.get(link.person + kind) ?? (kind === 'firefox' ? firefoxBehind(link, folder) : chromiumBehind(link, folder, { speech, camera: 'fps=15' }));
    started.set(link.person + kind, begun);
    return begun;
  };
  return { server, links, browser, started, folder };
}

/** @param {string} namespace @param {string} folder */
async function startServer(namespace, folder) {
  /** @type {Record<string, string[]>} */
  const hashes = { nurse: [], specialist: [] };
  /** @type {import('node:child_process').ChildProcess} */
  let server;
  const start = async () => {
    let ready = false;
    server = spawn('ip', ['netns', 'exec', namespace, KENES], {
      env: {
        ...environment(),
        KENES_STORAGE_DATA_FOLDER: join(folder, 'data'),
        KENES_HTTP_LISTEN: '127.0.0.1:0',
        KENES_HTTPS_LISTEN: `0.0.0.0:${HTTPS_PORT}`,
        KENES_MEDIA_LISTEN: `0.0.0.0:${MEDIA_PORT}`,
        KENES_DEMO_ROOMS: String(ROOMS),
        KENES_LOG_FILTER: 'warn',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: /** @type {import('node:stream').Readable} */ (server.stdout) }).on('line', (line) => {
      const [label, link] = line.split(/ +/);
      if (link) hashes[label]?.push(new URL(link).hash);
      ready ||= line === 'ready';
    });
    await until('kenes is ready', () => {
      if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}`);
      return ready;
    });
  };
  /** @param {NodeJS.Signals} signal */
  const end = async (signal) => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    if (server.exitCode === null && server.kill(signal)) await ended;
  };
  await start();
  let next = 0;
  return {
    consultation: () => [hashes.nurse[next], hashes.specialist[next++]],
    kill: () => end('SIGKILL'),
    listenAgain: start,
    stop: () => end('SIGINT'),
  };
}

after(async () => {
  const started = await place?.catch(() => undefined);
  if (!started) return;
  await Promise.all([...started.started.values()].map(async (browser) => (await browser).close()));
  await started.server.stop();
  await Promise.all(started.links.map((link) => link.end()));
  rmSync(started.folder, { recursive: true, force: true });
});
