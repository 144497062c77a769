/**
 * A window of its own for a PeerConnection, which knows what networks there are now. Chromium tells a window of its networks when it first asks, and of
 * a change only once that has settled: after 2 s on Linux, 1.5 s on Windows (docs/adr/0030). Owns a hidden frame.
 */

/** Addresses are known at once; what is not by then is not waited for. */
const MOST_MS = 200;
/** Those of other networks come with the first. */
const REST_MS = 20;

/** Whether a change is told so late here that a window of its own is worth it: a phone's browser tells after a second, others at once. */
export function isToldLate() {
  const agent = /** @type {{userAgentData?: {mobile?: boolean}}} */ (navigator).userAgentData;
  return agent?.mobile === false;
}

/** The machine's own addresses in a description; none where the browser keeps them to itself (`.local`). @param {string} sdp @returns {Set<string>} */
export function addressesIn(sdp) {
  const found = [...sdp.matchAll(/^a=candidate:\S+ 1 \S+ \d+ (\S+) \d+ typ host/gm)].map(([, address = '']) => address);
  return new Set(found.filter((address) => !address.endsWith('.local')));
}

/** One network was left for another. @param {Set<string>} before @param {Set<string>} now */
export function isElsewhere(before, now) {
  const lacks = (/** @type {Set<string>} */ some, /** @type {Set<string>} */ others) => [...some].some((address) => !others.has(address));
  return lacks(before, now) && lacks(now, before);
}

export class Surroundings {
  constructor() {
    this.frame = document.createElement('iframe');
    this.frame.hidden = true;
    document.body.append(this.frame);
    const inside = this.frame.contentWindow;
    if (!inside) throw new Error('a frame without a window');
    this.window = /** @type {Window & typeof globalThis} */ (inside);
  }

  /** @returns {Promise<Set<string>>} of the machine, as they are now */
  async addresses() {
    const connection = new this.window.RTCPeerConnection();
    try {
      connection.createDataChannel('');
      const first = new Promise((resume) => connection.addEventListener('icecandidate', resume, { once: true }));
      await connection.setLocalDescription();
      await Promise.race([first.then(() => pause(REST_MS)), pause(MOST_MS)]);
      return addressesIn(connection.localDescription?.sdp ?? '');
    } finally {
      connection.close();
    }
  }

  close() {
    this.frame.remove();
  }
}

const pause = (/** @type {number} */ ms) => new Promise((resume) => setTimeout(resume, ms));
