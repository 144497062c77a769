/** A Chromium in a person's network namespace, with a voice of its own. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import puppeteer from 'puppeteer-core';

export const CHROMIUM = process.env.KENES_CHROMIUM ?? '/usr/bin/chromium';

/**
 * Spoken to by pipe, since its loopback is another than ours.
 * @param {import('../rural/links.js').Link} link @param {string} folder for what starts it
 * @param {{speech: string, camera?: string, options?: import('puppeteer-core').LaunchOptions}} made the voice's WAV, and what the made-up camera is told
 */
export function chromiumBehind(link, folder, { speech, camera, options }) {
  const wrapper = join(folder, link.person);
  writeFileSync(wrapper, `#!/bin/sh\nexec ip netns exec ${link.person} ${CHROMIUM} "$@"\n`, { mode: 0o755 });
  return puppeteer.launch({
    ...options,
    browser: 'chrome',
    executablePath: wrapper,
    headless: true,
    pipe: true,
    protocolTimeout: 60_000,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--mute-audio', '--autoplay-policy=no-user-gesture-required', '--ignore-certificate-errors',
      // The server lies in a private network, as seen from a page on localhost.
      '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets,LocalNetworkAccessChecksWebRTC',
      '--use-fake-ui-for-media-stream', `--use-fake-device-for-media-stream${camera ? `=${camera}` : ''}`, `--use-file-for-fake-audio-capture=${speech}`,
    ],
  });
}
