import { useCallback, useEffect, useRef, useState } from 'react';
import { asApiError, type ApiError } from '../../api/errors';
import { useTranslate } from '../../i18n';
import { adminFailure } from './failures';

export interface Action {
  busy: boolean;
  error: { text: string; code: string } | null;
  done: string | null;
  /** Does it, and says how it went: `done` is what is said of its success. True where it succeeded. */
  run: (work: () => Promise<unknown>, done?: string) => Promise<boolean>;
  clear: () => void;
}

export function useAction(): Action {
  const t = useTranslate();
  const [state, setState] = useState<Pick<Action, 'busy' | 'error' | 'done'>>({ busy: false, error: null, done: null });
  const run = useCallback(
    async (work: () => Promise<unknown>, done?: string): Promise<boolean> => {
      setState({ busy: true, error: null, done: null });
      try {
        await work();
        setState({ busy: false, error: null, done: done ?? null });
        return true;
      } catch (caught) {
        const error = asApiError(caught);
        setState({ busy: false, error: { text: adminFailure(error, t), code: error.code }, done: null });
        return false;
      }
    },
    [t],
  );
  const clear = useCallback(() => setState({ busy: false, error: null, done: null }), []);
  return { ...state, run, clear };
}

export interface Page<Row> {
  items: Row[];
  next: string | null;
}

export type LoadPage<Row> = (after: string | null, signal?: AbortSignal) => Promise<Page<Row>>;

export interface Pages<Row> {
  /** Null while the first page is on its way. */
  rows: Row[] | null;
  error: ApiError | null;
  /** Null where no more follows. */
  more: (() => void) | null;
  busy: boolean;
  reload: () => void;
}

interface Held<Row> {
  key: string;
  rows: Row[] | null;
  next: string | null;
  error: ApiError | null;
}

/** A list of the API, page after page. Another `key` is another list; with `refreshMs` its first page is kept fresh until more is asked for. */
export function usePages<Row>(key: string, load: LoadPage<Row>, refreshMs: number | null = null): Pages<Row> {
  const [held, setHeld] = useState<Held<Row>>({ key, rows: null, next: null, error: null });
  const [round, setRound] = useState(0);
  const [busy, setBusy] = useState(false);
  const [grown, setGrown] = useState(false);
  const loader = useRef(load);
  useEffect(() => {
    loader.current = load;
  });

  useEffect(() => {
    const gone = new AbortController();
    loader.current(null, gone.signal).then(
      ({ items, next }) => {
        if (gone.signal.aborted) return;
        setHeld({ key, rows: items, next, error: null });
        setGrown(false);
      },
      (error: unknown) =>
        gone.signal.aborted ||
        setHeld((before) => ({ ...(before.key === key ? before : { rows: null, next: null }), key, error: asApiError(error) })),
    );
    return () => gone.abort();
  }, [key, round]);

  const reload = useCallback(() => setRound((n) => n + 1), []);
  useEffect(() => {
    if (refreshMs === null || grown) return undefined;
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), refreshMs);
    return () => clearInterval(timer);
  }, [refreshMs, grown, reload]);

  const fresh = held.key === key;
  const next = fresh ? held.next : null;
  async function more(): Promise<void> {
    setBusy(true);
    try {
      const page = await loader.current(next);
      setHeld((before) => (before.key === key && before.rows ? { ...before, rows: [...before.rows, ...page.items], next: page.next } : before));
      setGrown(true);
    } catch (error) {
      setHeld((before) => ({ ...before, error: asApiError(error) }));
    } finally {
      setBusy(false);
    }
  }
  return {
    rows: fresh ? held.rows : null,
    error: fresh ? held.error : null,
    more: next === null ? null : () => void more(),
    busy,
    reload,
  };
}

const MOST_PAGES = 200;

/** Every row of a list, for files. */
export async function allRows<Row>(load: LoadPage<Row>): Promise<Row[]> {
  const rows: Row[] = [];
  let after: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each page is named by the one before
    const { items, next }: Page<Row> = await load(after);
    rows.push(...items);
    if (next === null) break;
    after = next;
  }
  return rows;
}
