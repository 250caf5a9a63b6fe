import { pathOf } from '../../api/client';
import type * as Schema from '../../api/schema';
import type { VideoState } from '../../api/types';
import { client } from '../../app/auth';

export type Film = Omit<Schema.Film, 'status'> & { status: VideoState };

/** What of the library is shown: the names and values of the API's own parameters. */
export interface Wanted {
  q: string;
  state: string;
  courseId: string;
  sort: string;
}

export const states: VideoState[] = ['processing', 'playable', 'ready', 'failed'];
export const NEWEST = '-created';

export function readWanted(query: URLSearchParams): Wanted {
  const read = (name: string): string => query.get(name) ?? '';
  return { q: read('q'), state: read('state'), courseId: read('courseId'), sort: read('sort') || NEWEST };
}

export const libraryPath = (wanted: Wanted, after: string | null = null): string => pathOf('/api/admin/videos', { ...wanted, after });

export const films = (wanted: Wanted, after: string | null, signal?: AbortSignal): Promise<{ items: Film[]; next: string | null }> =>
  client.call(libraryPath(wanted, after), { signal });

export const isUnderWay = ({ status }: Pick<Film, 'status'>): boolean => status !== 'ready' && status !== 'failed';
