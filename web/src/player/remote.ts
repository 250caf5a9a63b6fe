import type { Listener, RemoteState } from './events';
import { mountPlayer, type MountedPlayer } from './mount';
import type { Playback } from './playback';
import type { PlayerOptions, PlayerState } from './types';

/** A mounted player as a host drives it that has no hand on its parts. */
export class Remote {
  readonly mounted: MountedPlayer;
  readonly #listener: Listener;
  readonly #unsubscribe: () => void;
  #readyTold = false;

  constructor(host: HTMLElement, options: PlayerOptions, listener: Listener) {
    this.#listener = listener;
    this.mounted = mountPlayer(host, {
      ...options,
      onProgressUpdate: (progress) => listener('progress', progress),
      onComplete: (progress) => listener('complete', progress),
    });
    this.#unsubscribe = this.#playback.store.subscribe((state, changed) => this.#tell(state, changed));
  }

  get #playback(): Playback {
    return this.mounted.playback;
  }

  get state(): RemoteState {
    const { phase, duration, playing, ended, volume, muted, rate, activeQuality, caption, captions, progress } = this.#playback.store.state;
    return {
      phase,
      currentTime: this.currentTime,
      duration,
      paused: !playing,
      ended,
      volume,
      muted,
      rate,
      quality: activeQuality,
      captions: caption,
      captionLanguages: captions.map(({ language }) => language),
      watchPercentage: progress?.watchPercentage ?? null,
      isCompleted: progress?.isCompleted ?? false,
    };
  }

  /** Which message stands in place of the film, if one does. */
  get face(): string | null {
    const { phase, face } = this.#playback.store.state;
    return phase === 'face' ? (face?.kind ?? null) : null;
  }

  /** Where the film is, or would begin. */
  get currentTime(): number {
    const { phase, position, resumeAt } = this.#playback.store.state;
    return phase === 'ready' || phase === 'loading' ? (this.#playback.options.startAt ?? resumeAt ?? 0) : position;
  }

  /** Resolves when it plays, or when it can not. */
  async play(): Promise<void> {
    await this.#known();
    const { phase, ended } = this.#playback.store.state;
    if (phase === 'face') return;
    await (ended ? this.#playback.replay() : this.#playback.play());
  }

  pause(): void {
    this.#playback.pause();
  }

  /** Beyond what may be watched yet, the film stays at that line. Before the start it says where to begin. */
  seek(seconds: number): void {
    if (this.#playback.store.state.phase === 'active') this.#playback.seek(seconds);
    else this.#beginAt(seconds);
  }

  #beginAt(seconds: number): void {
    this.mounted.update({ startAt: Math.max(0, seconds) });
    this.#playback.store.set({ resumeAt: null });
  }

  setVolume(volume: number | undefined, muted: boolean | undefined): void {
    if (volume !== undefined) this.#playback.choices.setVolume(volume);
    if (muted !== undefined && muted !== this.#playback.store.state.muted) this.#playback.choices.toggleMute();
  }

  setRate(rate: number): void {
    this.#playback.choices.setRate(rate);
  }

  setCaptions(language: string | null): void {
    this.#playback.choices.setCaptions(language);
  }

  /** The step that a message offers: from the same second, if the film had begun. */
  retry(): void {
    if (this.#playback.store.state.phase === 'face') this.#playback.retry();
  }

  update(options: Partial<PlayerOptions>): void {
    this.mounted.update(options);
  }

  destroy(): void {
    this.#unsubscribe();
    this.mounted.destroy();
  }

  /** Resolves when it is known what there is to watch. */
  #known(): Promise<void> {
    const { store } = this.#playback;
    if (store.state.phase !== 'loading') return Promise.resolve();
    return new Promise((resolve) => {
      const stop = store.subscribe(({ phase }) => {
        if (phase === 'loading') return;
        stop();
        resolve();
      });
    });
  }

  #tell(state: Readonly<PlayerState>, changed: ReadonlySet<keyof PlayerState>): void {
    const { phase, face, position: currentTime, duration, playing, ended } = state;
    if (changed.has('phase') && phase !== 'loading' && phase !== 'face' && !this.#readyTold) {
      this.#readyTold = true;
      this.#listener('ready', { duration });
    }
    if (changed.has('face') && face) {
      const { code, message } = { code: null, message: null, ...face };
      this.#listener('error', { kind: face.kind, code, message });
    }
    if (phase !== 'active') return;
    if (changed.has('playing')) this.#listener(playing ? 'play' : 'pause', { currentTime });
    if (changed.has('position')) this.#listener('timeupdate', { currentTime, duration });
    if (changed.has('ended') && ended) this.#listener('ended', { currentTime });
    if (changed.has('activeQuality')) this.#listener('qualitychange', { quality: state.activeQuality });
  }
}
