import type { ApiError } from '../api/errors';
import type { TelemetryBatch, TelemetryEvent } from '../api/types';
import { linesOf, type Engine } from './engine';
import { StallWatch } from './stalls';
import type { Store } from './store';
import { TELL_EVERY_MS, TelemetrySender } from './telemetrySender';
import type { PlayerState } from './types';

const MESSAGE_LENGTH = 200;

/** Of a media segment, wherever it comes from: .../{rendition}/{number}.ts */
const SEGMENT = /\/([A-Za-z0-9_-]{1,32})\/\d+\.ts(?:[?#]|$)/;
/** Sound is `audio`, or `audio-ka` where there are several. */
const SOUND = /^audio(?:-|$)/;

type Occurrence = Omit<TelemetryEvent, 'at' | 'time'>;

/** The rendition that the segment at this address is of, as the quality menu has it; null for all that is no segment. */
export function renditionOf(url: string): string | null {
  const name = SEGMENT.exec(url)?.[1];
  if (name === undefined) return null;
  return SOUND.test(name) ? 'audio' : name;
}

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;
const place = (seconds: number): number => (Number.isFinite(seconds) ? Math.max(0, round(seconds)) : 0);

/** What of the state is told when it changes, as it was told last. */
type Told = Pick<PlayerState, 'rate' | 'fullscreen' | 'pip'>;

/**
 * How well a session played: start-up, stalls, bytes, choices, errors. It listens, and is asked for nothing; without it
 * the film plays just the same.
 */
export class Telemetry {
  readonly #store: Store<PlayerState>;
  readonly #sender: TelemetrySender;
  readonly #unsubscribe: () => void;
  readonly #stalls = new StallWatch(({ at, time, seconds }) => this.#add({ type: 'stall', duration: round(seconds) }, at, time));
  readonly #bytes = new Map<string, number>();
  #told: Told = { rate: 1, fullscreen: false, pip: false };
  #timer: ReturnType<typeof setInterval> | undefined;
  /** From its first event to its last. */
  #open = false;
  #endTold = false;
  /** When the viewer asked for the film, on the monotonic clock, while there is no picture yet. */
  #wishedAt: number | null = null;
  #started = false;
  #shown: string | null = null;

  constructor(store: Store<PlayerState>, post: (batch: TelemetryBatch) => Promise<unknown>) {
    this.#store = store;
    this.#sender = new TelemetrySender(post);
    this.#unsubscribe = store.subscribe((_state, changed) => {
      if (changed.has('phase') || changed.has('rate') || changed.has('fullscreen') || changed.has('pip')) this.#tellChoices();
    });
  }

  /** The viewer wants to see the film; the first wish counts until there is a picture. */
  wish(): void {
    this.#wishedAt ??= performance.now();
  }

  /** No longer: paused before anything was seen, or the browser wants a gesture first. */
  unwish(): void {
    this.#wishedAt = null;
  }

  /** Right before its film is loaded, so that nothing of an earlier session is told as this one's. */
  begin(sessionId: string, position: number, firstSeq = 0): void {
    this.#close();
    const { fullscreen, pip } = this.#store.state;
    this.#sender.bind(sessionId, firstSeq);
    this.#open = true;
    this.#endTold = false;
    this.#started = false;
    this.#shown = null;
    this.#told = { rate: 1, fullscreen, pip };
    this.#stalls.restart(position);
    this.#add({ type: 'session_start' }, position);
    this.#tellRegularly();
  }

  /** Once per engine. */
  watch({ player, video, onSegment }: Engine): void {
    const position = (): number => player.currentTime() ?? 0;
    player.on('play', () => this.#started || this.wish());
    player.on('playing', () => this.#playing(linesOf({ width: video.videoWidth, height: video.videoHeight })));
    player.on('pause', () => {
      // Not the pause of an earlier film that gives way to this one.
      if (!this.#started && this.#store.state.phase === 'active') this.unwish();
      if (!player.ended()) this.#stalls.finish();
    });
    player.on('waiting', () => {
      if (!player.paused() && !player.seeking() && !player.ended()) this.#stalls.waiting(position());
    });
    player.on('seeking', () => this.#stalls.seeking(position()));
    player.on('timeupdate', () => {
      if (!player.paused() && !player.seeking()) this.#stalls.ticked(position());
    });
    player.on('ended', () => this.#stalls.ended(position()));
    video.addEventListener('resize', () => this.#shows(linesOf({ width: video.videoWidth, height: video.videoHeight })));
    onSegment((url, bytes) => this.#loaded(url, bytes));
  }

  /** Whatever the server refused, with or without an end for the viewer. */
  refused({ code }: ApiError): void {
    if (code === 'not_watched_yet') this.#stalls.keyRefused();
  }

  /** What ended the film for the viewer. */
  failed(code: string, message: string): void {
    this.#add({ type: 'error', code: code.slice(0, 64) || 'unknown', message: message.slice(0, MESSAGE_LENGTH) });
  }

  /** For a page that is hidden and may not come back. */
  hidden(): void {
    this.#countBytes();
    this.#sender.leave();
  }

  /** The viewer leaves, or the film was taken from them. */
  end(): void {
    this.#close();
    this.#sender.leave();
  }

  /** The page was left, and came back as it was: the session goes on, though its end has been told. */
  comeBack(): void {
    if (this.#open) return;
    this.#open = true;
    this.#tellRegularly();
  }

  dispose(): void {
    this.end();
    this.#unsubscribe();
  }

  #close(): void {
    clearInterval(this.#timer);
    if (!this.#open) return;
    this.#stalls.finish();
    this.#countBytes();
    if (!this.#endTold) this.#add({ type: 'session_end' });
    this.#endTold = true;
    this.#open = false;
  }

  #tellRegularly(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#flush(), TELL_EVERY_MS);
  }

  #flush(): void {
    this.#countBytes();
    void this.#sender.flush();
  }

  #playing(lines: number): void {
    this.#stalls.playing();
    if (this.#started) return;
    this.#started = true;
    this.#shown = lines > 0 ? `${String(lines)}p` : null;
    const wishedAt = this.#wishedAt;
    this.#wishedAt = null;
    if (wishedAt === null) return;
    const duration = round((performance.now() - wishedAt) / 1000);
    this.#add({ type: 'startup', duration, ...(this.#shown === null ? {} : { quality: this.#shown }) });
  }

  /** By the size of the picture: what VHS loads is shown only when what it had loaded before was played. */
  #shows(lines: number): void {
    const quality = `${String(lines)}p`;
    if (!this.#started || lines === 0 || quality === this.#shown) return;
    const from = this.#shown;
    this.#shown = quality;
    this.#add({ type: 'quality_change', quality, ...(from === null ? {} : { fromQuality: from }) });
  }

  #loaded(url: string, bytes: number): void {
    const rendition = renditionOf(url);
    if (rendition === null) return;
    this.#stalls.segmentLoaded();
    this.#bytes.set(rendition, (this.#bytes.get(rendition) ?? 0) + bytes);
  }

  #countBytes(): void {
    for (const [rendition, bytes] of this.#bytes) this.#add({ type: 'bandwidth', rendition, bytes });
    this.#bytes.clear();
  }

  /** While a film is loaded, video.js sets the speed back and forth; what counts is how it plays. */
  #tellChoices(): void {
    const { phase, rate, fullscreen, pip } = this.#store.state;
    if (phase !== 'active') return;
    const told = this.#told;
    this.#told = { rate, fullscreen, pip };
    if (rate !== told.rate) this.#add({ type: 'speed', rate });
    if (fullscreen !== told.fullscreen) this.#add({ type: 'fullscreen', entered: fullscreen });
    if (pip !== told.pip) this.#add({ type: 'pip', entered: pip });
  }

  #add(occurrence: Occurrence, position = this.#store.state.position, time = Date.now()): void {
    if (this.#open) this.#sender.add({ ...occurrence, at: place(position), time: new Date(time).toISOString() });
  }
}
