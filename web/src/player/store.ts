/** A value and who wants to know of it. Listeners get the keys that changed, so that each repaints only its own. */
export interface Store<T extends object> {
  readonly state: Readonly<T>;
  set(change: Partial<T>): void;
  subscribe(listener: (state: Readonly<T>, changed: ReadonlySet<keyof T>) => void): () => void;
}

export function createStore<T extends object>(initial: T): Store<T> {
  let state = initial;
  const listeners = new Set<(state: Readonly<T>, changed: ReadonlySet<keyof T>) => void>();
  return {
    get state() {
      return state;
    },
    set(change) {
      const changed = new Set<keyof T>();
      for (const key of Object.keys(change) as (keyof T)[]) {
        if (!Object.is(state[key], change[key])) changed.add(key);
      }
      if (changed.size === 0) return;
      state = { ...state, ...change };
      for (const listener of listeners) listener(state, changed);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
