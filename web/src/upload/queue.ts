import { ABORTED, asApiError, type ApiError } from '../api/errors';
import type { Client } from '../api/client';
import { sendFile } from './send';
import { SpeedMeter } from './speed';
import { refuse, type Refusal } from './validate';

/** queued -> sending -> accepted; `waiting` is between automatic retries; the rest are ends a person may act on. */
export type UploadState = 'queued' | 'sending' | 'waiting' | 'accepted' | 'failed' | 'cancelled' | 'refused';

export interface UploadItem {
  readonly id: number;
  readonly chapterId: string;
  readonly file: File;
  readonly replaces: string | null;
  readonly state: UploadState;
  readonly sent: number;
  /** Bytes per second. */
  readonly speed: number | null;
  readonly secondsLeft: number | null;
  readonly refusal: Refusal | null;
  readonly error: ApiError | null;
  readonly attempt: number;
  readonly videoId: string | null;
}

const AT_ONCE = 2;
const RETRY_AFTER_MS = [2_000, 6_000, 15_000];

type Send = typeof sendFile;

/**
 * All uploads of the page, whichever component asked for them: they go on while the admin looks at another chapter.
 * Snapshots are immutable, as useSyncExternalStore wants them.
 */
export class UploadQueue {
  #items: readonly UploadItem[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #running = new Map<number, AbortController>();
  readonly #accepted = new Map<number, (videoId: string) => void>();
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();
  readonly #send: Send;
  #nextId = 1;

  constructor(send: Send = sendFile) {
    this.#send = send;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): readonly UploadItem[] => this.#items;

  get busy(): boolean {
    return this.#items.some(({ state }) => state === 'queued' || state === 'sending' || state === 'waiting');
  }

  add(client: Client, chapterId: string, files: Iterable<File>, replaces: string | null, onAccepted: (videoId: string) => void): void {
    for (const file of files) {
      const refusal = refuse(file);
      const item: UploadItem = {
        id: this.#nextId++,
        chapterId,
        file,
        replaces,
        refusal,
        state: refusal ? 'refused' : 'queued',
        sent: 0,
        speed: null,
        secondsLeft: null,
        error: null,
        attempt: 0,
        videoId: null,
      };
      this.#accepted.set(item.id, onAccepted);
      this.#publish([...this.#items, item]);
    }
    this.#pump(client);
  }

  cancel(client: Client, id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#running.get(id)?.abort();
    this.#change(id, { state: 'cancelled', speed: null, secondsLeft: null });
    this.#pump(client);
  }

  /** Sends again from the start; `replaces` turns it into a replacement of that film. */
  retry(client: Client, id: number, replaces?: string): void {
    clearTimeout(this.#timers.get(id));
    this.#change(id, { state: 'queued', sent: 0, error: null, attempt: 0, ...(replaces ? { replaces } : {}) });
    this.#pump(client);
  }

  remove(id: number): void {
    this.#accepted.delete(id);
    this.#publish(this.#items.filter((item) => item.id !== id));
  }

  #pump(client: Client): void {
    for (const item of this.#items) {
      if (this.#running.size >= AT_ONCE) return;
      // Two films for one chapter go one after the other: the first decides what the second is answered.
      const taken = this.#items.some((other) => other.chapterId === item.chapterId && this.#running.has(other.id));
      if (item.state === 'queued' && !taken) void this.#run(client, item);
    }
  }

  async #run(client: Client, { id, file, chapterId, replaces, attempt }: UploadItem): Promise<void> {
    const cancel = new AbortController();
    const meter = new SpeedMeter();
    this.#running.set(id, cancel);
    this.#change(id, { state: 'sending', sent: 0, error: null });
    const onProgress = (sent: number): void => {
      if (cancel.signal.aborted) return;
      meter.sample(sent, performance.now());
      this.#change(id, { sent, speed: meter.speed, secondsLeft: meter.secondsLeft(file.size) });
    };
    try {
      const { videoId } = await this.#send({ client, file, chapterId, replaces, onProgress, signal: cancel.signal });
      this.#change(id, { state: 'accepted', sent: file.size, videoId, speed: null, secondsLeft: null });
      this.#accepted.get(id)?.(videoId);
    } catch (caught) {
      this.#failed(client, id, attempt, asApiError(caught));
    } finally {
      this.#running.delete(id);
      this.#pump(client);
    }
  }

  #failed(client: Client, id: number, attempt: number, error: ApiError): void {
    if (error.code === ABORTED) return;
    const wait = error.isTransient ? RETRY_AFTER_MS[attempt] : undefined;
    if (wait === undefined) {
      this.#change(id, { state: 'failed', error, speed: null, secondsLeft: null });
      return;
    }
    this.#change(id, { state: 'waiting', error, attempt: attempt + 1, speed: null, secondsLeft: null });
    const again = (): void => {
      this.#change(id, { state: 'queued' });
      this.#pump(client);
    };
    this.#timers.set(id, setTimeout(again, wait));
  }

  #change(id: number, change: Partial<UploadItem>): void {
    this.#publish(this.#items.map((item) => (item.id === id ? { ...item, ...change } : item)));
  }

  #publish(items: readonly UploadItem[]): void {
    this.#items = items;
    for (const listener of this.#listeners) listener();
  }
}

export const uploads = new UploadQueue();

// A closed tab loses an upload, so the browser asks first; moving within the app does not.
addEventListener('beforeunload', (event) => {
  if (uploads.busy) event.preventDefault();
});
