/** Bytes per second, smoothed: a bar whose "2 minutes left" jumps to 9 and back helps nobody. */
export class SpeedMeter {
  #speed: number | null = null;
  #sent = 0;
  #at: number | null = null;

  /** `now` in milliseconds. Samples closer than 200 ms wait for the next one. */
  sample(sent: number, now: number): void {
    if (this.#at === null) {
      this.#at = now;
      this.#sent = sent;
      return;
    }
    const seconds = (now - this.#at) / 1000;
    if (seconds < 0.2) return;
    const speed = Math.max(0, sent - this.#sent) / seconds;
    const weight = 1 - Math.exp(-seconds / 3);
    this.#speed = this.#speed === null ? speed : this.#speed + weight * (speed - this.#speed);
    this.#sent = sent;
    this.#at = now;
  }

  get speed(): number | null {
    return this.#speed;
  }

  secondsLeft(total: number): number | null {
    return this.#speed && this.#speed > 0 ? Math.max(0, total - this.#sent) / this.#speed : null;
  }
}
