/** How far the viewer may seek. Pure arithmetic; the server holds the same rule with keys. Times in seconds. */
export class SeekGuard {
  /** A click on the frontier's own pixel is not an attempt to skip. */
  static readonly TOLERANCE = 0.5;

  #restricted = false;
  #maxSeek = 0;

  get restricted(): boolean {
    return this.#restricted;
  }

  get maxSeek(): number {
    return this.#restricted ? this.#maxSeek : Infinity;
  }

  /** `serverMax` may lag behind what just ran here, so it only ever moves the line forward. */
  update(restricted: boolean, serverMax: number, duration: number): void {
    this.#maxSeek = Math.max(this.#maxSeek, serverMax);
    this.#restricted = restricted && !(duration > 0 && this.#maxSeek >= duration - SeekGuard.TOLERANCE);
  }

  /** Ordinary playback carries the line with it; it can only have come past it second by second. */
  played(position: number): void {
    if (this.#restricted && position > this.#maxSeek && position - this.#maxSeek < 2 * SeekGuard.TOLERANCE + 2) {
      this.#maxSeek = position;
    }
  }

  /** The place a seek to `target` ends at. */
  allow(target: number): number {
    return this.isBeyond(target) ? this.#maxSeek : Math.max(0, target);
  }

  isBeyond(target: number): boolean {
    return this.#restricted && target > this.#maxSeek + SeekGuard.TOLERANCE;
  }
}
