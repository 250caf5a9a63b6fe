/** A standstill in the middle of playback. `at` is where in the film, `time` when it began (ms of this device's clock). */
export interface Stall {
  at: number;
  time: number;
  seconds: number;
}

interface Standstill {
  at: number;
  time: number;
  since: number;
  counts: boolean;
}

/** Shorter is the handing over of one buffer to the next, which nobody sees. */
const SEEN_MS = 100;
/** VHS nudges a film that stands by seeks of a few tenths to where it stands; the viewer goes further. */
const NUDGE_SECONDS = 0.5;

/**
 * Tells rebuffering from the waiting that belongs to a start, to a seek (also those our seek guard makes) or to a key that
 * is not open yet: only film that ran, and stands although nobody asked it to, has stalled.
 */
export class StallWatch {
  readonly #tell: (stall: Stall) => void;
  #standing: Standstill | null = null;
  /** Between a start or a seek and the first picture that runs after it. */
  #settling = true;
  #settlingAt = 0;
  #keyClosed = false;

  constructor(tell: (stall: Stall) => void) {
    this.#tell = tell;
  }

  /** Another film, or the same one loaded anew. */
  restart(position: number): void {
    this.#standing = null;
    this.#keyClosed = false;
    this.#settle(position);
  }

  waiting(position: number): void {
    if (this.#settling || this.#standing) return;
    this.#standing = { at: position, time: Date.now(), since: performance.now(), counts: !this.#keyClosed };
  }

  playing(): void {
    this.finish();
    this.#settling = false;
  }

  /** For browsers that say nothing of `playing` after a seek within what is buffered. */
  ticked(position: number): void {
    if (this.#settling && position > this.#settlingAt + NUDGE_SECONDS) this.#settling = false;
  }

  seeking(position: number): void {
    if (this.#standing && Math.abs(position - this.#standing.at) < NUDGE_SECONDS) return;
    this.finish();
    this.#settle(position);
  }

  /** The server keeps the next key until what was watched has been told: a wait by the rules, not by the network. */
  keyRefused(): void {
    this.#keyClosed = true;
    if (this.#standing) this.#standing.counts = false;
  }

  segmentLoaded(): void {
    this.#keyClosed = false;
  }

  /** A wait right before the end is the end. */
  ended(position: number): void {
    this.#standing = null;
    this.#settle(position);
  }

  /** Also for a viewer who pauses or leaves while the film stands: the wait was real up to there. */
  finish(): void {
    const standing = this.#standing;
    this.#standing = null;
    if (!standing?.counts) return;
    const lasted = performance.now() - standing.since;
    if (lasted >= SEEN_MS) this.#tell({ at: standing.at, time: standing.time, seconds: lasted / 1000 });
  }

  #settle(position: number): void {
    this.#settling = true;
    this.#settlingAt = position;
  }
}
