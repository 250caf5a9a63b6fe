import { asApiError } from '../api/errors';
import type { TelemetryBatch, TelemetryEvent } from '../api/types';

export const TELL_EVERY_MS = 30_000;
export const BATCH_EVENTS = 500;
/**
 * Browsers let 64 KiB of `keepalive` bodies be under way at once, those of beats among them: so that one batch on its way
 * and the last one of a closing page both fit.
 */
export const BATCH_BYTES = 28_000;
const LEAVING_BYTES = 58_000;
/** Of a viewer who is offline for hours the newest are kept. */
export const MOST_KEPT = 1_000;

interface Parcel {
  batch: TelemetryBatch;
  bytes: number;
  underWay: boolean;
}

interface Session {
  id: string;
  nextSeq: number;
}

const encoder = new TextEncoder();
const bytesOf = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;

/**
 * Sends events in numbered batches. A batch without an answer is kept and sent again as it was, under its number, so that
 * it counts once; one that is refused is dropped. Nothing is ever thrown, shown or waited for by the player.
 */
export class TelemetrySender {
  readonly #post: (batch: TelemetryBatch) => Promise<unknown>;
  #session: Session | null = null;
  #pending: TelemetryEvent[] = [];
  /** What was numbered and has no answer, of earlier sessions too. */
  #parcels: Parcel[] = [];
  #flushing: Promise<void> | null = null;
  #notBefore = 0;

  constructor(post: (batch: TelemetryBatch) => Promise<unknown>) {
    this.#post = post;
  }

  /** What was told so far belongs to the session before. */
  bind(sessionId: string, firstSeq = 0): void {
    this.#seal();
    this.#session = { id: sessionId, nextSeq: firstSeq };
  }

  add(event: TelemetryEvent): void {
    if (!this.#session) return;
    this.#pending.push(event);
    if (this.#pending.length > MOST_KEPT) this.#pending.shift();
  }

  /** Resolves when nothing more can be sent for now. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flushOnce().finally(() => (this.#flushing = null));
    return this.#flushing;
  }

  /** For a page that may be gone in a moment: all at once, as much as the browser lets go with it. */
  leave(): void {
    this.#seal();
    let left = LEAVING_BYTES;
    for (const { underWay, bytes } of this.#parcels) if (underWay) left -= bytes;
    for (const parcel of this.#parcels.filter(({ underWay }) => !underWay)) {
      left -= parcel.bytes;
      if (left < 0) return;
      void this.#send(parcel);
    }
  }

  async #flushOnce(): Promise<void> {
    if (!(await this.#sendKept())) return;
    this.#seal();
    await this.#sendKept();
  }

  /** In order, one at a time; false where one got no answer. */
  async #sendKept(): Promise<boolean> {
    for (const parcel of this.#parcels.slice()) {
      if (Date.now() < this.#notBefore) return false;
      // It may have been sent by `leave`, or given up, while another was under way.
      if (!parcel.underWay && this.#parcels.includes(parcel) && !(await this.#send(parcel))) return false;
    }
    return true;
  }

  async #send(parcel: Parcel): Promise<boolean> {
    parcel.underWay = true;
    try {
      await this.#post(parcel.batch);
    } catch (caught) {
      const error = asApiError(caught);
      // A 401 is about the platform's token, which the page may have renewed by the next time.
      if (error.isTransient || error.status === 401) {
        parcel.underWay = false;
        this.#notBefore = Date.now() + (error.retryAfter ?? 0) * 1000;
        return false;
      }
    }
    this.#parcels = this.#parcels.filter((other) => other !== parcel);
    return true;
  }

  /** Numbers all that is pending. */
  #seal(): void {
    const session = this.#session;
    if (!session) return;
    let events: TelemetryEvent[] = [];
    const bare = bytesOf({ sessionId: session.id, seq: Number.MAX_SAFE_INTEGER, events: [] });
    let bytes = bare;
    const close = (): void => {
      if (events.length === 0) return;
      this.#parcels.push({ batch: { sessionId: session.id, seq: session.nextSeq, events }, bytes, underWay: false });
      session.nextSeq += 1;
      events = [];
      bytes = bare;
    };
    for (const event of this.#pending) {
      const more = bytesOf(event) + 1;
      if (events.length === BATCH_EVENTS || bytes + more > BATCH_BYTES) close();
      events.push(event);
      bytes += more;
    }
    close();
    this.#pending = [];
    this.#dropOldest();
  }

  #dropOldest(): void {
    let kept = this.#parcels.reduce((sum, { batch }) => sum + batch.events.length, 0);
    while (kept > MOST_KEPT) kept -= this.#parcels.shift()?.batch.events.length ?? kept;
  }
}
