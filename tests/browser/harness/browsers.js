/** Chromium and Firefox with made-up devices, started once and lent to one journey after the other. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import puppeteer from 'puppeteer-core';

import { trustingProfile } from './certificate.js';
import { serverNamespace } from './firewall.js';
import { writeSounds } from './stethoscope.js';

/** @typedef {import('puppeteer-core').Browser} Browser */
/** @typedef {import('puppeteer-core').Page} Page */
/** @typedef {'chromium' | 'chromium with a stethoscope' | 'firefox' | 'firefox without devices'} Kind */

const CHROMIUM = process.env.KENES_CHROMIUM ?? '/usr/bin/chromium';
export const FIREFOX = process.env.KENES_FIREFOX ?? '/usr/bin/firefox-esr';
/** A browser that does not answer one question for so long hangs; the error then says which question. */
const PROTOCOL_MS = 40_000;

/** Three cameras, because the second is a depth sensor (Y16) whose frames no encoder takes; 15 fps, so that two cores can encode and decode for three people. */
const FAKE_DEVICES = '--use-fake-device-for-media-stream=device-count=3,fps=15';

const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--mute-audio',
  '--use-fake-ui-for-media-stream',
  FAKE_DEVICES,
  '--auto-select-desktop-capture-source=Entire screen',
];

/** A server on a machine of its own has a certificate of nobody whom a Chromium knows. */
const TRUST_ITSELF = ['--ignore-certificate-errors'];

export const FIREFOX_PREFS = {
  'media.autoplay.default': 0,
  // Firefox otherwise neither gathers nor answers on loopback, which is all that a machine without a network has.
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.gmp-manager.updateEnabled': false,
  'app.update.auto': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
};
export const FAKE_DEVICES_PREFS = { 'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true };
/** The person, or the hospital's policy, said no: the page may only receive. */
const NO_DEVICES_PREFS = { 'permissions.default.camera': 2, 'permissions.default.microphone': 2 };

export class Browsers {
  /** @type {{kind: Kind, browser: Browser, lent: boolean}[]} */
  #started = [];

  /**
   * A fresh page that shares nothing with others. A Firefox carries one page at a time, because it slows down what lies in a
   * background tab; a Chromium without a window draws all of them.
   * @param {Kind} kind
   * @returns {Promise<{page: Page, close: () => Promise<void>}>}
   */
  async page(kind) {
    let slot = this.#started.find((other) => other.kind === kind && (kind === 'chromium' || !other.lent));
    if (!slot) {
      slot = { kind, browser: await launch(kind), lent: false };
      this.#started.push(slot);
    }
    slot.lent = true;
    const context = await slot.browser.createBrowserContext();
    const page = await context.newPage();
    const lent = slot;
    return {
      page,
      async close() {
        await context.close();
        lent.lent = false;
      },
    };
  }

  async close() {
    await Promise.all(this.#started.map(({ browser }) => browser.close()));
  }
}

/** @param {Kind} kind @returns {Promise<Browser>} */
function launch(kind) {
  if (kind === 'chromium' || kind === 'chromium with a stethoscope') {
    const args = [...CHROMIUM_FLAGS, ...(serverNamespace() ? TRUST_ITSELF : []), ...(kind === 'chromium' ? [] : [`--use-file-for-fake-audio-capture=${sounds()}`])];
    return puppeteer.launch({ browser: 'chrome', executablePath: CHROMIUM, headless: true, protocolTimeout: PROTOCOL_MS, args });
  }
  const devices = kind === 'firefox' ? FAKE_DEVICES_PREFS : NO_DEVICES_PREFS;
  const extraPrefsFirefox = { ...FIREFOX_PREFS, ...devices };
  const profile = serverNamespace() ? { userDataDir: trustingProfile() } : {};
  return puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX, headless: true, protocolTimeout: PROTOCOL_MS, extraPrefsFirefox, ...profile });
}

/** @returns {string} the file that a made-up instrument plays */
function sounds() {
  const folder = mkdtempSync(join(tmpdir(), 'kenes-stethoscope-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'sounds.wav');
  writeSounds(file);
  return file;
}
