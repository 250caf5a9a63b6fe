/** What outlives the page of an upload: where it stands on the server, and, where the browser gives one, the file's handle. */
export interface Remembered {
  key: string;
  /** Whose it is, so that the next person at this machine sees nothing of it. */
  owner: string;
  chapterId: string;
  replaces: string | null;
  name: string;
  size: number;
  fingerprint: string;
  /** null: not begun yet. */
  uploadId: string | null;
  sent: number;
}

export interface UploadMemory {
  /** Whether something remembered will be there after a reload. */
  readonly works: boolean;
  all: () => Remembered[];
  keep: (upload: Remembered, handle?: FileSystemFileHandle | null) => void;
  forget: (key: string) => void;
  handle: (key: string) => Promise<FileSystemFileHandle | null>;
  /** Marks it as this page's own until the page is gone, and tells whether no other page has it. */
  claim: (key: string) => Promise<boolean>;
}

const KEY = 'lectern.uploads';

export function createMemory(): UploadMemory {
  const held = new Map<string, () => void>();
  let works = storageWorks();

  function write(uploads: Remembered[]): void {
    try {
      localStorage.setItem(KEY, JSON.stringify(uploads));
    } catch {
      works = false;
    }
  }

  function all(): Remembered[] {
    try {
      const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
      return Array.isArray(stored) ? stored.filter(isRemembered) : [];
    } catch {
      return [];
    }
  }

  return {
    get works() {
      return works;
    },
    all,
    keep(upload, handle) {
      write([...all().filter(({ key }) => key !== upload.key), upload]);
      if (handle) void handles('readwrite', (store) => store.put(handle, upload.key));
    },
    forget(key) {
      write(all().filter((upload) => upload.key !== key));
      void handles('readwrite', (store) => store.delete(key));
      held.get(key)?.();
      held.delete(key);
    },
    handle: async (key) => (await handles('readonly', (store) => store.get(key) as IDBRequest<FileSystemFileHandle | undefined>)) ?? null,
    claim(key) {
      // Locks end with their page, however it ends; without them (no TLS) each page thinks it is the only one.
      if (!('locks' in navigator) || held.has(key)) return Promise.resolve(true);
      return new Promise((resolve) => {
        const asked = navigator.locks.request(`lectern.upload ${key}`, { ifAvailable: true }, (lock) => {
          resolve(lock !== null);
          return lock ? new Promise<void>((release) => held.set(key, release)) : undefined;
        });
        // A browser that refuses locks here is as one that has none.
        asked.catch(() => resolve(true));
      });
    },
  };
}

function isRemembered(value: unknown): value is Remembered {
  const { key, chapterId, name, size, fingerprint } = (value ?? {}) as Partial<Remembered>;
  return [key, chapterId, name, fingerprint].every((part) => typeof part === 'string') && typeof size === 'number';
}

function storageWorks(): boolean {
  try {
    localStorage.setItem(`${KEY}.probe`, '1');
    localStorage.removeItem(`${KEY}.probe`);
    return true;
  } catch {
    return false;
  }
}

/** One request to the store of handles; undefined where there is no IndexedDB. A lost handle only costs a click. */
async function handles<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  try {
    const opening = indexedDB.open('lectern-uploads', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('handles');
    const database = await answer(opening);
    try {
      return await answer(ask(database.transaction('handles', mode).objectStore('handles')));
    } finally {
      database.close();
    }
  } catch {
    return undefined;
  }
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB refused.'));
  });
}

/** Whose token it is. Read, not believed: it only decides what this browser shows. */
export function ownerOf(token: string | null): string {
  try {
    const body = (token ?? '').split('.')[1] ?? '';
    const claims: unknown = JSON.parse(atob(body.replace(/-/g, '+').replace(/_/g, '/')));
    const sub = (claims as { sub?: unknown }).sub;
    return typeof sub === 'string' ? sub : '';
  } catch {
    return '';
  }
}
