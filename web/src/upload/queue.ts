import { ABORTED, asApiError, type ApiError } from '../api/errors';
import type { Client } from '../api/client';
import { isActive, isAllowed, isWorthAnotherTry, keyOf, type Picked, type UploadItem } from './item';
import { createMemory, ownerOf, type Remembered, type UploadMemory } from './memory';
import { endUpload, maxBytes, sendFile, standing } from './send';
import { SpeedMeter } from './speed';
import { examine } from './validate';

export type { Picked, UploadItem, UploadState } from './item';

interface Parts {
  send: typeof sendFile;
  examine: typeof examine;
  standing: typeof standing;
  end: typeof endUpload;
  limit: typeof maxBytes;
  memory: UploadMemory;
  isOnline: () => boolean;
}

const AT_ONCE = 2;
const LONGEST_WAIT_SECONDS = 30;
/** Without a single byte in between; some three minutes. */
const RETRIES = 8;
const still = { speed: null, secondsLeft: null, retryAt: null } as const;

/**
 * All uploads of the page, whichever component asked for them: they go on while another page of the app is open, and
 * what is not done when it closes is remembered. Snapshots are immutable, as useSyncExternalStore wants them.
 */
export class UploadQueue {
  #items: readonly UploadItem[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #arrivals = new Set<(item: UploadItem) => void>();
  readonly #clients = new Map<number, Client>();
  readonly #owners = new Map<number, string>();
  readonly #running = new Map<number, AbortController>();
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();
  readonly #parts: Parts;
  #nextId = 1;

