import { ABORTED, ApiError, asApiError, networkError, toError } from './errors';
import type * as Schema from './schema';
import type * as Api from './types';

export interface ClientOptions {
  /** Origin and path prefix of the gateway; empty means the page's own origin. */
  apiUrl?: string;
  getAuthToken: () => string | null | Promise<string | null>;
  /** Called for each 401 on a call that carried (or lacked) the platform's JWT. */
  onUnauthorized?: () => void;
  /** Hears of each call how it ended; status 0 where no answer came. */
  onAnswer?: (answer: { at: number; method: string; url: string; status: number; milliseconds: number; code?: string }) => void;
}

export interface CallOptions {
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, with the media type `type`. */
  raw?: BodyInit;
  type?: string;
  /** JSON, unless something else is wanted. */
  accept?: string;
  signal?: AbortSignal;
  /** Calls authorised by their path or by a one-time token carry no header. */
  anonymous?: boolean;
  /** Goes on when the page does not. */
  keepalive?: boolean;
  /** Nobody asked for it, so its 401 signs nobody out. */
  quiet?: boolean;
}

/** In development Vite's proxy stands for the gateway, on the page's own origin. */
const configuredBase = import.meta.env.DEV ? '' : (import.meta.env.VITE_API_URL ?? '');

/** The one place where URLs are made: a path of the API, or a URL the API answered, on the configured base. */
export function buildUrl(pathOrUrl: string, apiUrl: string = configuredBase): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(pathOrUrl) || pathOrUrl.startsWith('//')) return pathOrUrl;
  return `${apiUrl.replace(/\/+$/, '')}/${pathOrUrl.replace(/^\/+/, '')}`;
}

const segment = encodeURIComponent;

