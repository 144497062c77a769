/**
 * A clinic's network: a namespace whose only way out leads through a firewall to the server, in a namespace of its own. Journeys run inside
 * the clinic's, browsers and all, so that what they may send is decided by the kernel. Needs root, `ip` and `nft`.
 */

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';

/** Says to a process that it runs inside, and where the server's namespace is. Not KENES_: the server would take it for its configuration. */
const INSIDE = 'JOURNEYS_SERVER_NAMESPACE';
/** Documentation's addresses (RFC 5737, RFC 3849): Chromium takes no candidate on port 443 with a private one. A name: Firefox does TURN over TLS with nothing else. */
export const SERVER = { name: 'kenes.test', ipv4: '192.0.2.1', ipv6: '2001:db8::1' };
const CLINIC = { ipv4: '192.0.2.2', ipv6: '2001:db8::2' };

/**
 * What the firewall lets out to the server. One that looks into what it passes knows ICE-TCP by the STUN behind its frame's length.
 * @type {Record<string, string>}
 */
const RULES = {
  everything: 'accept',
  'ipv6 alone': 'meta nfproto ipv6 accept',
  'tcp 443 alone': 'tcp dport 443 accept',
  'tls on 443 alone': 'tcp dport 443 @ih,16,16 0x0001 @ih,48,32 0x2112a442 drop; oifname "out" tcp dport 443 accept',
};

/** @returns {string | undefined} the server's namespace, where this process runs in the clinic's */
export function serverNamespace() {
  return process.env[INSIDE];
}

/** @param {'everything' | 'ipv6 alone' | 'tcp 443 alone' | 'tls on 443 alone'} what */
export function letOut(what) {
  const ruleset = `
    table inet firewall
    delete table inet firewall
    table inet firewall {
      chain out {
        type filter hook output priority 0; policy accept;
        oifname "out" meta l4proto icmpv6 accept
        oifname "out" ${RULES[what]}
        oifname "out" drop
      }
    }`;
  execFileSync('nft', ['-f', '-'], { input: ruleset });
}

/**
 * Runs a file of journeys inside a new clinic, and removes the clinic again.
 * @param {string} file @param {(line: string) => void} say @returns {Promise<number | null>} its exit code
 */
export async function runInside(file, say) {
  const [clinic, server] = [`kenes-clinic-${process.pid}`, `kenes-server-${process.pid}`];
  // What `ip netns exec` shows inside instead of /etc.
  const etc = `/etc/netns/${clinic}`;
  try {
    mkdirSync(etc, { recursive: true });
    writeFileSync(`${etc}/hosts`, ['127.0.0.1 localhost', ...[SERVER.ipv4, SERVER.ipv6].map((address) => `${address} ${SERVER.name}`), ''].join('\n'));
    for (const name of [clinic, server]) ip('netns', 'add', name);
    ip('-n', clinic, 'link', 'add', 'out', 'type', 'veth', 'peer', 'name', 'out', 'netns', server);
    for (const [name, address] of /** @type {const} */ ([[clinic, CLINIC], [server, SERVER]])) {
      ip('-n', name, 'address', 'add', `${address.ipv4}/24`, 'dev', 'out');
      ip('-n', name, 'address', 'add', `${address.ipv6}/64`, 'dev', 'out', 'nodad');
      for (const device of ['lo', 'out']) ip('-n', name, 'link', 'set', device, 'up');
    }
    return await run(['ip', 'netns', 'exec', clinic, process.execPath, '--test-reporter=spec', file], { [INSIDE]: server }, say);
  } finally {
    rmSync(etc, { recursive: true, force: true });
    for (const name of [clinic, server]) {
      try {
        ip('netns', 'delete', name);
      } catch (error) {
        say(String(error));
      }
    }
  }
}

/** @param {string[]} command @param {Record<string, string>} variables @param {(line: string) => void} say @returns {Promise<number | null>} */
function run([program, ...args], variables, say) {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const child = spawn(program, args, { env: { ...environment, ...variables }, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8').on('data', say);
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
}

/** @param {string[]} args */
function ip(...args) {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
