import { useCallback, useEffect, useRef, useState } from 'react';
import { asApiError, type ApiError } from '../api/errors';

export interface Loaded<T> {
  data: T | null;
  error: ApiError | null;
  /** Asks again and keeps showing what is there meanwhile. */
  reload: () => void;
  set: (change: (data: T) => T) => void;
}

/**
 * What a page shows, loaded for `key`; another key starts from nothing, so that no stale page is seen.
 * `refreshMs` tells how soon what is shown may be out of date, for things that move without the reader; null for the rest.
 */
export function useData<T>(key: string, load: (signal: AbortSignal) => Promise<T>, refreshMs?: (data: T) => number | null): Loaded<T> {
  const [held, setHeld] = useState<{ key: string; data: T | null; error: ApiError | null }>({ key, data: null, error: null });
  const [round, setRound] = useState(0);
  const loader = useRef(load);
  useEffect(() => {
    loader.current = load;
  });

  useEffect(() => {
    const gone = new AbortController();
    loader.current(gone.signal).then(
      (data) => gone.signal.aborted || setHeld({ key, data, error: null }),
      (error: unknown) =>
        gone.signal.aborted || setHeld((before) => ({ key, data: before.key === key ? before.data : null, error: asApiError(error) })),
    );
    return () => gone.abort();
  }, [key, round]);

  const reload = useCallback(() => setRound((n) => n + 1), []);
  const set = useCallback(
    (change: (data: T) => T) => setHeld((before) => (before.data === null ? before : { ...before, data: change(before.data) })),
    [],
  );
  const fresh = held.key === key;
  const wait = fresh && held.data !== null ? (refreshMs?.(held.data) ?? null) : null;
  useEffect(() => {
    if (wait === null) return undefined;
    // A page nobody looks at asks nothing.
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), wait);
    return () => clearInterval(timer);
  }, [wait, reload]);

  return { data: fresh ? held.data : null, error: fresh ? held.error : null, reload, set };
}
