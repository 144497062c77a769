/**
 * Long messages as raw DEFLATE (signaling/PROTOCOL.md): the offer says most things 17 times, and on a thin link its 27 KB would hold up the sound for
 * seconds. What is said stays in order.
 */

/** A shorter one fits a packet as it is. */
const WORTH_IT = 1024;

/** @param {string} message @returns {string | Promise<string | Uint8Array<ArrayBuffer>>} as it is where it is short, or the browser knows no DEFLATE (Safari before 16.4, Firefox before 113) */
export function deflated(message) {
  if (message.length < WORTH_IT || typeof CompressionStream === 'undefined') return message;
  return streamed(new Blob([message]), () => new CompressionStream('deflate-raw')).then(
    (buffer) => new Uint8Array(buffer),
    () => message,
  );
}

/** @param {string | ArrayBuffer} frame @returns {string | Promise<string>} rejected: it was no DEFLATE */
export function inflated(frame) {
  if (typeof frame === 'string') return frame;
  return streamed(new Blob([frame]), () => new DecompressionStream('deflate-raw')).then((buffer) => new TextDecoder().decode(buffer));
}

/** @param {Blob} blob @param {() => GenericTransformStream} transform that may not be known here @returns {Promise<ArrayBuffer>} */
async function streamed(blob, transform) {
  return new Response(blob.stream().pipeThrough(/** @type {ReadableWritablePair<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>} */ (transform()))).arrayBuffer();
}

/**
 * One after the other: nothing passes what is waited for, and where nothing is, it is taken at once.
 * @template T @param {(value: T) => void} take @param {() => void} miss one that was rejected @returns {(value: T | Promise<T>) => void}
 */
export function inOrder(take, miss) {
  let waiting = 0;
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  return (value) => {
    if (waiting === 0 && !(value instanceof Promise)) return take(value);
    waiting += 1;
    const before = last;
    last = new Promise((done) => {
      void Promise.allSettled([value, before]).then(([settled]) => {
        waiting -= 1;
        // Whatever comes of this one, the next has its turn.
        done(undefined);
        if (settled.status === 'fulfilled') take(settled.value);
        else miss();
      });
    });
  };
}
