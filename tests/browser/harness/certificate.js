/** A certificate for the server on its own machine, by an authority that a Firefox's profile is made to trust: TURN over TLS knows no exceptions that a person made. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { SERVER } from './firewall.js';

const folder = mkdtempSync(join(tmpdir(), 'kenes-authority-'));
const at = (/** @type {string} */ name) => join(folder, name);
const AUTHORITY = at('authority.pem');
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];

/** @type {{certificate: string, key: string} | undefined} */
let made;

/** @returns {{certificate: string, key: string}} PEM files */
export function serverCertificate() {
  made ??= make();
  return made;
}

function make() {
  const [certificate, key, request, extensions] = ['server.pem', 'server.key', 'server.csr', 'server.ext'].map(at);
  openssl('req', '-x509', ...NEW_KEY, '-subj', '/CN=Kenes journeys', '-keyout', at('authority.key'), '-out', AUTHORITY, '-addext', 'keyUsage=critical,keyCertSign');
  openssl('req', ...NEW_KEY.slice(0, -2), '-subj', '/CN=Kenes', '-keyout', key, '-out', request);
  writeFileSync(extensions, `subjectAltName=DNS:${SERVER.name},IP:${SERVER.ipv4},IP:${SERVER.ipv6}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n`);
  openssl('x509', '-req', '-in', request, '-CA', AUTHORITY, '-CAkey', at('authority.key'), '-CAcreateserial', '-days', '30', '-extfile', extensions, '-out', certificate);
  return { certificate, key };
}

/** @returns {string} the folder of a new Firefox profile that trusts it */
export function trustingProfile() {
  serverCertificate();
  const profile = mkdtempSync(at('firefox-'));
  const certutil = (/** @type {string[]} */ ...args) => execFileSync('certutil', [...args, '-d', `sql:${profile}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  certutil('-N', '--empty-password');
  certutil('-A', '-n', 'Kenes journeys', '-t', 'C,,', '-i', AUTHORITY);
  return profile;
}

/** @param {string[]} args */
function openssl(...args) {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

after(() => rmSync(folder, { recursive: true, force: true }));
