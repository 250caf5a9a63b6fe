import { isAllowed } from './origins';

/**
 * The page around this frame. The browser lets nobody frame us who is not on the list; all the same nothing is heard from,
 * or said to, an origin that is not on it, nor anybody but the window right above.
 */
export class Parent {
  readonly #allowed: readonly string[];
  #origin: string | null;
  #waiting: unknown[] = [];

  constructor(allowed: readonly string[]) {
    this.#allowed = [location.origin, ...allowed];
    const above = location.ancestorOrigins?.[0] ?? (document.referrer ? new URL(document.referrer).origin : null);
    this.#origin = this.isThere && above && isAllowed(above, this.#allowed) ? above : null;
  }

  get isThere(): boolean {
    return window.parent !== window;
  }

  listen(heard: (data: unknown) => void): void {
    addEventListener('message', ({ source, origin, data }) => {
      if (!this.isThere || source !== window.parent || !isAllowed(origin, this.#allowed)) return;
      if (this.#origin !== null && origin !== this.#origin) return;
      this.#origin = origin;
      for (const message of this.#waiting.splice(0)) this.say(message);
      heard(data);
    });
  }

  /** Until it is known who is there, what is said waits for their first word. */
  say(message: unknown): void {
    if (!this.isThere) return;
    if (this.#origin === null) this.#waiting = [...this.#waiting.slice(-99), message];
    else window.parent.postMessage(message, this.#origin);
  }
}
