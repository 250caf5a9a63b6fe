import { asApiError, type ApiError } from '../api/errors';
import type { Beat, BeatState, PlayedInterval, ProgressDocument } from '../api/types';

export const BEAT_EVERY_MS = 10_000;
/** A clock tick may be late by this much before it counts as a jump that nobody watched. */
const SLACK_SECONDS = 0.75;

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;

/** Collects which stretches of the film really ran, from the ticks of a playing element. Times in seconds. */
export class PlayedRecorder {
  #done: PlayedInterval[] = [];
  #open: PlayedInterval | null = null;
  #tickedAt = 0;

  /** `now` is a monotonic clock in milliseconds. A tick further on than the clock allows opens a new stretch. */
  tick(position: number, rate: number, now: number): void {
    const open = this.#open;
    if (open) {
      const moved = position - open.to;
      const possible = ((now - this.#tickedAt) / 1000) * Math.max(rate, open.rate) * 1.25 + SLACK_SECONDS;
      // What ran up to a change of speed still belongs to the old stretch; the new one begins without a gap.
      if (moved >= 0 && moved <= possible) open.to = position;
      this.#tickedAt = now;
      if (open.to === position && open.rate === rate) return;
      this.break();
    }
    this.#open = { from: position, to: position, rate };
    this.#tickedAt = now;
  }

  /** The next tick starts a new stretch: called at a seek, a pause, an end. */
  break(): void {
    if (this.#open && this.#open.to > this.#open.from) this.#done.push(this.#open);
    this.#open = null;
  }

  /** Hands out what was played and goes on recording from the same point. */
  take(): PlayedInterval[] {
    const open = this.#open;
    const at = this.#tickedAt;
    this.break();
    if (open) {
      this.#open = { from: open.to, to: open.to, rate: open.rate };
      this.#tickedAt = at;
    }
    const taken = this.#done.map(({ from, to, rate }) => ({ from: round(from), to: round(to), rate }));
    this.#done = [];
    return taken.filter(({ from, to }) => to > from);
  }

  putBack(intervals: readonly PlayedInterval[]): void {
    this.#done.unshift(...intervals);
  }
}

/** A beat, and when it was cut (milliseconds of this device's clock): it may have to wait for a network. */
interface Cut {
  at: number;
  beat: Beat;
}

function written({ at, beat }: Cut): string {
  return JSON.stringify({ ...beat, age: Math.max(0, Math.round((Date.now() - at) / 1000)) });
}

export interface BeatSenderOptions {
  recorder: PlayedRecorder;
  position: () => number;
  playing: () => boolean;
  post: (url: string, body: string) => Promise<ProgressDocument>;
  beacon: (url: string, body: string) => boolean;
  onProgress: (progress: ProgressDocument) => void;
  /** The session would not take the beat; what it held is kept, and goes out after `bind` or the next flush. */
  onRefused: (error: ApiError) => void;
  onReachable?: (reachable: boolean) => void;
}

/**
 * Sends what the recorder holds, one beat at a time and in order. A beat that got no answer is sent again unchanged,
 * with the same `seq`, so that the server can tell a repetition; what is played meanwhile waits in the recorder.
 */
export class BeatSender {
  readonly #options: BeatSenderOptions;
  #url: string | null = null;
  #seq = 0;
  #unanswered: Cut | null = null;
  #sending: Promise<void> | null = null;
  #lastPosition = -1;
  #lastState: BeatState | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: BeatSenderOptions) {
    this.#options = options;
  }

  /** A new session counts from one again, what was used before from `firstSeq`; what the old one never answered is
   *  played time all the same. */
  bind(beatUrl: string, firstSeq = 0): void {
    if (this.#unanswered) this.#options.recorder.putBack(this.#unanswered.beat.intervals);
    this.#unanswered = null;
    this.#url = beatUrl;
    this.#seq = firstSeq;
  }

  start(): void {
    this.stop();
    this.#timer = setInterval(() => void this.flush(), BEAT_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Resolves when nothing is under way any more, whether the beat arrived or not. */
  async flush(): Promise<void> {
    // A beat under way was cut earlier: wait for it, then send what has been played since.
    if (this.#sending) await this.#sending;
    const url = this.#url;
    const beat = url ? this.#next() : null;
    if (!url || !beat) return;
    this.#sending ??= this.#send(url, beat).finally(() => (this.#sending = null));
    await this.#sending;
  }

  /** For a page that may be gone in a moment: no answer is awaited. `ended`: the viewer does not come back to it. */
  leave(ended: boolean): void {
    const url = this.#url;
    // Without a network a beacon is taken and dropped; what is kept goes out when the page is back.
    if (!url || !navigator.onLine) return;
    const repeated = this.#unanswered;
    if (repeated) this.#options.beacon(url, written(repeated));
    const fresh = this.#cut(ended ? 'ended' : this.#state());
    if (fresh && !this.#options.beacon(url, written(fresh))) this.#options.recorder.putBack(fresh.beat.intervals);
  }

  #state(): BeatState {
    return this.#options.playing() ? 'playing' : 'paused';
  }

  #next(): Cut | null {
    this.#unanswered ??= this.#cut(this.#state());
    return this.#unanswered;
  }

  #cut(state: BeatState): Cut | null {
    const intervals = this.#options.recorder.take();
    const position = round(this.#options.position());
    if (intervals.length === 0 && position === this.#lastPosition && state === this.#lastState) return null;
    this.#lastPosition = position;
    this.#lastState = state;
    this.#seq += 1;
    return { at: Date.now(), beat: { seq: this.#seq, sentAt: new Date().toISOString(), intervals, position, state } };
  }

  async #send(url: string, cut: Cut): Promise<void> {
    try {
      const progress = await this.#options.post(url, written(cut));
      if (this.#unanswered === cut) this.#unanswered = null;
      this.#options.onReachable?.(true);
      this.#options.onProgress(progress);
    } catch (caught) {
      const error = asApiError(caught);
      if (error.isTransient) {
        this.#options.onReachable?.(error.status !== 0);
        return;
      }
      // A beat the server calls malformed would be refused for ever and hold back all that follow.
      if (error.status === 400 || error.status === 422) this.#unanswered = null;
      this.#options.onRefused(error);
    }
  }
}
