import { playerLanguage, playerTranslator } from '../i18n/player';
import type { PlayerEvents } from '../player/events';
import { Remote } from '../player/remote';
import type { PlayerOptions } from '../player/types';
import { adoptStyles } from './styles';
import type { FilmOptions, GetAuthToken } from './types';

/** What the element fires, each with its `detail`; all of it bubbles. */
export type LecternPlayerEvents = PlayerEvents & { next: { chapterId: string }; unauthorized: null };

/** These make another film of it; all others are handed on while it plays. */
const ofTheFilm = ['video-id', 'chapter-id', 'api-url'];
const shown = ['lang', 'title', 'poster', 'next', 'next-title'];
const settable = ['filmOptions', 'getAuthToken', 'currentTime', 'volume', 'muted', 'playbackRate'] as const;

/** On a server there are no elements; there the class is never made. */
const Base = globalThis.HTMLElement ?? (Object as unknown as typeof HTMLElement);

/**
 * `<lectern-player video-id chapter-id api-url>`: the player as an element of any page.
 *
 * It stands in the page itself and not in a shadow tree: full screen, keys and focus ask the document, and see into no
 * shadow. It may be moved in the document while it plays. It begins when `getAuthToken` was given to it.
 */
export class LecternPlayer extends Base {
  static readonly observedAttributes = [...ofTheFilm, ...shown];

  #remote: Remote | null = null;
  #getAuthToken: GetAuthToken | null = null;
  #filmOptions: FilmOptions = {};
  #wish: { at?: number; play?: boolean; volume?: number; muted?: boolean; rate?: number } = {};

  /** The platform's JWT, or a promise of it; asked for on each call. */
  get getAuthToken(): GetAuthToken | null {
    return this.#getAuthToken;
  }

  set getAuthToken(value: GetAuthToken | null) {
    this.#getAuthToken = value;
    this.#mount();
  }

  /** Markers, who watches, whether the file is offered; all of it may change while the film plays. */
  get filmOptions(): FilmOptions {
    return this.#filmOptions;
  }

  set filmOptions(value: FilmOptions) {
    this.#filmOptions = value;
    this.#remote?.update(value);
  }

  /** Seconds. */
  get currentTime(): number {
    return this.#remote?.state.currentTime ?? this.#wish.at ?? 0;
  }

  set currentTime(seconds: number) {
    this.seek(seconds);
  }

  /** Seconds; 0 until it is known. */
  get duration(): number {
    return this.#remote?.state.duration ?? 0;
  }

  get paused(): boolean {
    return this.#remote?.state.paused ?? true;
  }

  get ended(): boolean {
    return this.#remote?.state.ended ?? false;
  }

  /** 0 to 1. */
  get volume(): number {
    return this.#remote?.state.volume ?? this.#wish.volume ?? 1;
  }

  set volume(value: number) {
    if (this.#remote) this.#remote.setVolume(value, undefined);
    else this.#wish.volume = value;
  }

  get muted(): boolean {
    return this.#remote?.state.muted ?? this.#wish.muted ?? false;
  }

  set muted(value: boolean) {
    if (this.#remote) this.#remote.setVolume(undefined, value);
    else this.#wish.muted = value;
  }

  get playbackRate(): number {
    return this.#remote?.state.rate ?? this.#wish.rate ?? 1;
  }

  set playbackRate(value: number) {
    if (this.#remote) this.#remote.setRate(value);
    else this.#wish.rate = value;
  }

  /** Resolves when it plays, or when it can not: then there was an `error`. */
  async play(): Promise<void> {
    if (this.#remote) await this.#remote.play();
    else this.#wish.play = true;
  }

  pause(): void {
    this.#wish.play = false;
    this.#remote?.pause();
  }

  /** Beyond what may be watched yet, the film stays at that line. */
  seek(seconds: number): void {
    if (this.#remote) this.#remote.seek(seconds);
    else this.#wish.at = seconds;
  }

  connectedCallback(): void {
    // What was set on the element before it was known as one.
    for (const name of settable) {
      if (!Object.hasOwn(this, name)) continue;
      const value: unknown = this[name];
      delete (this as Record<string, unknown>)[name];
      Object.assign(this, { [name]: value });
    }
    this.#mount();
  }

  /** Moved in the document it leaves and comes back at once, and plays on; gone for good it is taken down. */
  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (!this.isConnected) this.#unmount();
    });
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (!this.#remote || before === after) return;
    if (ofTheFilm.includes(name)) {
      this.#unmount();
      this.#wish = {};
      this.#mount();
    } else {
      this.#remote.update(this.#shown());
    }
  }

  /** As of any element, with our own events by their names. */
  override addEventListener<T extends keyof LecternPlayerEvents>(
    type: T,
    listener: (this: LecternPlayer, event: CustomEvent<LecternPlayerEvents[T]>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
  override addEventListener(type: string, listener: unknown, options?: boolean | AddEventListenerOptions): void {
    super.addEventListener(type, listener as EventListener, options);
  }

  #mount(): void {
    const videoId = this.getAttribute('video-id');
    const chapterId = this.getAttribute('chapter-id');
    if (this.#remote || !this.isConnected || !this.#getAuthToken || !videoId || !chapterId) return;
    adoptStyles();
    const start = Number.parseFloat(this.getAttribute('start') ?? '');
    const { at, play, volume, muted = this.hasAttribute('muted') || undefined, rate } = this.#wish;
    this.#wish = {};
    this.#remote = new Remote(
      this,
      {
        ...this.#filmOptions,
        ...this.#shown(),
        videoId,
        chapterId,
        apiUrl: this.getAttribute('api-url') ?? undefined,
        getAuthToken: () => this.#getAuthToken?.() ?? null,
        onUnauthorized: () => this.#fire('unauthorized', null),
        autoplay: this.hasAttribute('autoplay'),
        startAt: at ?? (Number.isFinite(start) ? start : null),
        prefs: {
          ...(volume === undefined ? {} : { volume }),
          ...(muted === undefined ? {} : { muted }),
          ...(rate === undefined ? {} : { rate }),
        },
        hotkeys: this.getAttribute('hotkeys') === 'page' ? 'page' : 'player',
      },
      (type, detail) => this.#fire(type, detail),
    );
    if (play) void this.#remote.play();
  }

  /** Where it was is where it goes on, should it come back. */
  #unmount(): void {
    const { phase, currentTime } = this.#remote?.state ?? {};
    if (phase === 'active') this.#wish = { at: currentTime };
    this.#remote?.destroy();
    this.#remote = null;
  }

  #shown(): Pick<PlayerOptions, 'translate' | 'title' | 'posterUrl' | 'nextTitle' | 'onNext'> {
    return {
      translate: playerTranslator(playerLanguage(this.closest('[lang]')?.getAttribute('lang'))),
      title: this.getAttribute('title') ?? undefined,
      posterUrl: this.getAttribute('poster'),
      nextTitle: this.getAttribute('next-title'),
      onNext: this.hasAttribute('next') ? (chapterId) => this.#fire('next', { chapterId }) : undefined,
    };
  }

  #fire(type: keyof LecternPlayerEvents, detail: LecternPlayerEvents[keyof LecternPlayerEvents]): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'lectern-player': LecternPlayer;
  }
}
