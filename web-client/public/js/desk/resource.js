/** What a view shows of the server: read when it opens, read anew when the live socket says so. Old data stays on the screen until the new are there. */
import { useCallback, useEffect, useRef, useState } from '../ui/html.js';
import { Problem, unreachable } from './problem.js';

/**
 * @template T
 * @typedef {{data: T | null, problem: Problem | null, isLoading: boolean, reload: () => void}} Resource
 */

/** @typedef {Pick<import('./shell.js').Desk, 'api' | 'live'>} Server the part of a desk that reads and listens; the kiosk has it too */

/**
 * @template T
 * @param {Server} desk
 * @param {string | null} path null: nothing to read yet
 * @param {{query?: import('./api.js').Query, topics?: readonly string[], read?: (signal: AbortSignal) => Promise<any>}} [options] `read`: another way than one call;
 *   `query` then only tells one reading from another
 * @returns {Resource<T>}
 */
export function useResource(desk, path, { query, topics = [], read = (signal) => desk.api.get(path ?? '', query, signal) } = {}) {
  const [state, setState] = useState(/** @type {{key: string | null, data: T | null, problem: Problem | null, isLoading: boolean}} */ ({ key: null, data: null, problem: null, isLoading: true }));
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  const key = path === null ? null : `${path} ${JSON.stringify(query ?? {})}`;
  const latest = useRef(/** @type {AbortController | null} */ (null));

  useEffect(() => {
    if (path === null) return setState({ key: null, data: null, problem: null, isLoading: false });
    latest.current?.abort();
    const reading = new AbortController();
    latest.current = reading;
    setState((before) => ({ ...before, data: before.key === key ? before.data : null, isLoading: true }));
    read(reading.signal).then(
      (data) => reading.signal.aborted || setState({ key, data, problem: null, isLoading: false }),
      (error) => {
        if (reading.signal.aborted) return;
        const problem = error instanceof Problem ? error : unreachable();
        setState((before) => ({ key, data: before.key === key ? before.data : null, problem, isLoading: false }));
      },
    );
    return () => reading.abort();
  }, [key, turn]);

  useEffect(() => (topics.length ? desk.live.listen(topics, reload) : undefined), [topics.join(' ')]);
  return { data: state.key === key ? state.data : null, problem: state.problem, isLoading: state.isLoading || state.key !== key, reload };
}

/** Several lists of one kind as one, such as the referrals of several statuses. @template T @param {import('./shell.js').Desk} desk @param {string} path @param {readonly import('./api.js').Query[]} queries @param {readonly string[]} topics @returns {Resource<T[]>} */
export function useLists(desk, path, queries, topics) {
  return useResource(desk, path, { query: { all: JSON.stringify(queries) }, topics, read: (signal) => Promise.all(queries.map((query) => desk.api.list(path, query, signal))).then((lists) => lists.flatMap(({ items }) => items)) });
}

/** A list in full. @template T @param {Server} desk @param {string | null} path @param {import('./api.js').Query} query @param {readonly string[]} topics @returns {Resource<T[]>} */
export function useList(desk, path, query, topics) {
  return useResource(desk, path, { query, topics, read: (signal) => desk.api.list(path ?? '', query, signal).then(({ items }) => items) });
}

/**
 * An act with its button's state: one at a time, its failure in words. `run` gives true when it went well.
 * @param {Pick<Server, 'api'>} desk
 * @returns {{run: (act: () => Promise<unknown>) => Promise<boolean>, isBusy: boolean, problem: Problem | null, clear: () => void}}
 */
export function useAct(desk) {
  const [state, setState] = useState(/** @type {{isBusy: boolean, problem: Problem | null}} */ ({ isBusy: false, problem: null }));
  const busy = useRef(false);
  const run = useCallback(
    async (/** @type {() => Promise<unknown>} */ act) => {
      if (busy.current) return false;
      busy.current = true;
      setState({ isBusy: true, problem: null });
      try {
        await act();
        setState({ isBusy: false, problem: null });
        return true;
      } catch (error) {
        if (!(error instanceof Problem)) console.error(error);
        setState({ isBusy: false, problem: error instanceof Problem ? error : unreachable() });
        return false;
      } finally {
        busy.current = false;
      }
    },
    [desk],
  );
  const clear = useCallback(() => setState((before) => ({ ...before, problem: null })), []);
  return { run, isBusy: state.isBusy, problem: state.problem, clear };
}

/** The server's time, drawn anew every `everyMs`. @param {Pick<Server, 'api'>} desk @param {number} everyMs */
export function useNow(desk, everyMs) {
  const [now, setNow] = useState(desk.api.nowMs());
  useEffect(() => {
    const timer = setInterval(() => setNow(desk.api.nowMs()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
