/** One WebSocket with its heartbeat: text in, parsed messages out. Reconnecting is not its job. */
import { deflated, inflated, inOrder } from '../protocol/deflate.js';
import { parseServerMessage, pingMessage } from '../protocol/messages.js';

const HEARTBEAT_MS = 10_000;
/** Nothing heard for this long: the socket is dead, whatever the browser believes. */
const DEAD_MS = 25_000;
const CHECK_MS = 1_000;
/** Behind the last message, either way. */
const END = null;

/**
 * @param {string} url
 * @param {{onOpen: () => void, onMessage: (message: import('../protocol/types.js').ServerMessage) => void, onClosed: () => void}} handlers
 *   `onClosed` is called once, never after `close()`
 * @param {() => number} opensMs how long it may take to open, as things are now
 */
export function openSocket(url, handlers, opensMs) {
  const raw = new WebSocket(url);
  raw.binaryType = 'arraybuffer';
  let heardAtMs = performance.now();
  let pingedAtMs = heardAtMs;
  let closed = false;

  const finish = () => {
    clearInterval(timer);
    if (closed) return;
    closed = true;
    raw.close();
    handlers.onClosed();
  };

  /** @param {string | Uint8Array<ArrayBuffer> | typeof END} frame */
  const write = (frame) => {
    if (frame === END) raw.close();
    else if (raw.readyState === WebSocket.OPEN) raw.send(frame);
  };
  const outgoing = inOrder(write, () => {});
  const send = (/** @type {string} */ message) => outgoing(deflated(message));

  /** @param {string | typeof END} text */
  const read = (text) => {
    if (closed) return;
    if (text === END) return finish();
    const parsed = parseServerMessage(text);
    if (parsed.ok) handlers.onMessage(parsed.message);
    else console.warn('a message was not understood at', parsed.field);
  };
  const incoming = inOrder(read, () => console.warn('a message was no DEFLATE'));

  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (nowMs - heardAtMs > (raw.readyState === WebSocket.CONNECTING ? opensMs() : DEAD_MS)) return finish();
    if (raw.readyState === WebSocket.OPEN && nowMs - pingedAtMs > HEARTBEAT_MS) {
      pingedAtMs = nowMs;
      send(pingMessage(Date.now()));
    }
  }, CHECK_MS);

  raw.addEventListener('open', () => closed || handlers.onOpen());
  raw.addEventListener('close', () => incoming(END));
  raw.addEventListener('message', (event) => {
    heardAtMs = performance.now();
    incoming(inflated(event.data));
  });

  return {
    raw,
    send,
    close: () => {
      closed = true;
      clearInterval(timer);
      outgoing(END);
    },
  };
}

/** @param {Location} place @returns {string} */
export function socketUrl(place) {
  return `${place.protocol === 'https:' ? 'wss' : 'ws'}://${place.host}/ws`;
}
