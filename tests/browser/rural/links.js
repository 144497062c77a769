/** The bad links: one from each person's network namespace to the server's, each a `kenes-link` that takes another link while it runs. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { until } from '../harness/until.js';

const LINK = process.env.KENES_LINK_BIN ?? fileURLToPath(new URL('../../../target/release/kenes-link', import.meta.url));
const SERVER = `kenes-rural-server-${process.pid}`;

export class Link {
  /** @type {string[]} */ #said = [];
  #process;

  /** The person's namespace. */ person;
  /** The server's. */ server = SERVER;
  /** Where the server is for this person. */ address;

  /** @param {string} name @param {number} number */
  constructor(name, number) {
    this.number = number;
    this.person = `kenes-rural-${name}-${process.pid}`;
    this.address = `10.99.${number}.2`;
    const ends = ['--left', this.person, '--right', SERVER, '--number', String(number), '--seed', String(number), '--changing'];
    this.#process = spawn(LINK, ends, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.stdout.setEncoding('utf8').on('data', (text) => this.#said.push(...text.split('\n').filter(Boolean)));
  }

  async ready() {
    await this.#says((line) => line.startsWith('ready'));
  }

  /** Both directions; empty is a perfect link. @param {string} words */
  async becomes(words) {
    this.#said = [];
    this.#process.stdin.write(`${words}\n`);
    await this.#says((line) => line === 'changed');
  }

  async end() {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    if (this.#process.exitCode !== null) return;
    this.#process.kill('SIGTERM');
    await ended;
  }

  /** @param {(line: string) => boolean} wanted */
  async #says(wanted) {
    await until(`the link of ${this.person} says so`, () => {
      if (this.#process.exitCode !== null) throw new Error(`kenes-link ended with ${this.#process.exitCode}`);
      return this.#said.some(wanted);
    });
  }
}
