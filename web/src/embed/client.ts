import { createClient, type Client } from '../api/client';
import { ApiError, asApiError } from '../api/errors';
import type { PlaybackSession } from '../api/types';
import { TOKEN_NEEDED } from '../player/faces';

/** Where a session waits for the page to come back; both may do nothing. */
export interface Shelf {
  take(): Kept | null;
  put(kept: Kept): void;
}

export interface Kept {
  /** That opened it; spent, and so worth nothing but to know it by. */
  token: string | null;
  session: PlaybackSession;
}

export interface EmbedClientOptions {
  videoId: string;
  /** The one-time token of the page's address. */
  token: string | null;
  /** Whether the page was loaded again, and may go on with what it had. */
  reloaded: boolean;
  shelf: Shelf;
  onTokenNeeded: () => void;
}

export interface EmbedClient extends Client {
  /** The host's next token. It is spent when there is no session, or none that is good. */
  setToken(token: string): void;
  /** For a page that may come back: what it needs to go on then. */
  keep(): void;
}

/** A session that is of no more use here. */
const dead = new Set(['session_invalid', 'session_expired', 'session_revoked', 'session_superseded', 'ip_changed']);
const useless = new Set(['token_invalid', 'token_spent', 'token_expired', 'ip_changed']);

/** The player's client for a viewer without a JWT: a one-time token opens the session, and all else goes by the session. */
export function createEmbedClient({ videoId, token, reloaded, shelf, onTokenNeeded }: EmbedClientOptions): EmbedClient {
  const plain = createClient({ getAuthToken: () => null });
  const shelved = shelf.take();
  // Another token may be another person's: what is on the shelf is then left to nobody.
  const mine = shelved && (token === null ? reloaded : shelved.token === token) ? shelved : null;
  let opened: Kept | null = mine;
  let used = mine !== null;
  let pending = mine ? null : token;
  let opening: Promise<Kept> | null = null;
  let telling = false;

  /** Calls that fail together ask for one token. */
  function needed(): ApiError {
    if (!telling) setTimeout(() => ((telling = false), onTokenNeeded()));
    telling = true;
    return new ApiError(401, { code: TOKEN_NEEDED, detail: 'The page around the film has to name a new access token.' });
  }

  async function open(fresh: string): Promise<Kept> {
    try {
      const session = await plain.spend(`/api/videos/stream?token=${encodeURIComponent(fresh)}`);
      pending = null;
      if (session.videoId !== videoId) throw new ApiError(404, { code: 'video_not_found', detail: 'The token is for another film.' });
      opened = { token: fresh, session };
      used = false;
      return opened;
    } catch (caught) {
      const error = asApiError(caught);
      if (!useless.has(error.code)) throw error;
      pending = null;
      throw needed();
    }
  }

  function current(): Promise<Kept> {
    if (opened) return Promise.resolve(opened);
    if (opening) return opening;
    if (pending === null) return Promise.reject(needed());
    opening = open(pending).finally(() => (opening = null));
    return opening;
  }

  /** Asks by the session; of one that is over, another is opened where there is a token for it. */
  async function bySession<T>(ask: (film: ReturnType<Client['filmOf']>) => Promise<T>): Promise<T> {
    const held = await current();
    try {
      return await ask(plain.filmOf(held.session.masterUrl));
    } catch (caught) {
      const error = asApiError(caught);
      if (!dead.has(error.code)) throw error;
      if (opened === held) opened = null;
      if (pending !== null) return bySession(ask);
      throw needed();
    }
  }

  return {
    ...plain,
    videoStatus: (_, signal) => bySession((film) => film.status(signal)),
    chapterProgress: (_, signal) => bySession((film) => film.progress(signal)),
    thumbnails: (_, signal) => bySession((film) => film.thumbnails(signal)),
    storyboard: (_, signal) => bySession((film) => film.storyboard(signal)),
    captions: (_, language, signal) => bySession((film) => film.captions(language, signal)),
    // Not by `bySession`: nobody asked for these, so they ask nobody for a token.
    tellAnalytics: (_, body) => (opened ? plain.filmOf(opened.session.masterUrl).analytics(body) : Promise.reject(new ApiError(410, {}))),
    accessToken: () => Promise.resolve({ token: '', streamUrl: '', expiresAt: '' }),
    async spend() {
      const { expiresAt } = await bySession((film) => film.renew());
      const { session } = await current();
      const firstSeq = used ? Date.now() : 0;
      used = true;
      return { ...session, expiresAt, firstSeq };
    },
    renew: () => bySession((film) => film.renew()),
    setToken(next) {
      pending = next;
    },
    keep() {
      if (opened) shelf.put(opened);
    },
  };
}
