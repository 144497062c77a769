/** Holds one state, applies a reducer to it and tells who listens. The only mutable state that the page shows. */

/**
 * @template S, E
 * @typedef {{state: () => S, dispatch: (event: E) => void, subscribe: (listener: (state: S) => void) => () => void}} Store
 */

/**
 * @template S, E
 * @param {(state: S, event: E) => S} reducer @param {S} initial @returns {Store<S, E>}
 */
export function createStore(reducer, initial) {
  let state = initial;
  /** @type {Set<(state: S) => void>} */
  const listeners = new Set();
  return {
    state: () => state,
    dispatch(event) {
      const next = reducer(state, event);
      if (next === state) return;
      state = next;
      for (const listener of listeners) listener(state);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
