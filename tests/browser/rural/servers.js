/** The servers that are compared: each started in the links' server namespace, with a way for two people to come into one room. */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { Person } from '../harness/person.js';
import { until } from '../harness/until.js';
import { environment } from '../harness/environment.js';
import { joinJanus } from './janus_page.js';

/** @typedef {import('puppeteer-core').Page} Page */
/** @typedef {import('./links.js').Link} Link */
/**
 * @typedef {object} Server
 * @property {(pages: Page[], links: Link[]) => Promise<void>} enter two people into a room that nobody was in before
 * @property {() => Promise<void>} stop
 */

const KENES = process.env.KENES_BIN ?? fileURLToPath(new URL('../../../target/release/kenes', import.meta.url));
const ROOMS = 64;
const HTTPS_PORT = 8443;
const JANUS_PORT = 8188;
/** A secure context, as a browser wants it before it gives a camera, without a server: the request is answered by us. */
const JANUS_PAGE = 'http://localhost/janus';

/** @type {Record<string, (namespace: string) => Promise<Server>>} */
export const SERVERS = { kenes: startKenes, janus: startJanus };

/** @param {string} namespace @returns {Promise<Server>} */
async function startKenes(namespace) {
  const folder = mkdtempSync(join(tmpdir(), 'kenes-rural-'));
  const server = start(namespace, KENES, [], {
    ...environment(),
    KENES_STORAGE_DATA_FOLDER: folder,
    KENES_HTTP_LISTEN: '127.0.0.1:0',
    KENES_HTTPS_LISTEN: `0.0.0.0:${HTTPS_PORT}`,
    KENES_MEDIA_LISTEN: '0.0.0.0:0',
    KENES_DEMO_ROOMS: String(ROOMS),
    KENES_LOG_FILTER: 'warn',
  });
  /** @type {Record<string, string[]>} */
  const links = { nurse: [], specialist: [] };
  let ready = false;
  createInterface({ input: server.stdout }).on('line', (line) => {
    const [label, link] = line.split(/ +/);
    if (link) links[label]?.push(new URL(link).hash);
    ready ||= line === 'ready';
  });
  await running(server, 'kenes is ready', () => ready);
  let room = 0;
  return {
    async enter(pages, ways) {
      const invitations = [links.nurse[room], links.specialist[room]];
      room += 1;
      for (const [index, page] of pages.entries()) {
        const person = new Person({ page, close: async () => {} }, 'chromium');
        await person.join(`https://${ways[index].address}:${HTTPS_PORT}/visit${invitations[index]}`);
      }
    },
    stop: () => stop(server, folder),
  };
}

/** With the defaults of its package and of its room, but for a bound on the camera, which they have none of here. @param {string} namespace @returns {Promise<Server>} */
async function startJanus(namespace) {
  const folder = mkdtempSync(join(tmpdir(), 'kenes-rural-'));
  for (const [kind, name] of [['plugins', 'libjanus_videoroom.so'], ['transports', 'libjanus_websockets.so']]) {
    mkdirSync(join(folder, kind));
    symlinkSync(library(kind, name), join(folder, kind, name));
  }
  const core = ['configs', 'plugins', 'transports', 'events', 'loggers'].map((kind) => {
    const path = kind === 'configs' ? folder : join(folder, kind);
    return `${kind}_folder = "${path}"`;
  });
  writeFileSync(join(folder, 'janus.jcfg'), `general: {\n${core.join('\n')}\ndebug_level = 2\n}\nmedia: { ipv6 = false }\n`);
  writeFileSync(join(folder, 'janus.transport.websockets.jcfg'), `general: { json = "compact"\nws = true\nws_port = ${JANUS_PORT}\n}\n`);
  writeFileSync(join(folder, 'janus.plugin.videoroom.jcfg'), '');
  const server = start(namespace, 'janus', ['--configs-folder', folder], process.env);
  server.stdout.resume();
  let room = 0;
  return {
    async enter(pages, ways) {
      room += 1;
      for (const [index, page] of pages.entries()) {
        await page.setRequestInterception(true);
        page.on('request', (request) => {
          if (request.url() === JANUS_PAGE) request.respond({ contentType: 'text/html', body: '<!doctype html><title>Janus</title><body>' });
          else request.continue();
        });
        await page.goto(JANUS_PAGE);
        await page.evaluate(joinJanus, `ws://${ways[index].address}:${JANUS_PORT}`, room);
      }
    },
    stop: () => stop(server, folder),
  };
}

/** Where Debian's package has it; the folder's name follows the machine's architecture. @param {string} kind @param {string} name */
function library(kind, name) {
  const found = readdirSync('/usr/lib').map((folder) => join('/usr/lib', folder, 'janus', kind, name)).find(existsSync);
  if (!found) throw new Error(`no ${name}: apt-get install janus`);
  return found;
}

/** @param {string} namespace @param {string} program @param {string[]} args @param {NodeJS.ProcessEnv} env */
function start(namespace, program, args, env) {
  return spawn('ip', ['netns', 'exec', namespace, program, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** @param {import('node:child_process').ChildProcess} server @param {string} what @param {() => boolean} holds */
async function running(server, what, holds) {
  await until(what, () => {
    if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}`);
    return holds();
  });
}

/** @param {import('node:child_process').ChildProcess} server @param {string} folder */
async function stop(server, folder) {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  if (server.exitCode === null) {
    server.kill('SIGTERM');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
}
