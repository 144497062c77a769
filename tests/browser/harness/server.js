/** The real server: started on free ports with as many demo consultations as there are journeys, stopped by its pid. */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { serverCertificate } from './certificate.js';
import { environment } from './environment.js';
import { SERVER, serverNamespace } from './firewall.js';
import { until } from './until.js';

const BINARY = process.env.KENES_BIN ?? fileURLToPath(new URL('../../../target/release/kenes', import.meta.url));
const ROOMS = 64;
/** What the made-up clinic's clock shows as the journeys begin: one that a run can be repeated by. */
const HOUR = Number(process.env.JOURNEYS_HOUR ?? 10);
const STOP_MS = 10_000;

/** @typedef {{nurse: string, specialist: string, patient: string}} Links one consultation's, each opens the visit page */

/** A time zone where it is between `hour` and the next. @param {number} hour 0 to 23 */
function zoneAt(hour) {
  const ahead = ((hour - new Date().getUTCHours() + 36) % 24) - 12;
  // POSIX writes it from the other side: Etc/GMT-5 is five hours ahead of Greenwich.
  return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}

/** Behind a firewall the server is a machine of its own, with the ports that a hospital's would have. @param {string} namespace */
const onItsOwnMachine = (namespace) => ({
  command: ['ip', 'netns', 'exec', namespace, BINARY],
  variables: {
    KENES_HTTPS_CERTIFICATE_FILE: serverCertificate().certificate,
    KENES_HTTPS_KEY_FILE: serverCertificate().key,
    KENES_HTTP_PUBLIC_URL: `https://${SERVER.name}`,
    KENES_HTTPS_LISTEN: '[::]:443',
    KENES_MEDIA_LISTEN: '[::]:40000',
  },
});
const ON_LOOPBACK = {
  command: [BINARY],
  variables: { KENES_HTTPS_LISTEN: '', KENES_MEDIA_LISTEN: '0.0.0.0:0' },
};

/** @returns {Promise<{base: string, password: string, consultation: () => Links, log: () => string, stop: () => Promise<void>}>} */
export async function startServer() {
  if (!existsSync(BINARY)) throw new Error(`no server at ${BINARY}: cargo build --release, or set KENES_BIN`);
  const folder = mkdtempSync(join(tmpdir(), 'kenes-journeys-'));
  const namespace = serverNamespace();
  const { command: [program, ...args], variables } = namespace ? onItsOwnMachine(namespace) : ON_LOOPBACK;
  const server = spawn(program, args, {
    env: {
      ...environment(),
      KENES_STORAGE_DATA_FOLDER: folder,
      KENES_HTTP_LISTEN: '127.0.0.1:0',
      ...variables,
      KENES_DEMO_ROOMS: String(ROOMS),
      KENES_DEMO_TIME_ZONE: zoneAt(HOUR),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  /** @type {string[]} */
  const log = [];
  /** @type {Record<string, string[]>} what `src/links/announcement.rs` promises: a label at the line's start, then its link */
  const links = { nurse: [], specialist: [], patient: [] };
  let ready = false;
  /** Of the made-up clinic's people. */
  let password = '';
  createInterface({ input: server.stdout }).on('line', (line) => {
    log.push(line);
    ready ||= line === 'ready';
    const [label, link] = line.split(/ +/);
    if (label === 'password') password = link;
    if (link) links[label]?.push(link);
  });
  createInterface({ input: server.stderr }).on('line', (line) => log.push(line));

  try {
    await until('kenes is ready', () => {
      if (server.exitCode !== null) throw new Error(`kenes ended with ${server.exitCode}`);
      return ready;
    });
  } catch (error) {
    server.kill('SIGKILL');
    throw new Error(`kenes did not come up; it said:\n${log.slice(-40).join('\n')}`, { cause: error });
  }

  let next = 0;
  return {
    base: new URL(links.nurse[0]).origin,
    password,
    consultation() {
      const at = next++;
      if (at >= ROOMS) throw new Error('more journeys than demo consultations: raise ROOMS');
      return { nurse: links.nurse[at], specialist: links.specialist[at], patient: links.patient[at] };
    },
    log: () => log.join('\n'),
    async stop() {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      if (server.exitCode !== null) return;
      server.kill('SIGINT');
      const killer = setTimeout(() => server.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(killer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
