import { useEffect, useState } from 'react';
import type { ApiError } from '../api/errors';
import type { Client } from '../api/client';
import type { Thumbnail, VideoStatus } from '../api/types';
import { followStatus, isSettled } from './follow';

export { isSettled } from './follow';

const restarts = new EventTarget();

/** Looks at a film anew that had been settled: its job was begun once more. */
export function followAgain(videoId: string): void {
  restarts.dispatchEvent(new Event(videoId));
}

/** The state of a film, live until nothing will change any more. `refresh` starts over, after a replacement. */
export function useVideoStatus(client: Client, videoId: string | null, refresh = 0): { status: VideoStatus | null; error: ApiError | null } {
  const [status, setStatus] = useState<VideoStatus | null>(null);
  const [error, setError] = useState<ApiError | null>(null);

  useEffect(() => {
    if (!videoId) return undefined;
    const gone = new AbortController();
    const onStatus = (answer: VideoStatus): void => {
      setStatus(answer);
      setError(null);
    };
    const follow = (): void => void followStatus({ client, videoId, onStatus, onError: setError, signal: gone.signal });
    restarts.addEventListener(videoId, follow);
    follow();
    return () => {
      gone.abort();
      restarts.removeEventListener(videoId, follow);
    };
  }, [client, videoId, refresh]);

  return { status: status?.videoId === videoId ? status : null, error };
}

const NONE: readonly Thumbnail[] = [];

/** The pictures of a film that is being made, as they come. Of a film that was done when it was first seen there are none. */
export function useStills(client: Client | undefined, status: VideoStatus): readonly Thumbnail[] {
  const { videoId, percent } = status;
  const [stills, setStills] = useState<{ videoId: string; thumbnails: readonly Thumbnail[] }>({ videoId, thumbnails: NONE });
  const [begunBusy] = useState(!isSettled(status));
  const shown = stills.videoId === videoId ? stills.thumbnails : NONE;
  const wanted = Boolean(client) && begunBusy && status.status !== 'failed';
  const round = Math.floor(percent / 4);

  useEffect(() => {
    if (!client || !wanted) return undefined;
    const gone = new AbortController();
    client.thumbnails(videoId, gone.signal).then(
      ({ thumbnails }) => gone.signal.aborted || (thumbnails.length > 0 && setStills({ videoId, thumbnails })),
      // They are an extra: the next change asks again.
      () => undefined,
    );
    return () => gone.abort();
  }, [client, wanted, videoId, round, status.status]);
  return shown;
}
