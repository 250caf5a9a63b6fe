import { useCallback, useEffect, useRef, useState } from 'react';
import { asApiError, type ApiError } from '../api/errors';

export interface KeysetPage<Row> {
  items: Row[];
  /** What `after` has to be for the next page; null on the last. */
  next: string | null;
}

export interface Pages<Row> {
  /** All rows so far; null until the first page is there. */
  rows: Row[] | null;
  error: ApiError | null;
  /** Asks for the next page; null where there is none. */
  more: (() => void) | null;
  busy: boolean;
  /** Begins anew with the first page, and keeps showing what is there meanwhile. */
  reload: () => void;
}

interface Held<Row> {
  key: string;
  /** The last request that was answered. */
  answered: string | null;
  rows: Row[] | null;
  next: string | null;
  error: ApiError | null;
}

/** A list that comes page by page. `key` says what is asked (filters, sorting): another one starts from nothing. */
export function usePages<Row>(key: string, load: (after: string | null, signal: AbortSignal) => Promise<KeysetPage<Row>>): Pages<Row> {
  const [held, setHeld] = useState<Held<Row>>({ key, answered: null, rows: null, next: null, error: null });
  const [wanted, setWanted] = useState<{ key: string; after: string | null; round: number }>({ key, after: null, round: 0 });
  const loader = useRef(load);
  useEffect(() => {
    loader.current = load;
  });
  // A page that was asked for under other filters is not asked for under these.
  const after = wanted.key === key ? wanted.after : null;
  const { round } = wanted;
  const request = JSON.stringify([key, after, round]);

  useEffect(() => {
    const gone = new AbortController();
    const keep = (change: (before: Held<Row>) => Partial<Held<Row>>): void => {
      if (gone.signal.aborted) return;
      setHeld((before) => {
        const own = before.key === key ? before : { key, answered: null, rows: null, next: null, error: null };
        return { ...own, answered: request, ...change(own) };
      });
    };
    loader.current(after, gone.signal).then(
      (page) => keep(({ rows }) => ({ rows: after === null ? page.items : [...(rows ?? []), ...page.items], next: page.next, error: null })),
      (error: unknown) => keep(() => ({ error: asApiError(error) })),
    );
    return () => gone.abort();
  }, [key, after, request]);

  const reload = useCallback(() => setWanted((before) => ({ key, after: null, round: before.round + 1 })), [key]);
  const fresh = held.key === key;
  const next = fresh ? held.next : null;
  return {
    rows: fresh ? held.rows : null,
    error: fresh ? held.error : null,
    busy: held.answered !== request,
    more: next === null ? null : () => setWanted((before) => ({ key, after: next, round: before.round + 1 })),
    reload,
  };
}
