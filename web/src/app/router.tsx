import { useCallback, useMemo, useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from 'react';

/** A path with `:names`, matched whole. The gateway answers every one of them with index.html. */
const routes = {
  courses: '/',
  course: '/courses/:courseId',
  watch: '/courses/:courseId/chapters/:chapterId',
  admin: '/admin',
  adminCourse: '/admin/courses/:courseId',
  adminVideos: '/admin/videos',
  adminVideo: '/admin/videos/:videoId',
  adminStudents: '/admin/students',
  adminStudent: '/admin/students/:userId',
  adminAnalytics: '/admin/analytics',
  adminJobs: '/admin/jobs',
  adminStorage: '/admin/storage',
  adminWebhooks: '/admin/webhooks',
  adminHealth: '/admin/health',
  adminAccess: '/admin/access',
} as const;

export type RouteName = keyof typeof routes | 'unknown';

export interface Route {
  name: RouteName;
  params: Record<string, string>;
}

export interface NavigationState {
  /** The person asked for the film itself, so it may start without another click. */
  autoplay?: boolean;
}

export function matchRoute(path: string): Route {
  const parts = path.split('/').filter(Boolean);
  for (const [name, pattern] of Object.entries(routes)) {
    const wanted = pattern.split('/').filter(Boolean);
    if (wanted.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((piece, i) => {
      const part = decode(parts[i] ?? '');
      if (!piece.startsWith(':')) return piece === part;
      params[piece.slice(1)] = part;
      return true;
    });
    if (fits) return { name: name as RouteName, params };
  }
  return { name: 'unknown', params: {} };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const paths = {
  courses: () => '/',
  course: (courseId: string) => `/courses/${encodeURIComponent(courseId)}`,
  watch: (courseId: string, chapterId: string) => `/courses/${encodeURIComponent(courseId)}/chapters/${encodeURIComponent(chapterId)}`,
  admin: () => '/admin',
  adminCourse: (courseId: string) => `/admin/courses/${encodeURIComponent(courseId)}`,
  adminVideos: () => '/admin/videos',
  adminVideo: (videoId: string) => `/admin/videos/${encodeURIComponent(videoId)}`,
  adminAnalytics: () => '/admin/analytics',
  adminStudents: () => '/admin/students',
  adminStudent: (userId: string) => `/admin/students/${encodeURIComponent(userId)}`,
  adminJobs: () => '/admin/jobs',
  adminStorage: () => '/admin/storage',
  adminWebhooks: () => '/admin/webhooks',
  adminHealth: () => '/admin/health',
  adminAccess: () => '/admin/access',
};

const MOVED = 'lectern:moved';

function subscribe(listener: () => void): () => void {
  addEventListener('popstate', listener);
  addEventListener(MOVED, listener);
  return () => {
    removeEventListener('popstate', listener);
    removeEventListener(MOVED, listener);
  };
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

export type QueryChanges = Record<string, string | number | null | undefined>;

/** The search part of `search` with `changes` made; null, undefined and '' take a parameter away. */
export function changedQuery(search: string, changes: QueryChanges): string {
  const query = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '') query.delete(name);
    else query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `?${text}` : '';
}

/**
 * The parameters of the address, where filters, sorting and the open tab of a page live, and a way to change some.
 * With `replace` no step back is left behind, as for each letter typed into a search.
 */
export function useQuery(): [URLSearchParams, (changes: QueryChanges, how?: { replace?: boolean }) => void] {
  const search = useSyncExternalStore(subscribe, () => location.search);
  const query = useMemo(() => new URLSearchParams(search), [search]);
  const change = useCallback((changes: QueryChanges, { replace = false } = {}) => {
    const to = location.pathname + changedQuery(location.search, changes);
    if (to === location.pathname + location.search) return;
    if (replace) history.replaceState(history.state, '', to);
    else history.pushState({}, '', to);
    dispatchEvent(new Event(MOVED));
  }, []);
  return [query, change];
}

export function navigate(to: string, state: NavigationState = {}): void {
  history.pushState(state, '', to);
  dispatchEvent(new Event(MOVED));
}

export function navigationState(): NavigationState {
  return (history.state as NavigationState | null) ?? {};
}

type LinkProps = AnchorHTMLAttributes<HTMLAnchorElement> & { to: string; state?: NavigationState };

/** An ordinary link that needs no reload; with a modifier key it stays the browser's. */
export function Link({ to, state, onClick, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to, state);
  };
  return (
    <a {...rest} href={to} onClick={follow}>
      {children}
    </a>
  );
}