  constructor(parts: Partial<Parts> = {}) {
    const usual = { send: sendFile, examine, standing, end: endUpload, limit: maxBytes, isOnline: () => navigator.onLine };
    this.#parts = { ...usual, ...parts, memory: parts.memory ?? createMemory() };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): readonly UploadItem[] => this.#items;

  /** Calls for each film that has arrived and is being processed. */
  readonly onArrival = (listener: (item: UploadItem) => void): (() => void) => {
    this.#arrivals.add(listener);
    return () => this.#arrivals.delete(listener);
  };

  /** Whether closing the page would lose what cannot be gone on with later. */
  get wouldLose(): boolean {
    return !this.#parts.memory.works && this.#items.some(isActive);
  }

  /** Each file is examined first; one that an interrupted upload of the chapter waits for goes on from where that stood. */
  async add(client: Client, chapterId: string, picks: Iterable<File | Picked>, replaces: string | null = null): Promise<void> {
    const added = [...picks].map((pick) => {
      const { file, handle = null } = pick instanceof File ? { file: pick } : pick;
      return this.#create(client, { chapterId, file, handle, replaces, name: file.name, size: file.size, state: 'checking' });
    });
    await Promise.all(added.map((id) => this.#check(id)));
    this.#pump();
  }

  /** The file of an interrupted upload, chosen again. */
  async choose(id: number, { file, handle = null }: Picked): Promise<void> {
    const { fingerprint } = await this.#parts.examine(file, Infinity).catch(() => ({ fingerprint: null }));
    const item = this.#find(id);
    if (item?.state !== 'interrupted') return;
    if (fingerprint !== item.fingerprint) return this.#change(id, { mistaken: file.name });
    this.#change(id, { file, handle: handle ?? item.handle, state: 'queued', mistaken: null, error: null, attempt: 0 });
    this.#remember(id);
    this.#pump();
  }

  /** The file of an interrupted upload, by the handle that was kept. To be called by a click: the browser asks the person. */
  async reopen(id: number): Promise<void> {
    const handle = this.#find(id)?.handle;
    if (!handle || !(await isAllowed(handle, true))) return;
    const file = await handle.getFile().catch(() => null);
    if (file) await this.choose(id, { file, handle });
    else this.#change(id, { handle: null });
  }

  pause(id: number): void {
    const item = this.#find(id);
    if (!item || item.state === 'checking' || !isActive(item)) return;
    this.#stop(id);
    this.#change(id, { state: 'paused', ...still });
    this.#pump();
  }

  resume(id: number): void {
    const state = this.#find(id)?.state;
    if (state !== 'paused' && state !== 'waiting') return;
    clearTimeout(this.#timers.get(id));
    this.#change(id, { state: 'queued', ...still, error: null, attempt: 0 });
    this.#pump();
  }

  /** Gives it up, here and on the server. */
  cancel(id: number): void {
    const item = this.#find(id);
    if (!item || ['accepted', 'refused', 'cancelled'].includes(item.state)) return;
    this.#stop(id);
    this.#letGo(item);
    this.#change(id, { state: 'cancelled', ...still, sent: 0, uploadId: null });
    this.#pump();
  }

  /** Goes on after a failure from what has arrived; `replaces` turns it into a replacement of that film, from the start. */
  retry(id: number, replaces?: string): void {
    if (!this.#find(id)?.file) return;
    const anew = replaces ? { replaces, uploadId: null, sent: 0, confirmed: 0 } : {};
    this.#change(id, { state: 'queued', error: null, attempt: 0, ...still, ...anew });
    this.#remember(id);
    this.#pump();
  }

  remove(id: number): void {
    const item = this.#find(id);
    if (!item) return;
    this.#stop(id);
    if (item.state !== 'accepted') this.#letGo(item);
    this.#clients.delete(id);
    this.#publish(this.#items.filter((one) => one.id !== id));
    this.#pump();
  }

  /** Brings back what pages before this one did not finish, if it is of the person who is signed in. */
  async restore(client: Client): Promise<void> {
    const owner = ownerOf(await client.getAuthToken());
    for (const { id } of this.#items) if ((this.#owners.get(id) ?? owner) !== owner) this.#hide(id);
    for (const one of this.#parts.memory.all()) {
      if (one.owner === owner) await this.#restoreOne(client, one);
    }
  }

  async #restoreOne(client: Client, kept: Remembered): Promise<void> {
    const { memory } = this.#parts;
    const isKnown = (): boolean => this.#items.some((item) => keyOf(item) === kept.key && item.state !== 'cancelled');
    if (isKnown() || !(await memory.claim(kept.key)) || isKnown()) return;
    const { chapterId, replaces, name, size, fingerprint, uploadId, sent } = kept;
    const id = this.#create(client, { chapterId, replaces, name, size, fingerprint, uploadId, sent, state: 'interrupted' });
    this.#owners.set(id, kept.owner);
    const handle = await memory.handle(kept.key);
    if (handle) this.#change(id, { handle });
    const there = uploadId ? await this.#parts.standing(client, uploadId).catch(() => null) : null;
    if (there === 'gone') this.#change(id, { uploadId: null, sent: 0 });
    else if (there?.videoId) return this.#arrived(id, there.videoId);
    else if (there) this.#change(id, { sent: there.sent });
    if (handle && (await isAllowed(handle, false))) await this.reopen(id);
  }

  /** To be called when the browser says that its network went or came. */
  networkChanged(): void {
    for (const { id, state } of this.#items) {
      if (!this.#parts.isOnline() && state === 'sending') {
        this.#stop(id);
        this.#change(id, { state: 'waiting', ...still });
      }
      if (this.#parts.isOnline() && state === 'waiting') this.resume(id);
    }
  }

  #create(client: Client, about: Partial<UploadItem> & Pick<UploadItem, 'chapterId' | 'name' | 'size' | 'state'>): number {
    const id = this.#nextId++;
    const empty = { file: null, handle: null, fingerprint: null, replaces: null, sent: 0, confirmed: 0, refusal: null, limit: null, error: null };
    const item = { ...empty, ...still, attempt: 0, mistaken: null, uploadId: null, videoId: null, ...about, id };
    this.#clients.set(id, client);
    this.#publish([...this.#items, item]);
    return id;
  }

  async #check(id: number): Promise<void> {
    const client = this.#clients.get(id);
    const file = this.#find(id)?.file;
    if (!client || !file) return;
    const limit = await this.#parts.limit(client);
    // A file that can not be read (moved, or on a stick that was pulled) is as good as empty.
    const { refusal, fingerprint } = await this.#parts.examine(file, limit).catch(() => ({ refusal: 'empty', fingerprint: null }) as const);
    const item = this.#find(id);
    if (item?.state !== 'checking') return;
    if (refusal) return this.#change(id, { state: 'refused', refusal, limit });
    const owner = ownerOf(await client.getAuthToken());
    this.#owners.set(id, owner);
    const waiting = this.#items.find((one) => one.state === 'interrupted' && one.chapterId === item.chapterId && one.fingerprint === fingerprint);
    if (waiting) {
      this.#publish(this.#items.filter((one) => one.id !== id));
      return this.choose(waiting.id, { file, handle: item.handle });
    }
    this.#change(id, { state: 'queued', fingerprint, limit });
    this.#remember(id);
  }

  #pump(): void {
    for (const item of this.#items) {
      if (this.#running.size >= AT_ONCE) return;
      // Two films for one chapter go one after the other: the first decides what the second is answered.
      const taken = this.#items.some((other) => other.chapterId === item.chapterId && this.#running.has(other.id));
      if (item.state === 'queued' && !taken) void this.#run(item);
    }
  }

  async #run({ id, file, chapterId, replaces, uploadId }: UploadItem): Promise<void> {
    const client = this.#clients.get(id);
    if (!client || !file) return;
    const running = new AbortController();
    const { signal } = running;
    const meter = new SpeedMeter();
    this.#running.set(id, running);
    this.#change(id, { state: 'sending', retryAt: null });
    const onProgress = (sent: number): void => {
      if (signal.aborted) return;
      meter.sample(sent, performance.now());
      this.#change(id, { sent, speed: meter.speed, secondsLeft: meter.secondsLeft(file.size) });
    };
    const onStanding = (confirmed: number): void => {
      if (signal.aborted) return;
      const gotThrough = confirmed > (this.#find(id)?.confirmed ?? 0);
      this.#change(id, { sent: confirmed, ...(gotThrough ? { confirmed, attempt: 0, error: null } : {}) });
      onProgress(confirmed);
    };
    const onBegun = (begun: string): void => {
      this.#change(id, { uploadId: begun });
      this.#remember(id);
    };
    try {
      const { videoId } = await this.#parts.send({ client, owner: this.#owners.get(id) ?? '', file, chapterId, replaces, uploadId, onBegun, onStanding, onProgress, signal });
      if (!signal.aborted) this.#arrived(id, videoId);
    } catch (caught) {
      const item = this.#find(id);
      if (!signal.aborted && item) this.#failed(item, asApiError(caught));
    } finally {
      if (this.#running.get(id) === running) this.#running.delete(id);
      this.#pump();
    }
  }

  #arrived(id: number, videoId: string): void {
    const item = this.#find(id);
    if (!item) return;
    this.#parts.memory.forget(keyOf(item));
    this.#change(id, { state: 'accepted', sent: item.size, videoId, error: null, ...still });
    const arrived = this.#find(id);
    if (arrived) for (const listener of this.#arrivals) listener(arrived);
  }

  #failed(item: UploadItem, error: ApiError): void {
    const { id, attempt, uploadId } = item;
    if (error.code === ABORTED) return;
    const lost = uploadId !== null && (error.status === 404 || error.status === 410);
    const worth = isWorthAnotherTry(error, lost);
    // What was refused for good has nothing to go on with; a sign-in that ran out has.
    const anew = lost || (!worth && error.status !== 401);
    const change = { error, ...still, ...(anew ? { uploadId: null, sent: 0, confirmed: 0 } : {}) };
    if (anew && !lost) this.#parts.memory.forget(keyOf(item));
    if (worth && !this.#parts.isOnline()) return this.#change(id, { state: 'waiting', ...change });
    if (!worth || attempt >= RETRIES) return this.#change(id, { state: 'failed', ...change });
    const seconds = Math.max(Math.min(2 ** attempt, LONGEST_WAIT_SECONDS), error.retryAfter ?? 0);
    this.#change(id, { state: 'waiting', ...change, attempt: attempt + 1, retryAt: Date.now() + seconds * 1_000 });
    const again = (): void => {
      if (this.#find(id)?.state !== 'waiting') return;
      this.#change(id, { state: 'queued', retryAt: null });
      this.#pump();
    };
    this.#timers.set(id, setTimeout(again, seconds * 1_000));
  }

  #stop(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#running.get(id)?.abort();
    this.#running.delete(id);
  }

  #letGo(item: UploadItem): void {
    if (item.fingerprint) this.#parts.memory.forget(keyOf(item));
    const client = this.#clients.get(item.id);
    if (client && item.uploadId) void this.#parts.end(client, item.uploadId);
  }

  /** Another person sits here now: it stays remembered for its own. */
  #hide(id: number): void {
    this.#stop(id);
    this.#publish(this.#items.filter((one) => one.id !== id));
  }

  #remember(id: number): void {
    const item = this.#find(id);
    if (!item?.fingerprint) return;
    const { chapterId, replaces, name, size, fingerprint, uploadId, sent } = item;
    const key = keyOf(item);
    const upload = { key, owner: this.#owners.get(id) ?? '', chapterId, replaces, name, size, fingerprint, uploadId, sent };
    this.#parts.memory.keep(upload, item.handle);
    void this.#parts.memory.claim(key);
  }

  #find(id: number): UploadItem | undefined {
    return this.#items.find((item) => item.id === id);
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

addEventListener('online', () => uploads.networkChanged());
addEventListener('offline', () => uploads.networkChanged());
// Asked only where closing the tab loses something; elsewhere it is gone on with the next time.
addEventListener('beforeunload', (event) => {
  if (uploads.wouldLose) event.preventDefault();
});
