import { useEffect, useState } from 'react';
import type * as Schema from '../../api/schema';
import type { VideoState } from '../../api/types';
import { client } from '../../app/auth';

const EVERY_MS = 2_500;
/** As many as one call may ask for. */
const MOST = 200;

export interface LiveState {
  status: VideoState;
  percent: number;
}

/** How far the films of these ids are, asked anew every few seconds while the page is looked at and some are under way. */
export function useLiveStates(ids: string[]): ReadonlyMap<string, LiveState> {
  const [states, setStates] = useState<ReadonlyMap<string, LiveState>>(new Map());
  const wanted = ids.slice(0, MOST).join(' ');

  useEffect(() => {
    if (!wanted) return undefined;
    const gone = new AbortController();
    let left = wanted.split(' ');
    const ask = async (): Promise<void> => {
      if (document.visibilityState !== 'visible' || left.length === 0) return;
      const body = { videoIds: left };
      const { videos } = await client.call<Schema.BatchStatus>('/api/videos/batch-status', { method: 'POST', body, signal: gone.signal });
      if (gone.signal.aborted) return;
      const told = videos.map((one) => [one.videoId, { status: one.status as VideoState, percent: one.percent }] as const);
      left = told.filter(([, { status }]) => status !== 'ready' && status !== 'failed').map(([id]) => id);
      setStates((before) => new Map([...before, ...told]));
    };
    // Whatever fails is asked again; the list itself says what is wrong with the connection.
    const timer = setInterval(() => void ask().catch(() => undefined), EVERY_MS);
    void ask().catch(() => undefined);
    return () => {
      gone.abort();
      clearInterval(timer);
    };
  }, [wanted]);

  return states;
}
