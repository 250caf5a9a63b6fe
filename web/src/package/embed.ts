/** `lectern-player/embed`: speaks with a frame of `/embed/{videoId}`, from the page around it. */
import type { PlayerEvents, RemoteState } from '../player/events';

export type { ProgressDocument, RemoteState } from './types';

/** What the frame says. Progress and completion come with the progress document. */
export type EmbedEvents = Omit<PlayerEvents, 'progress' | 'complete'> & {
  progress: { progress: PlayerEvents['progress'] };
  complete: { progress: PlayerEvents['complete'] };
  tokenNeeded: object;
  state: RemoteState;
};

export interface EmbedOptions {
  /** The origin of the frame, as `https://video.school.example`: nothing is heard from, or said to, any other. */
  origin: string;
  /** A new one-time access token, made by your back end; asked for whenever the frame needs one. */
  getToken?: () => string | Promise<string>;
}

export interface Embed {
  /** Resolves when it plays, or when it can not; with the state. */
  play(): Promise<RemoteState>;
  pause(): Promise<RemoteState>;
  seek(seconds: number): Promise<RemoteState>;
  setRate(rate: number): Promise<RemoteState>;
  setVolume(volume: number, muted?: boolean): Promise<RemoteState>;
  /** A language such as `ka`, or null for none. */
  setCaptions(language: string | null): Promise<RemoteState>;
  setToken(token: string): Promise<RemoteState>;
  getState(): Promise<RemoteState>;
  /** Answers how to stop listening. */
  on<T extends keyof EmbedEvents>(type: T, listener: (event: EmbedEvents[T] & { videoId: string }) => void): () => void;
  /** Listens no more; what has no answer yet is rejected. */
  destroy(): void;
}

interface Asked {
  message: object;
  resolve: (state: RemoteState) => void;
  reject: (error: Error) => void;
}

export function createEmbed(iframe: HTMLIFrameElement, { origin, getToken }: EmbedOptions): Embed {
  const asked = new Map<number, Asked>();
  const listeners = new Map<string, Set<(event: never) => void>>();
  const gone = new AbortController();
  let waiting: object[] | null = [];
  let next = 1;
  let hasSpoken = false;

  const post = (message: object): void => iframe.contentWindow?.postMessage({ lectern: 1, ...message }, origin);

  function ask(message: object): Promise<RemoteState> {
    if (gone.signal.aborted) return Promise.reject(new Error('This embed was destroyed.'));
    const id = next++;
    return new Promise((resolve, reject) => {
      const numbered = { ...message, id };
      asked.set(id, { message: numbered, resolve, reject });
      if (waiting) waiting.push(numbered);
      else post(numbered);
    });
  }

  function begin(): void {
    const held = waiting ?? [];
    waiting = null;
    for (const message of held) post(message);
  }

  function heard({ source, origin: from, data }: MessageEvent): void {
    if (source !== iframe.contentWindow || from !== origin || typeof data !== 'object' || data?.lectern !== 1) return;
    begin();
    // A frame that looked as if it were there may not have listened yet: what it has not answered is said again.
    if (!hasSpoken) for (const { message } of asked.values()) post(message);
    hasSpoken = true;
    const { type, id } = data as { type: string; id?: number };
    const one = id === undefined ? undefined : asked.get(id);
    if (one) {
      asked.delete(id as number);
      if (type === 'error') one.reject(new Error(String(data.message)));
      else one.resolve(data as RemoteState);
    }
    if (type === 'tokenNeeded' && getToken) void tokenFor(getToken);
    for (const listener of listeners.get(type) ?? []) listener(data as never);
  }

  async function tokenFor(get: NonNullable<typeof getToken>): Promise<void> {
    try {
      post({ type: 'setToken', token: await get() });
    } catch (error) {
      // The frame keeps its button, which asks again.
      reportError(error);
    }
  }

  addEventListener('message', heard, { signal: gone.signal });
  iframe.addEventListener('load', begin, { signal: gone.signal });
  if (isLoaded(iframe)) begin();

  return {
    play: () => ask({ type: 'play' }),
    pause: () => ask({ type: 'pause' }),
    seek: (seconds) => ask({ type: 'seek', seconds }),
    setRate: (rate) => ask({ type: 'setRate', rate }),
    setVolume: (volume, muted) => ask({ type: 'setVolume', volume, muted }),
    setCaptions: (language) => ask({ type: 'setCaptions', language }),
    setToken: (token) => ask({ type: 'setToken', token }),
    getState: () => ask({ type: 'getState' }),
    on(type, listener) {
      const all = listeners.get(type) ?? new Set();
      listeners.set(type, all.add(listener as (event: never) => void));
      return () => void all.delete(listener as (event: never) => void);
    },
    destroy() {
      gone.abort();
      for (const { reject } of asked.values()) reject(new Error('This embed was destroyed.'));
      asked.clear();
    },
  };
}

/** A frame that has not left about:blank may be looked into; one of another origin may not, and so has arrived. */
function isLoaded(iframe: HTMLIFrameElement): boolean {
  try {
    const { readyState, URL: url } = iframe.contentDocument ?? {};
    return iframe.contentDocument === null ? iframe.contentWindow !== null : readyState === 'complete' && url !== 'about:blank';
  } catch {
    return true;
  }
}
