/** A Firefox in a person's network namespace, with a made-up voice and camera. */

import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';

import puppeteer from 'puppeteer-core';

import { FIREFOX, FIREFOX_PREFS, FAKE_DEVICES_PREFS } from './browsers.js';

/** On its loopback and on ours: a Firefox says which it is, and is looked for there. */
const PORT = 9_330;
/** Run by node in the namespace: what comes by the file goes to the port. */
const RELAY = `
  const net = require('node:net');
  const [file, port] = process.argv.slice(1);
  net.createServer((one) => {
    const other = net.connect(port, '127.0.0.1');
    for (const [from, to] of [[one, other], [other, one]]) from.on('error', () => to.destroy()).pipe(to);
  }).listen(file, () => console.log('ready'));
`;
/** Talks, by a tone; its pictures move. */
const PREFS = { ...FIREFOX_PREFS, ...FAKE_DEVICES_PREFS };

/**
 * Spoken to by a socket with a name in the file system, which all namespaces share, since Firefox has no pipe and its loopback is another than ours.
 * @param {import('../rural/links.js').Link} link @param {string} folder for what starts it @returns {Promise<import('puppeteer-core').Browser>}
 */
export async function firefoxBehind(link, folder) {
  const wrapper = join(folder, `${link.person}-firefox`);
  writeFileSync(wrapper, `#!/bin/sh\nexec ip netns exec ${link.person} ${FIREFOX} "$@"\n`, { mode: 0o755 });
  const file = join(folder, `${link.person}.sock`);
  const relay = spawn('ip', ['netns', 'exec', link.person, process.execPath, '-e', RELAY, file, String(PORT)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve, reject) => relay.stdout.once('data', resolve).once('end', reject));
  const ours = createServer((one) => {
    const other = createConnection(file);
    for (const [from, to] of [[one, other], [other, one]]) from.on('error', () => to.destroy()).pipe(to);
  });
  await new Promise((resolve) => ours.listen(PORT, '127.0.0.1', () => resolve(undefined)));
  const browser = await puppeteer.launch({
    browser: 'firefox', executablePath: wrapper, headless: true, protocolTimeout: 60_000, acceptInsecureCerts: true, debuggingPort: PORT,
    extraPrefsFirefox: PREFS,
  });
  browser.once('disconnected', () => {
    relay.kill();
    ours.close();
    rmSync(file, { force: true });
  });
  return browser;
}
