import { asApiError } from '../api/errors';
import { pause } from '../api/pause';

const TRIES = 4;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

/**
 * Asks again where a server is busy or restarting (429, 5xx), as late as it says or later each time. What was refused for
 * good, and a network that is away, is told at once: nobody has to wait to learn that.
 */
export async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (caught) {
      const error = asApiError(caught);
      if (!error.isTransient || error.status === 0 || tries === TRIES || signal.aborted) throw error;
      const wait = error.retryAfter === null ? FIRST_WAIT_MS * 2 ** (tries - 1) : error.retryAfter * 1000;
      await pause(Math.min(wait, LONGEST_WAIT_MS), signal);
    }
  }
}
