import { useCallback, useState } from 'react';
import { asApiError, type ApiError } from '../api/errors';

export interface Action {
  /** Runs one step at a time; true where it went well. */
  run: (what: () => Promise<unknown>) => Promise<boolean>;
  busy: boolean;
  /** Why the last one was refused. */
  refused: ApiError | null;
}

/** What a button does, while it is done and when it is refused. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<ApiError | null>(null);
  const run = useCallback(async (what: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setRefused(null);
    try {
      await what();
      return true;
    } catch (caught) {
      setRefused(asApiError(caught));
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  return { run, busy, refused };
}
