import { DetailedError, Upload, type HttpResponse } from 'tus-js-client';
import { ABORTED, ApiError, networkError, parseProblem } from '../api/errors';
import type { Client } from '../api/client';
import { ownerOf } from './memory';
import { MAX_BYTES } from './validate';

export interface SendOptions {
  client: Client;
  file: File;
  chapterId: string;
  /** Set to put the file in the place of this film. */
  replaces: string | null;
  /** Who began it: nobody else's sign-in sends it. */
  owner: string;
  /** Where it was begun before: it goes on from what the server has. */
  uploadId: string | null;
  onBegun: (uploadId: string) => void;
  /** Bytes that the server says it has, after each request. */
  onStanding: (confirmedBytes: number) => void;
  /** Bytes that have left. */
  onProgress: (sentBytes: number) => void;
  signal: AbortSignal;
}

const PATH = '/api/uploads/tus';
/** Small enough for the proxies that stand between, large enough that what is said in between costs nothing. */
const CHUNK_BYTES = 32 * 1024 ** 2;
/** A connection that carries nothing for so long is given up: a dead network does not always say so. */
const STALLED_AFTER_MS = 45_000;

/** Sends a film, or the rest of it. Rejects with ApiError, of code `aborted` when `signal` ended it. */
export function sendFile(options: SendOptions): Promise<{ videoId: string }> {
  const { client, file, chapterId, replaces, uploadId, signal } = options;
  return new Promise((resolve, reject) => {
    let videoId: string | null = null;
    const watchdog = createWatchdog(() => end(networkError()));
    const upload = new Upload(file, {
      // Without an endpoint a lost upload comes out as an error instead of quietly beginning anew.
      endpoint: uploadId ? null : client.url(PATH),
      uploadUrl: uploadId ? urlOf(client, uploadId) : null,
      metadata: { ...(replaces ? { videoId: replaces } : { chapterId }), filename: file.name, filetype: file.type || 'video/mp4' },
      chunkSize: CHUNK_BYTES,
      retryDelays: null,
      storeFingerprintForResuming: false,
      async onBeforeRequest(request) {
        const token = await client.getAuthToken();
        if (ownerOf(token) !== options.owner) {
          end(new ApiError(401, { code: 'signed_out', detail: 'Whoever began the upload is not signed in any more.' }));
          throw new Error('Not to be sent.');
        }
        if (token) request.setHeader('Authorization', `Bearer ${token}`);
        request.setHeader('Accept', 'application/json');
      },
      onAfterResponse(_request, response) {
        videoId = response.getHeader('Lectern-Video-Id') || videoId;
        const offset = response.getHeader('Upload-Offset');
        if (offset !== undefined && offset !== null && response.getStatus() < 300) options.onStanding(Number(offset));
      },
      onUploadUrlAvailable() {
        const id = upload.url?.split('/').pop();
        if (!id || uploadId) return;
        // By the way this page takes, whatever name the server has for itself.
        upload.url = urlOf(client, id);
        options.onBegun(id);
      },
      onProgress(sent) {
        watchdog.see(sent < file.size);
        options.onProgress(sent);
      },
      onSuccess: () => (videoId ? finish(() => resolve({ videoId: videoId! })) : end(networkError())),
      onError: (error) => end(toApiError(error, client)),
    });
    const finish = (then: () => void): void => {
      watchdog.stop();
      signal.removeEventListener('abort', giveUp);
      then();
    };
    const end = (error: ApiError): void => {
      void upload.abort();
      finish(() => reject(error));
    };
    const giveUp = (): void => end(new ApiError(0, { code: ABORTED, detail: 'The upload was stopped.' }));
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) return giveUp();
    watchdog.see(true);
    upload.start();
  });
}

function createWatchdog(bark: () => void): { see: (moreToSend: boolean) => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = (): void => clearTimeout(timer);
  return {
    stop,
    // Once all has left, the server may take its time.
    see(moreToSend) {
      stop();
      if (moreToSend) timer = setTimeout(bark, STALLED_AFTER_MS);
    },
  };
}

function toApiError(error: Error, client: Client): ApiError {
  const response = error instanceof DetailedError ? error.originalResponse : null;
  if (!response) return networkError(error);
  const refused = new ApiError(response.getStatus(), parseProblem(response.getBody()), secondsOf(response));
  if (refused.status === 401) client.notifyUnauthorized();
  return refused;
}

function secondsOf(response: HttpResponse): number | null {
  const seconds = Number(response.getHeader('Retry-After'));
  return seconds > 0 ? seconds : null;
}

function urlOf(client: Client, uploadId: string): string {
  return client.url(`${PATH}/${encodeURIComponent(uploadId)}`);
}

async function ask(client: Client, method: string, path: string): Promise<Response> {
  const token = await client.getAuthToken();
  const headers: Record<string, string> = { 'Tus-Resumable': '1.0.0', Accept: 'application/json' };
  if (token) headers['Authorization'] = `Bearer ${token}`;
  return fetch(client.url(path), { method, headers });
}

/** What the server has of an upload; `gone` when there is nothing left to go on with. Throws when it can not be reached. */
export async function standing(client: Client, uploadId: string): Promise<{ sent: number; videoId: string | null } | 'gone'> {
  const response = await ask(client, 'HEAD', `${PATH}/${encodeURIComponent(uploadId)}`).catch((cause: unknown) => {
    throw networkError(cause);
  });
  if (response.status === 404 || response.status === 410) return 'gone';
  if (!response.ok) throw new ApiError(response.status, {});
  const sent = Number(response.headers.get('Upload-Offset')) || 0;
  const whole = sent > 0 && sent === Number(response.headers.get('Upload-Length'));
  return { sent, videoId: whole ? response.headers.get('Lectern-Video-Id') : null };
}

/** The server lets go of what it has. Should that not reach it, it does so by itself after a day. */
export async function endUpload(client: Client, uploadId: string): Promise<void> {
  await ask(client, 'DELETE', `${PATH}/${encodeURIComponent(uploadId)}`).catch(() => undefined);
}

const limits = new Map<string, Promise<number>>();

/** How large a file this server takes, in bytes. */
export function maxBytes(client: Client): Promise<number> {
  const where = client.url(PATH);
  let limit = limits.get(where);
  if (!limit) {
    limit = ask(client, 'OPTIONS', PATH)
      .then((response) => Number(response.headers.get('Tus-Max-Size')) || MAX_BYTES)
      .catch(() => {
        limits.delete(where);
        return MAX_BYTES;
      });
    limits.set(where, limit);
  }
  return limit;
}
