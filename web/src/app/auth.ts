import { useSyncExternalStore } from 'react';
import { createClient } from '../api/client';
import type { Me } from '../api/types';

export interface Auth {
  token: string | null;
  me: Me | null;
  /** The last sign-in ran out, as opposed to being ended by its owner. */
  expired: boolean;
}

// Session storage, so that closing the tab signs out and other tabs may be somebody else.
const KEY = 'lectern.auth';
const nobody: Auth = { token: null, me: null, expired: false };
const listeners = new Set<() => void>();

function read(): Auth {
  try {
    const stored = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Partial<Auth> | null;
    return stored?.token && stored.me ? { token: stored.token, me: stored.me, expired: false } : nobody;
  } catch {
    return nobody;
  }
}

let auth = read();

function set(next: Auth): void {
  auth = next;
  try {
    if (next.token) sessionStorage.setItem(KEY, JSON.stringify({ token: next.token, me: next.me }));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without storage the sign-in lasts until the page is left.
  }
  for (const listener of listeners) listener();
}

export function useAuth(): Auth {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => auth,
  );
}

export function signIn(token: string, me: Me): void {
  set({ token, me, expired: false });
}

export function signOut(): void {
  set(nobody);
}

export const getAuthToken = (): string | null => auth.token;

/** A 401 leads back to sign-in, whoever got it; the page it happened on is still in the address bar. */
export const onUnauthorized = (): void => {
  if (auth.token) set({ token: null, me: null, expired: true });
};

export const client = createClient({ getAuthToken, onUnauthorized });

export function isStaff(me: Me | null): boolean {
  return me?.role === 'admin' || me?.role === 'instructor';
}
