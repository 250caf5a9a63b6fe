import type { ApiError } from '../api/errors';
import type { Refusal } from './validate';

/**
 * checking -> queued -> sending -> accepted. `waiting` is between automatic retries, `paused` by a person; `interrupted`
 * was begun by a page that is gone and needs its file again; the rest are ends a person may act on.
 */
export type UploadState =
  | 'checking'
  | 'queued'
  | 'sending'
  | 'waiting'
  | 'paused'
  | 'interrupted'
  | 'accepted'
  | 'failed'
  | 'cancelled'
  | 'refused';

/** A file, with the browser's handle on it where it gave one. */
export interface Picked {
  file: File;
  handle?: FileSystemFileHandle | null;
}

export interface UploadItem {
  readonly id: number;
  readonly chapterId: string;
  readonly name: string;
  readonly size: number;
  /** Missing while it is interrupted. */
  readonly file: File | null;
  /** The browser can give the file back once the person allows it. */
  readonly handle: FileSystemFileHandle | null;
  readonly fingerprint: string | null;
  readonly replaces: string | null;
  readonly state: UploadState;
  readonly sent: number;
  /** Bytes per second. */
  readonly speed: number | null;
  readonly secondsLeft: number | null;
  readonly refusal: Refusal | null;
  /** Bytes this server takes at most, once it was asked. */
  readonly limit: number | null;
  readonly error: ApiError | null;
  /** Bytes that the server said it has. */
  readonly confirmed: number;
  /** Retries since something got through last. */
  readonly attempt: number;
  /** While waiting: when it goes on by itself, by Date.now(); null: as soon as there is a network. */
  readonly retryAt: number | null;
  /** Another file was chosen in the place of an interrupted one. */
  readonly mistaken: string | null;
  readonly uploadId: string | null;
  readonly videoId: string | null;
}

const active = new Set<UploadState>(['checking', 'queued', 'sending', 'waiting']);

/** Goes on by itself, sooner or later. */
export const isActive = ({ state }: UploadItem): boolean => active.has(state);

export function keyOf({ chapterId, fingerprint }: Pick<UploadItem, 'chapterId' | 'fingerprint'>): string {
  return `${chapterId} ${fingerprint ?? ''}`;
}

/** Nothing was wrong with what was sent: the same, or the rest of it, may get through. */
export function isWorthAnotherTry(error: ApiError, lost: boolean): boolean {
  if (error.code === 'storage_full') return false;
  return lost || error.isTransient || ['offset_conflict', 'upload_interrupted', 'request_interrupted'].includes(error.code);
}

type Permission = { mode: 'read' };
type Permitted = FileSystemFileHandle & {
  queryPermission?: (descriptor: Permission) => Promise<PermissionState>;
  requestPermission?: (descriptor: Permission) => Promise<PermissionState>;
};

/** Whether the file of a kept handle may be read; `ask` puts the question to the person. */
export async function isAllowed(handle: Permitted, ask: boolean): Promise<boolean> {
  try {
    if ((await handle.queryPermission?.({ mode: 'read' })) === 'granted') return true;
    return ask && (await handle.requestPermission?.({ mode: 'read' })) === 'granted';
  } catch {
    return false;
  }
}
