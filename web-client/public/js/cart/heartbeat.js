/** Tells the server every 15 s that this cart is there, and the page whether the server answers. Owns its timer. */
import { Problem } from '../desk/problem.js';

const EVERY_MS = 15_000;
/** While nobody answers: the nurse should see soon that the link is back. */
const AGAIN_MS = 3_000;

/**
 * @param {import('../desk/api.js').Api} api @param {string} cart @param {(answered: boolean) => void} onAnswer a refusal is an answer too
 * @returns {() => void} stops
 */
export function startHeartbeat(api, cart, onAnswer) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isStopped = false;
  let isAsking = false;

  const beat = async () => {
    if (isAsking || isStopped) return;
    clearTimeout(timer);
    isAsking = true;
    const answered = await api.post(`/carts/${cart}/heartbeat`).then(
      () => true,
      (error) => error instanceof Problem && error.isAnswer,
    );
    isAsking = false;
    if (isStopped) return;
    timer = setTimeout(beat, answered ? EVERY_MS : AGAIN_MS);
    onAnswer(answered);
  };
  window.addEventListener('online', beat);
  window.addEventListener('offline', beat);
  void beat();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    window.removeEventListener('online', beat);
    window.removeEventListener('offline', beat);
  };
}
