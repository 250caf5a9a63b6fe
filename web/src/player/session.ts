import { ApiError, asApiError, networkError, toError } from '../api/errors';
import type { Client } from '../api/client';
import type { PlaybackSession, ProgressDocument } from '../api/types';

/** Renew this long before the end, so that a slow network or a short sleep does not lose the session. */
const RENEW_AHEAD_MS = 10 * 60_000;
const LONGEST_TIMER_MS = 60 * 60_000;

/** A token is used up or bound elsewhere: worth one fresh one. */
const stale = new Set(['token_spent', 'token_expired', 'token_invalid', 'ip_changed']);

/** One viewer's right to one film: token, spend, renewal. Positions and pictures are none of its business. */
export class SessionKeeper {
  readonly #client: Client;
  readonly #videoId: string;
  readonly #onLost: (error: ApiError) => void;
  #session: PlaybackSession | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #renewing: Promise<boolean> | null = null;

  constructor(client: Client, videoId: string, onLost: (error: ApiError) => void) {
    this.#client = client;
    this.#videoId = videoId;
    this.#onLost = onLost;
  }

  get current(): PlaybackSession | null {
    return this.#session;
  }

  async open(): Promise<PlaybackSession> {
    this.close();
    const session = await this.#spendFresh().catch((error: unknown) => {
      if (error instanceof ApiError && stale.has(error.code)) return this.#spendFresh();
      throw error;
    });
    this.#session = session;
    this.#schedule();
    return session;
  }

  async #spendFresh(): Promise<PlaybackSession> {
    const { streamUrl } = await this.#client.accessToken(this.#videoId);
    return this.#client.spend(streamUrl);
  }

  /** True when the session lives on. Many callers at once make one request. */
  renew(): Promise<boolean> {
    this.#renewing ??= this.#renewOnce().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #renewOnce(): Promise<boolean> {
    const session = this.#session;
    if (!session) return false;
    try {
      const answer = await this.#client.renew(session.renewUrl);
      session.expiresAt = answer?.expiresAt ?? new Date(Date.now() + 2 * 3_600_000).toISOString();
      this.#schedule();
      return true;
    } catch (caught) {
      const error = asApiError(caught);
      if (error.isTransient) {
        this.#schedule(30_000);
        return false;
      }
      this.#onLost(error);
      return false;
    }
  }

  /** A laptop that slept through its timers finds out here. */
  async checkAfterSleep(): Promise<void> {
    if (this.#session && this.#msLeft() < RENEW_AHEAD_MS) await this.renew();
  }

  async post(url: string, body: string): Promise<ProgressDocument> {
    const response = await fetch(this.#client.url(url), {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain;charset=UTF-8', Accept: 'application/json' },
      body,
      keepalive: true,
    }).catch((cause: unknown) => {
      throw networkError(cause);
    });
    if (!response.ok) throw await toError(response);
    return (await response.json()) as ProgressDocument;
  }

  beacon(url: string, body: string): boolean {
    return navigator.sendBeacon(this.#client.url(url), new Blob([body], { type: 'text/plain;charset=UTF-8' }));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#session = null;
  }

  #msLeft(): number {
    return this.#session ? Date.parse(this.#session.expiresAt) - Date.now() : 0;
  }

  #schedule(wait?: number): void {
    clearTimeout(this.#timer);
    const left = this.#msLeft();
    // A session shorter than the margin is renewed halfway, instead of at once and again and again.
    const due = wait ?? (left > 2 * RENEW_AHEAD_MS ? left - RENEW_AHEAD_MS : left / 2);
    this.#timer = setTimeout(() => void this.renew(), Math.min(Math.max(due, 5_000), LONGEST_TIMER_MS));
  }
}
