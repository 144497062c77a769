/**
 * Calls the real server, with the made-up clinic open, as its own description says it may be called, and then as nobody should: as
 * each role, as a program with a key, as nobody. Whatever is asked, the server must not fail, must answer with a described status and
 * with the described content. The seed is fixed; SCHEMATHESIS names the program.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startServer } from '../browser/harness/server.js';

const SEED = '20261122';
const CHECKS = 'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance';
/** Requests made up for each call and caller, beside those that the description's own limits give. */
const EXAMPLES = '20';
/** One login of the clinic for each role that has a desk. */
const LOGINS = { nurse: 'aigul', specialist: 'daniyar', admin: 'ruslan' };
/** What would end the caller's own session, and so the test. */
const LEFT_OUT = ['DELETE /api/v1/session', 'POST /api/v1/users/{id}/password'];

// Everybody here is one address.
for (const limit of ['JOINS', 'SIGN_INS']) process.env[`KENES_HTTP_${limit}_PER_MINUTE`] = '100000';
const server = await startServer();
const folder = mkdtempSync(join(tmpdir(), 'kenes-api-'));
try {
  const failed = [];
  for (const caller of await callers()) {
    console.log(`\n==> as ${caller.name}`);
    if ((await schemathesis(caller)) !== 0) failed.push(caller.name);
  }
  if (failed.length > 0) {
    console.error(`\nThe API is not what its description says, seen by: ${failed.join(', ')}. Its log ends with:\n${server.log().split('\n').slice(-20).join('\n')}`);
    process.exitCode = 1;
  }
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** @typedef {{name: string, header?: string, ids: Record<string, string>}} Caller */

/** @returns {Promise<Caller[]>} */
async function callers() {
  const password = server.log().match(/^password +(\S+)$/m)?.[1] ?? '';
  const staff = Object.entries(LOGINS).map(async ([name, login]) => {
    const response = await fetch(`${server.base}/api/v1/session`, { method: 'POST', body: JSON.stringify({ login, password }) });
    const cookie = response.headers.get('set-cookie')?.split(';')[0];
    if (!cookie) throw new Error(`${login} cannot sign in: ${response.status} ${await response.text()}`);
    return { name, header: `Cookie: ${cookie}`, ids: await knownIds(cookie) };
  });
  const signedIn = await Promise.all(staff);
  return [...signedIn, await program(signedIn), { name: 'nobody', ids: {} }];
}

/** A MIS with a key of the administrator's. @param {Caller[]} staff @returns {Promise<Caller>} */
async function program(staff) {
  const { header = '', ids = {} } = staff.find(({ name }) => name === 'admin') ?? {};
  const scopes = ['patients:write', 'referrals:read', 'referrals:write', 'appointments:read', 'conclusions:read'];
  const body = JSON.stringify({ name: 'MIS', site: ids.sites, source: 'mis', scopes, expires: new Date(Date.now() + 3_600_000).toISOString() });
  const response = await fetch(`${server.base}/api/v1/api-keys`, { method: 'POST', headers: { cookie: header.replace('Cookie: ', '') }, body });
  if (response.status !== 201) throw new Error(`no API key: ${response.status} ${await response.text()}`);
  return { name: 'program', header: `Authorization: Bearer ${(await response.json()).key}`, ids };
}

/** An id of each kind that the caller sees, so that what lies behind `{id}` is reached. @param {string} cookie @returns {Promise<Record<string, string>>} */
async function knownIds(cookie) {
  const day = 24 * 3600 * 1000;
  const [from, to] = [new Date(Date.now() - day), new Date(Date.now() + 6 * day)].map((at) => at.toISOString());
  const lists = {
    sites: '', users: '', carts: '', referrals: '', schedules: '', waitlist: '',
    appointments: `?from=${from}&to=${to}`, slots: '?specialty=cardiology&channel=cart', patients: '?q=Аи',
  };
  const found = Object.entries(lists).map(async ([kind, query]) => {
    const response = await fetch(`${server.base}/api/v1/${kind}${query}`, { headers: { cookie } });
    const id = response.ok ? (await response.json()).items[0]?.id : undefined;
    return id ? [[kind, id]] : [];
  });
  return Object.fromEntries((await Promise.all(found)).flat());
}

/** @param {Caller} caller @returns {Promise<number | null>} its exit code */
function schemathesis({ name, header, ids }) {
  const off = LEFT_OUT.map((call) => `[[operations]]\ninclude-name = "${call}"\nenabled = false\n`);
  const known = Object.entries(ids).map(
    ([kind, id]) => `[[operations]]\ninclude-path-regex = "^/api/v1/${kind}/\\\\{id\\\\}"\nparameters = { "path.id" = "${id}" }\n`,
  );
  const configuration = join(folder, `${name}.toml`);
  writeFileSync(configuration, [...off, ...known].join('\n'));
  const line = [
    '--config-file', configuration, '--no-color', 'run', `${server.base}/api/v1/openapi.json`, '--checks', CHECKS, '--phases', 'examples,coverage,fuzzing',
    '--max-examples', EXAMPLES, '--seed', SEED, '--generation-database', 'none', '--suppress-health-check', 'all', '--warnings', 'off',
    // Two of its workers read one cache of Hypothesis' at once, and now and then one of them stumbles.
    '--workers', '1', '--request-timeout', '20', ...(header ? ['--header', header] : []),
  ];
  const program = spawn(process.env.SCHEMATHESIS ?? 'schemathesis', line, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve, reject) => program.once('exit', resolve).once('error', reject));
}
