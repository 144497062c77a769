/**
 * What two people get of each other over bad links, through Kenes and through Janus VideoRoom: the same two Chromiums, the same speech and picture,
 * the same links, in turn. `cargo xtask rural` brings what it needs and says the options; README.md says what the figures are.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { CHROMIUM, chromiumBehind } from '../harness/chromium_behind.js';
import { until } from '../harness/until.js';
import { judge } from './judge.js';
import { Link } from './links.js';
import { installProbe } from './probe.js';
import { SERVERS } from './servers.js';
import { page as asPage } from './table.js';

/** @typedef {import('puppeteer-core').Page} Page */
/** @typedef {{loss_percent: number, rate_kbps: number, rtt_ms: number}} Cell */
/**
 * @typedef {object} Result of one call
 * @property {Cell} cell
 * @property {string} server
 * @property {string} commit
 * @property {number} load_average as it ended
 * @property {number} settle_s
 * @property {number} seconds
 * @property {import('./judge.js').Figures[]} figures of both directions
 * @property {string | null} problem
 */

const FRAMES_PER_SECOND = 15;
/** A router holds back so much before it drops. */
const QUEUE_MS = 600;
const PEOPLE = ['nurse', 'specialist'];
const WORDS = `The patient has had a cough for two weeks and a fever of thirty eight degrees since yesterday evening. There is no pain in the chest.
  She takes two tablets in the morning and one before she sleeps. Please breathe in deeply, hold your breath, and breathe out again. I hear a
  rattle on the left side, below the shoulder blade. We shall take a picture of the lungs this afternoon and speak again on Thursday at ten.`;

const { values } = parseArgs({
  options: {
    loss: { type: 'string', default: '0,5,10,20,30' },
    rate: { type: 'string', default: '100,300,1000' },
    rtt: { type: 'string', default: '50,300' },
    servers: { type: 'string', default: 'kenes,janus' },
    settle: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '10' },
    calls: { type: 'string', default: '1' },
    into: { type: 'string', default: 'bench/results' },
  },
});
const numbers = (/** @type {string} */ list) => list.split(',').map(Number);
const cells = numbers(values.rate).flatMap((rate_kbps) =>
  numbers(values.rtt).flatMap((rtt_ms) => numbers(values.loss).map((loss_percent) => ({ loss_percent, rate_kbps, rtt_ms }))));
const servers = values.servers.split(',');

const folder = mkdtempSync(join(tmpdir(), 'kenes-rural-'));
/** @type {Link[]} */
const links = [];
/** @type {Promise<void> | undefined} */
let ending;
/** @type {(() => Promise<void>)[]} what was started, the last first */
const endings = [async () => rmSync(folder, { recursive: true, force: true }), async () => void (await Promise.all(links.map((link) => link.end())))];
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void ended().then(() => process.exit(1)));
try {
  for (const [index, name] of PEOPLE.entries()) {
    links.push(new Link(name, index + 1));
    // The first makes the server's namespace.
    await links[index].ready();
  }
  const speech = join(folder, 'speech.wav');
  execFileSync('espeak-ng', ['-s', '150', '-w', speech, WORDS]);
  // `ended` closes them.
  const options = { handleSIGINT: false, handleSIGTERM: false };
  const browsers = await Promise.all(links.map((link) => chromiumBehind(link, folder, { speech, options })));
  endings.unshift(async () => void (await Promise.all(browsers.map((browser) => browser.close()))));
  /** @type {Record<string, import('./servers.js').Server>} */
  const started = {};
  for (const name of servers) {
    const server = await SERVERS[name](links[0].server);
    started[name] = server;
    endings.unshift(() => server.stop());
  }
  const file = join(values.into, 'rural.json');
  // What is not measured anew stays.
  /** @type {Result[]} */
  let results = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).results : [];
  for (const cell of cells) {
    for (let call = 0; call < Number(values.calls); call += 1) {
      for (const server of servers) {
        const result = { ...about(cell, server), ...(await measured(cell, started[server], browsers)), load_average: loadavg()[0] };
        results = [...results.filter((other) => call > 0 || !isOf(other, cell, server)), result];
        console.log(JSON.stringify(result));
        tell(file, results);
      }
    }
  }
} finally {
  await ended();
}

/** Once, whoever asks first; whoever asks later waits with them. */
function ended() {
  ending ??= (async () => {
    for (const end of endings) await end().catch((error) => console.error(error));
  })();
  return ending;
}

/** @param {Cell} cell @param {string} server */
function about(cell, server) {
  const commit = execFileSync('git', ['rev-parse', '--short=10', 'HEAD'], { encoding: 'utf8' }).trim();
  return { cell, server, commit, settle_s: Number(values.settle), seconds: Number(values.seconds) };
}

/** @param {Result} result @param {Cell} cell @param {string} server */
function isOf(result, cell, server) {
  return result.server === server && asLink(result.cell) === asLink(cell);
}

/**
 * One call through one server: joined on a perfect link, which then becomes the cell's.
 * @param {Cell} cell @param {import('./servers.js').Server} server @param {import('puppeteer-core').Browser[]} browsers
 */
async function measured(cell, server, browsers) {
  await Promise.all(links.map((link) => link.becomes('')));
  const contexts = await Promise.all(browsers.map((browser) => browser.createBrowserContext()));
  try {
    const pages = await Promise.all(contexts.map((context) => context.newPage()));
    for (const page of pages) await page.evaluateOnNewDocument(installProbe, FRAMES_PER_SECOND);
    await server.enter(pages, links);
    for (const page of pages) await until('each sees the other', () => page.evaluate(() => window.probe.legible()), 30_000);
    await Promise.all(links.map((link) => link.becomes(asLink(cell))));
    await seconds(Number(values.settle));
    const before = await Promise.all(pages.map(take));
    await seconds(Number(values.seconds));
    const noted = await Promise.all(pages.map(take));
    const figures = [0, 1].map((listener) => judge(noted[1 - listener], noted[listener], before[listener].totals));
    return { figures, problem: null };
  } catch (error) {
    return { figures: [], problem: String(error) };
  } finally {
    await Promise.all(links.map((link) => link.becomes('')));
    await Promise.all(contexts.map((context) => context.close()));
  }
}

/** @param {Cell} cell */
function asLink({ loss_percent, rate_kbps, rtt_ms }) {
  return `rate=${rate_kbps}k delay=${rtt_ms / 2}ms queue=${Math.round((rate_kbps * QUEUE_MS) / 8)} loss=${loss_percent}%`;
}

/** @param {Page} page @returns {Promise<import('./probe.js').Noted>} */
function take(page) {
  return page.evaluate(() => window.probe.take());
}

/** @param {number} time */
function seconds(time) {
  return new Promise((resolve) => setTimeout(resolve, time * 1_000));
}

/** After each call, so that a run that is ended leaves what it has. @param {string} file @param {Result[]} results */
function tell(file, results) {
  const machine = {
    cpu: cpus()[0].model, cores: cpus().length, date: new Date().toISOString().slice(0, 10),
    chromium: execFileSync(CHROMIUM, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(),
  };
  const run = { machine, queue_ms: QUEUE_MS, results };
  writeFileSync(file, `${JSON.stringify(run, null, 1)}\n`);
  writeFileSync(join(values.into, 'rural.md'), asPage(run));
}
