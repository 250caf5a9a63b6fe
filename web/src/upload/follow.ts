import { pause } from '../api/pause';
import { asApiError, ApiError, networkError, toError } from '../api/errors';
import type { Client } from '../api/client';
import type { VideoStatus } from '../api/types';
import { createEventParser } from './sse';

export interface FollowOptions {
  client: Client;
  videoId: string;
  onStatus: (status: VideoStatus) => void;
  /** Told each time; unless it is transient nothing follows. */
  onError: (error: ApiError) => void;
  signal: AbortSignal;
  /** Replaceable for tests. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** A browser opens six connections to a server at most: some have to be left for everything else. */
const STREAMS_AT_ONCE = 2;
const POLL_MS = 1_500;
const SLOWEST_MS = 15_000;
/** Something comes every 15 s, if only a comment. */
const SILENT_AFTER_MS = 40_000;
/** Streams that brought nothing, in a row: something on the way does not let them through. */
const BARREN_AT_MOST = 3;
let streams = 0;

export function isSettled(status: VideoStatus): boolean {
  const { replacing } = status;
  const replaced = !replacing || replacing.status === 'ready' || replacing.status === 'failed';
  return replaced && (status.status === 'ready' || status.status === 'failed');
}

/**
 * The status of a film until nothing will change any more: pushed by the server where that gets through, else asked for.
 * Resolves when it is settled, refused for good, or `signal` ends it.
 */
export async function followStatus({ client, videoId, onStatus, onError, signal, wait = pause }: FollowOptions): Promise<void> {
  let lastId: string | null = null;
  let barren = 0;
  let failures = 0;
  const tell = (status: VideoStatus): boolean => {
    failures = 0;
    if (!signal.aborted) onStatus(status);
    return isSettled(status);
  };
  while (!signal.aborted) {
    let pushed = false;
    try {
      if (tell(await client.videoStatus(videoId, signal))) return;
      if (barren < BARREN_AT_MOST && streams < STREAMS_AT_ONCE) {
        barren += 1;
        for await (const { id, status } of listen(client, videoId, lastId, signal)) {
          lastId = id;
          pushed = true;
          barren = 0;
          if (tell(status)) return;
        }
      }
    } catch (caught) {
      if (signal.aborted) return;
      const error = asApiError(caught);
      failures += 1;
      // Without a way for events there is still the other one.
      if (!(error instanceof NoStream)) onError(error);
      if (!error.isTransient && !(error instanceof NoStream)) return;
    }
    await wait(pushed ? 1_000 : Math.min(POLL_MS * 2 ** failures, SLOWEST_MS), signal);
  }
}

/** The address does not answer with events. */
class NoStream extends ApiError {}

/** The statuses of one connection. `EventSource` cannot say who asks, so it is read with fetch. */
async function* listen(client: Client, videoId: string, lastId: string | null, signal: AbortSignal): AsyncGenerator<{ id: string | null; status: VideoStatus }> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  signal.addEventListener('abort', end);
  let silence = setTimeout(end, SILENT_AFTER_MS);
  streams += 1;
  try {
    const reader = await open(client, videoId, lastId, ended.signal);
    const decoder = new TextDecoder();
    const parse = createEventParser();
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw networkError(cause);
      });
      if (done) return;
      clearTimeout(silence);
      silence = setTimeout(end, SILENT_AFTER_MS);
      for (const { id, event, data } of parse(decoder.decode(value, { stream: true }))) {
        if (event === 'gone') throw new ApiError(404, { code: 'video_not_found' });
        if (event === 'status') yield { id, status: JSON.parse(data) as VideoStatus };
      }
    }
  } finally {
    streams -= 1;
    clearTimeout(silence);
    signal.removeEventListener('abort', end);
    end();
  }
}

async function open(client: Client, videoId: string, lastId: string | null, signal: AbortSignal): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const token = await client.getAuthToken();
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (token) headers['Authorization'] = `Bearer ${token}`;
  if (lastId) headers['Last-Event-ID'] = lastId;
  const response = await fetch(client.url(`/api/videos/${encodeURIComponent(videoId)}/events`), { headers, signal }).catch((cause: unknown) => {
    throw networkError(cause);
  });
  if (response.status === 401) client.notifyUnauthorized();
  if (response.status === 401 || response.status >= 500 || response.status === 429) throw await toError(response);
  // 204: nothing new, which the next question will find settled.
  if (!response.ok || !response.body || response.status === 204) throw new NoStream(response.status, { code: 'no_stream' });
  return response.body.getReader();
}
