// Launches the browsers that the SFU must talk to, with fake capture devices and no network but loopback.
// Needs puppeteer-core in the folder it is run from (see README.md).
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { createServer } from 'node:http';

const puppeteer = createRequire(`${process.cwd()}/`)('puppeteer-core');

const LAUNCH = {
  chromium: {
    browser: 'chrome',
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
    ],
  },
  firefox: {
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
    },
  },
};

export const BROWSERS = Object.keys(LAUNCH);

/** Runs `use(page)` on a page of a secure origin, then closes the browser. */
export async function withPage(name, use) {
  const server = createServer((_, response) => response.end('<!doctype html>')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const browser = await puppeteer.launch({ headless: true, ...LAUNCH[name] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.evaluate(install);
    return await use(page);
  } finally {
    await browser.close();
    server.close();
  }
}

/** Runs in the page: the peer connections that a test may open, by name. */
function install() {
  const LAYERS = [
    { rid: 'q', scaleResolutionDownBy: 4 },
    { rid: 'h', scaleResolutionDownBy: 2 },
    { rid: 'f', scaleResolutionDownBy: 1 },
  ];
  /** The 17 sections of signaling/PROTOCOL.md. */
  function addSlots(pc, audio, video) {
    pc.addTransceiver(audio, { direction: 'sendonly' });
    pc.addTransceiver(video, { direction: 'sendonly', sendEncodings: LAYERS });
    pc.addTransceiver('video', { direction: 'sendonly' });
    pc.addTransceiver('audio', { direction: 'sendonly' });
    for (let n = 0; n < 6; n++) pc.addTransceiver('audio', { direction: 'recvonly' });
    for (let n = 0; n < 7; n++) pc.addTransceiver('video', { direction: 'recvonly' });
  }
  globalThis.openers = {
    slots: async (pc) => addSlots(pc, 'audio', 'video'),
    'slots-tracks': async (pc) => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
      addSlots(pc, stream.getAudioTracks()[0], stream.getVideoTracks()[0]);
    },
    'plain-data': async (pc) => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
      for (const track of stream.getTracks()) pc.addTrack(track, stream);
      pc.createDataChannel('chat');
    },
  };
  globalThis.open = async (name) => {
    globalThis.pc = new RTCPeerConnection(name === 'plain-data' ? {} : { bundlePolicy: 'max-bundle' });
    await globalThis.openers[name](globalThis.pc);
  };
  globalThis.offer = async (options) => {
    const { pc } = globalThis;
    await pc.setLocalDescription(await pc.createOffer(options));
    while (pc.iceGatheringState !== 'complete') await new Promise((done) => setTimeout(done, 20));
    return pc.localDescription.sdp;
  };
  globalThis.accept = async (sdp) => {
    const { pc } = globalThis;
    await pc.setRemoteDescription({ type: 'answer', sdp });
    const layers = pc.getTransceivers().map((one) => one.sender.getParameters().encodings?.length ?? 0);
    const directions = pc.getTransceivers().map((one) => one.currentDirection);
    return { directions, layers, state: pc.signalingState };
  };
}

export const CASES = ['slots', 'slots-tracks', 'plain-data'];
