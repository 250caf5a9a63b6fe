import { ABORTED, ApiError, networkError, parseProblem } from '../api/errors';
import type { Client } from '../api/client';
import type { VideoAccepted } from '../api/types';

export interface SendOptions {
  client: Client;
  file: File;
  chapterId: string;
  /** Set to put the file in the place of this film. */
  replaces: string | null;
  onProgress: (sentBytes: number) => void;
  signal: AbortSignal;
}

/** XMLHttpRequest, because fetch still tells nothing of how much has been sent. */
export async function sendFile({ client, file, chapterId, replaces, onProgress, signal }: SendOptions): Promise<VideoAccepted> {
  const token = await client.getAuthToken();
  const form = new FormData();
  // Before the film, so that a wrong chapter is refused before the film is sent.
  if (!replaces) form.append('chapterId', chapterId);
  form.append('video', file, file.name);
  const path = replaces ? `/api/videos/${encodeURIComponent(replaces)}/replace` : '/api/videos/upload';

  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const giveUp = (): void => request.abort();
    request.open(replaces ? 'PUT' : 'POST', client.url(path));
    request.setRequestHeader('Accept', 'application/json');
    if (token) request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.upload.onprogress = (event) => onProgress(Math.min(file.size, event.loaded));
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) return resolve(JSON.parse(request.responseText) as VideoAccepted);
      if (request.status === 401) client.notifyUnauthorized();
      reject(new ApiError(request.status, parseProblem(request.responseText)));
    };
    request.onerror = () => reject(networkError());
    request.onabort = () => reject(new ApiError(0, { code: ABORTED, detail: 'The upload was cancelled.' }));
    request.onloadend = () => signal.removeEventListener('abort', giveUp);
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) return request.abort();
    request.send(form);
  });
}
