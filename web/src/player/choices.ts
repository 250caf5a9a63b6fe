import { firstChoice, nextChoice, type ShownCue } from './captions';
import type { Engine } from './engine';
import { readPrefs, writePrefs, type CaptionStyle, type Prefs } from './prefs';
import { applyQuality } from './quality';
import type { Store } from './store';
import { rates, type PlayerState, type QualityChoice } from './types';

export interface ChoicesOptions {
  store: Store<PlayerState>;
  /** What plays; null before the film begins. */
  engine: () => Engine | null;
  /** What a host says in place of what the browser remembers. */
  given: () => Partial<Prefs> | undefined;
  onCues: (cues: ShownCue[]) => void;
}

/** What a viewer likes: sound, speed, quality, captions. Each is shown at once, and remembered. */
export class Choices {
  readonly #options: ChoicesOptions;

  constructor(options: ChoicesOptions) {
    this.#options = options;
  }

  get #store(): Store<PlayerState> {
    return this.#options.store;
  }

  get #engine(): Engine | null {
    return this.#options.engine();
  }

  setVolume(volume: number): void {
    const next = Math.min(1, Math.max(0, Math.round(volume * 100) / 100));
    this.#setSound(next, next === 0);
  }

  toggleMute(): void {
    const { muted, volume } = this.#store.state;
    this.#setSound(volume === 0 ? 0.5 : volume, !muted);
  }

  #setSound(volume: number, muted: boolean): void {
    const { toast } = this.#store.state;
    this.#store.set({ volume, muted, toast: toast?.kind === 'unmute' ? null : toast });
    this.#engine?.player.volume(volume);
    this.#engine?.player.muted(muted);
    writePrefs({ volume, muted });
  }

  setRate(rate: number): void {
    this.#store.set({ rate });
    this.#engine?.player.playbackRate(rate);
    writePrefs({ rate });
  }

  stepRate(by: 1 | -1): void {
    const next = rates[rates.findIndex((rate) => rate === this.#store.state.rate) + by];
    if (next !== undefined) this.setRate(next);
  }

  setQuality(quality: QualityChoice): void {
    this.#store.set({ quality });
    writePrefs({ quality });
    this.applyQuality();
    if (!this.#store.state.ended) this.switchToChoice();
  }

  /** Tells the engine what may be shown, of what there is by now. */
  applyQuality(): void {
    if (this.#engine) applyQuality(this.#engine, this.#store);
  }

  switchToChoice(): void {
    const { quality } = this.#store.state;
    if (quality !== 'auto') this.#engine?.switchTo(quality);
    // Whoever goes back to Auto from a low choice does not want to wait until what is buffered of it was played.
    else this.#engine?.climb();
  }

  /** What there is may change while the film runs; what was chosen stays chosen where it is still there. */
  learnCaptions(): void {
    const captions = this.#engine?.captions() ?? [];
    if (JSON.stringify(captions) === JSON.stringify(this.#store.state.captions)) return;
    const { caption } = this.#store.state;
    const isThere = captions.some(({ language }) => language === caption);
    const kept = isThere ? caption : firstChoice(captions, { ...readPrefs(), ...this.#options.given() });
    this.#store.set({ captions, caption: kept });
    this.#engine?.showCaptions(kept, this.#options.onCues);
  }

  setCaptions(language: string | null): void {
    this.#store.set({ caption: language });
    this.#engine?.showCaptions(language, this.#options.onCues);
    writePrefs(language === null ? { captionsOn: false } : { captions: language, captionsOn: true });
  }

  toggleCaptions(): void {
    const { captions, caption } = this.#store.state;
    if (captions.length > 0) this.setCaptions(caption === null ? this.likelyCaptions() : null);
  }

  /** The language that would be shown, where none is. */
  likelyCaptions(): string | null {
    return nextChoice(this.#store.state.captions, readPrefs(), document.documentElement.lang);
  }

  setCaptionStyle(change: Partial<CaptionStyle>): void {
    const captionStyle = { ...this.#store.state.captionStyle, ...change };
    this.#store.set({ captionStyle });
    writePrefs({ captionStyle });
  }

  toggleTranscript(): void {
    const transcript = !this.#store.state.transcript;
    this.#store.set({ transcript });
    writePrefs({ transcript });
  }
}
