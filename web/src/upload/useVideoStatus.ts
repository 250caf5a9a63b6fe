import { useEffect, useState } from 'react';
import { asApiError, type ApiError } from '../api/errors';
import type { Client } from '../api/client';
import type { VideoStatus } from '../api/types';

const EVERY_MS = 1_500;
const SLOWEST_MS = 15_000;

export function isSettled(status: VideoStatus): boolean {
  const { replacing } = status;
  const replaced = !replacing || replacing.status === 'ready' || replacing.status === 'failed';
  return replaced && (status.status === 'ready' || status.status === 'failed');
}

/** The state of a film, asked for again until nothing will change any more. `refresh` starts over, after a replacement. */
export function useVideoStatus(client: Client, videoId: string | null, refresh = 0): { status: VideoStatus | null; error: ApiError | null } {
  const [status, setStatus] = useState<VideoStatus | null>(null);
  const [error, setError] = useState<ApiError | null>(null);

  useEffect(() => {
    if (!videoId) return undefined;
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wait = EVERY_MS;
    async function ask(id: string): Promise<void> {
      try {
        const answer = await client.videoStatus(id, gone.signal);
        if (gone.signal.aborted) return;
        wait = EVERY_MS;
        setStatus(answer);
        setError(null);
        if (isSettled(answer)) return;
      } catch (caught) {
        if (gone.signal.aborted) return;
        const failure = asApiError(caught);
        setError(failure);
        if (!failure.isTransient) return;
        wait = Math.min(wait * 2, SLOWEST_MS);
      }
      timer = setTimeout(() => void ask(id), wait);
    }
    void ask(videoId);
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [client, videoId, refresh]);

  return { status: status?.videoId === videoId ? status : null, error };
}