/** A path with its parameters: those that are null, undefined or empty are left out. */
export function pathOf(path: string, query: Record<string, string | number | boolean | null | undefined> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

export type Client = ReturnType<typeof createClient>;

export function createClient({ apiUrl, getAuthToken, onUnauthorized, onAnswer }: ClientOptions) {
  const url = (path: string): string => buildUrl(path, apiUrl || undefined);

  /** The answer itself, once it is a good one: for what is no JSON. */
  async function answer(path: string, options: CallOptions = {}): Promise<Response> {
    const headers: Record<string, string> = { Accept: options.accept ?? 'application/json' };
    if (!options.anonymous) {
      const token = await getAuthToken();
      if (token) headers['Authorization'] = `Bearer ${token}`;
    }
    if (options.body !== undefined) headers['Content-Type'] = 'application/json';
    else if (options.type) headers['Content-Type'] = options.type;
    const method = options.method ?? 'GET';
    const at = Date.now();
    const begun = performance.now();
    const tell = (status: number, code?: string): void =>
      onAnswer?.({ at, method, url: path, status, milliseconds: performance.now() - begun, ...(code ? { code } : {}) });
    try {
      const response = await send(url(path), {
        method,
        headers,
        body: options.body === undefined ? options.raw : JSON.stringify(options.body),
        signal: options.signal,
        keepalive: options.keepalive ?? false,
      });
      if (!response.ok) throw await toError(response);
      tell(response.status);
      return response;
    } catch (caught) {
      const error = asApiError(caught);
      tell(error.status, error.code);
      if (error.status === 401 && !options.anonymous && !options.quiet) onUnauthorized?.();
      throw error;
    }
  }

  async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
    return readBody<T>(await answer(path, options));
  }

  return {
    url,
    answer,
    /** Any call of the API by its path (`pathOf` builds one); the calls below have names. */
    call,
    getAuthToken,
    notifyUnauthorized: (): void => onUnauthorized?.(),

    me: () => call<Api.Me>('/api/me'),
    demo: () => call<Api.Demo>('/api/demo', { anonymous: true }),
    demoSignIn: (role: 'admin' | 'student') =>
      call<Api.DemoSignIn>('/api/demo/sign-in', { method: 'POST', body: { role }, anonymous: true }),

    courses: (signal?: AbortSignal) => call<{ courses: Api.CourseSummary[] }>('/api/courses', { signal }),
    course: (courseId: string, signal?: AbortSignal) => call<Api.Course>(`/api/courses/${segment(courseId)}`, { signal }),
    courseProgress: (courseId: string, signal?: AbortSignal) =>
      call<Api.CourseProgress>(`/api/progress/courses/${segment(courseId)}`, { signal }),
    chapterProgress: (chapterId: string, signal?: AbortSignal) =>
      call<Api.ProgressDocument>(`/api/progress/chapters/${segment(chapterId)}`, { signal }),

    continueWatching: (limit: number, signal?: AbortSignal) =>
      call<{ chapters: Api.GoOn[] }>(`/api/progress/continue?limit=${limit}`, { signal }),
    /** `zone`: whose days they are, such as Asia/Tbilisi. */
    progressStats: (zone: string, signal?: AbortSignal) => call<Api.Stats>(`/api/progress/stats?tz=${segment(zone)}`, { signal }),
    completeChapter: (chapterId: string) =>
      call<Api.ProgressDocument>(`/api/progress/chapters/${segment(chapterId)}/complete`, { method: 'POST' }),
    resetChapter: (chapterId: string) => call<Api.ProgressDocument>(`/api/progress/chapters/${segment(chapterId)}/reset`, { method: 'POST' }),
    /** For admins: a failed job begins anew. */
    retryJob: (jobId: string) => call<void>(`/api/admin/jobs/${segment(jobId)}/retry`, { method: 'POST' }),

    videoStatus: (videoId: string, signal?: AbortSignal) =>
      call<Api.VideoStatus>(`/api/videos/${segment(videoId)}/status`, { signal }),
    thumbnails: (videoId: string, signal?: AbortSignal) =>
      call<{ videoId: string; thumbnails: Api.Thumbnail[] }>(`/api/videos/${segment(videoId)}/thumbnails`, { signal }),
    storyboard: (videoId: string, signal?: AbortSignal) =>
      call<Schema.Storyboard>(`/api/videos/${segment(videoId)}/storyboard.json`, { signal }),
    /** The whole text in one language, as WebVTT. */
    captions: async (videoId: string, language: string, signal?: AbortSignal) =>
      (await answer(`/api/videos/${segment(videoId)}/captions/${segment(language)}.vtt`, { signal, accept: 'text/vtt' })).text(),
    download: (videoId: string, quality?: string, signal?: AbortSignal) =>
      call<Schema.DownloadAnswer>(`/api/videos/${segment(videoId)}/download${quality ? `?quality=${segment(quality)}` : ''}`, { signal }),
    deleteVideo: (videoId: string) => call<void>(`/api/videos/${segment(videoId)}`, { method: 'DELETE' }),

    accessToken: (videoId: string) => call<Api.AccessToken>(`/api/videos/${segment(videoId)}/access-token`),
    spend: (streamUrl: string) => call<Api.PlaybackSession>(streamUrl, { anonymous: true }),
    /** Which stretches of a film in the making are there; beside its master playlist. */
    availability: (masterUrl: string, signal?: AbortSignal) =>
      call<Api.Availability>(masterUrl.replace(/master\.m3u8$/, 'availability'), { anonymous: true, signal }),
    /** How well a session played. The body of a call that outlives the page has to stay below 64 KiB. */
    tellAnalytics: (videoId: string, body: Api.TelemetryBatch) =>
      call<{ accepted: number }>(`/api/videos/${segment(videoId)}/analytics`, { method: 'POST', body, keepalive: true, quiet: true }),
    /** Answers the new `expiresAt` where the server tells it. */
    renew: (renewUrl: string) => call<{ expiresAt?: string } | undefined>(renewUrl, { method: 'POST' }),

    /** The film of a session, for a viewer who has nothing but its `masterUrl`: docs/api.md, "Without a sign-in". */
    filmOf(masterUrl: string) {
      const film = masterUrl.replace(/master\.m3u8$/, 'film');
      return {
        status: (signal?: AbortSignal) => call<Api.VideoStatus>(`${film}/status`, { anonymous: true, signal }),
        progress: (signal?: AbortSignal) => call<Api.ProgressDocument>(`${film}/progress`, { anonymous: true, signal }),
        thumbnails: (signal?: AbortSignal) =>
          call<{ videoId: string; thumbnails: Api.Thumbnail[] }>(`${film}/thumbnails`, { anonymous: true, signal }),
        storyboard: (signal?: AbortSignal) => call<Schema.Storyboard>(`${film}/storyboard.json`, { anonymous: true, signal }),
        captions: async (language: string, signal?: AbortSignal) =>
          (await answer(`${film}/captions/${segment(language)}.vtt`, { anonymous: true, signal, accept: 'text/vtt' })).text(),
        analytics: (body: Api.TelemetryBatch) =>
          call<{ accepted: number }>(`${film}/analytics`, { method: 'POST', body, keepalive: true, anonymous: true }),
        renew: () => call<{ expiresAt: string }>(`${film}/renew`, { method: 'POST', anonymous: true }),
      };
    },
  };
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') {
      throw new ApiError(0, { code: ABORTED, detail: 'The request was given up.' });
    }
    throw networkError(cause);
  }
}

/** Some answers have nothing to say (204, or an empty 200); that is not a failure. */
async function readBody<T>(response: Response): Promise<T> {
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}
