import type { Client } from '../api/client';
import { asApiError, type ApiError } from '../api/errors';
import { pause } from '../api/pause';

const ASK_AGAIN_MS = 1_500;

export interface DownloadHooks {
  /** Percent of the file that is made; null when nothing is under way any more. */
  progress: (percent: number | null) => void;
  refused: (error: ApiError) => void;
}

/** Fetches nothing itself: waits until the file is made, and then leaves the bytes to the browser's own downloads. */
export class FileDownload {
  readonly #client: Client;
  readonly #videoId: string;
  readonly #hooks: DownloadHooks;
  #running: AbortController | null = null;

  constructor(client: Client, videoId: string, hooks: DownloadHooks) {
    this.#client = client;
    this.#videoId = videoId;
    this.#hooks = hooks;
  }

  /** `quality` as renditions are called, like 720p; the best without one. */
  async start(quality?: string): Promise<void> {
    this.cancel();
    const running = new AbortController();
    this.#running = running;
    this.#hooks.progress(0);
    try {
      const url = await this.#made(quality, running.signal);
      if (url) save(this.#client.url(url));
    } catch (error) {
      if (!running.signal.aborted) this.#hooks.refused(asApiError(error));
    } finally {
      if (this.#running === running) this.cancel();
    }
  }

  async #made(quality: string | undefined, signal: AbortSignal): Promise<string | null> {
    while (!signal.aborted) {
      const answer = await this.#client.download(this.#videoId, quality, signal);
      if (answer.status === 'ready') return answer.url ?? null;
      this.#hooks.progress(answer.percent);
      await pause(ASK_AGAIN_MS, signal);
    }
    return null;
  }

  cancel(): void {
    if (!this.#running) return;
    this.#running.abort();
    this.#running = null;
    this.#hooks.progress(null);
  }
}

/** The server names the file; a link keeps the page where a change of address would leave it on a refusal. */
function save(url: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = '';
  document.body.append(link);
  link.click();
  link.remove();
}
