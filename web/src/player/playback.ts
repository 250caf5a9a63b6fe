import { createClient, type Client } from '../api/client';
import { asApiError, NETWORK, type ApiError } from '../api/errors';
import type { StoryboardTile } from '../api/schema';
import type { PlaybackSession, ProgressDocument, VideoStatus } from '../api/types';
import { BeatSender, PlayedRecorder } from './beats';
import type { ShownCue } from './captions';
import { Choices } from './choices';
import { plainMessage, report, RequestLog } from './diagnostics';
import { patiently } from './patience';
import { FileDownload } from './download';
import { createEngine, type Engine } from './engine';
import { faceOfError, faceOfStatus, resumePoint } from './faces';
import { watchMedia } from './media';
import { watchMediaSession } from './mediaSession';
import { readPrefs } from './prefs';
import { SeekGuard } from './seekGuard';
import { SessionKeeper } from './session';
import { createStore, type Store } from './store';
import { Telemetry } from './telemetry';
import { initialState, type Face, type PanelName, type PlayerOptions, type PlayerState } from './types';
import { parseVtt, type Cue } from './vtt';

const STATUS_EVERY_MS = 1_500;
const MAKING_EVERY_MS = 4_000;

/**
 * The player without a face: token -> spend -> session -> video.js, and everything that keeps it going.
 * It knows no framework and draws nothing; view/ does, from `store`.
 */
export class Playback {
  readonly store: Store<PlayerState>;
  readonly choices: Choices;
  options: PlayerOptions;
  /** Draws what is said; set by the view that does. */
  onCues: (cues: ShownCue[]) => void = () => undefined;
  readonly #client: Client;
  readonly #session: SessionKeeper;
  readonly #guard = new SeekGuard();
  readonly #recorder = new PlayedRecorder();
  readonly #beats: BeatSender;
  readonly #telemetry: Telemetry;
  readonly #download: FileDownload;
  readonly #log = new RequestLog();
  readonly #stage: HTMLElement;
  readonly #gone = new AbortController();
  /** What plays; null before the film begins and behind a face. */
  #engine: Engine | null = null;
  #built: Promise<Engine> | null = null;
  #pollTimer: ReturnType<typeof setTimeout> | undefined;
  #wasCompleted = false;
  #reopening = false;
  #lastSession: string | null = null;

  constructor(stage: HTMLElement, options: PlayerOptions) {
    this.#stage = stage;
    this.options = options;
    this.store = createStore(initialState({ ...readPrefs(), ...options.prefs }));
    this.choices = new Choices({
      store: this.store,
      engine: () => this.#engine,
      given: () => this.options.prefs,
      onCues: (cues) => this.onCues(cues),
    });
    this.#client = options.client ?? createClient({
      apiUrl: options.apiUrl,
      getAuthToken: () => this.options.getAuthToken(),
      onUnauthorized: () => this.options.onUnauthorized?.(),
      onAnswer: (answer) => this.#log.add(answer),
    });
    this.#session = new SessionKeeper(this.#client, options.videoId, (error) => this.#refused(error));
    this.#beats = new BeatSender({
      recorder: this.#recorder,
      position: () => this.store.state.position,
      playing: () => this.store.state.playing,
      post: (url, body) => this.#session.post(url, body),
      beacon: (url, body) => this.#session.beacon(url, body),
      onProgress: (progress) => this.#progressed(progress),
      onRefused: (error) => this.#refused(error),
      onReachable: (reachable) => this.#reachable(reachable),
    });
    this.#telemetry = new Telemetry(this.store, (batch) => this.#client.tellAnalytics(options.videoId, batch));
    this.#download = new FileDownload(this.#client, options.videoId, {
      progress: (percent) => this.store.set({ downloading: percent }),
      refused: ({ message }) => this.store.set({ toast: { kind: 'refused', text: message } }),
    });
    this.#listenToPage();
    watchMediaSession(this, this.#gone.signal);
    void this.prepare();
  }

  /** Learns what there is to watch and where the viewer stopped; opens no session yet. */
  async prepare(): Promise<void> {
    this.store.set({ phase: 'loading', face: null });
    const signal = this.#gone.signal;
    try {
      const [status, progress] = await Promise.all([
        patiently(() => this.#client.videoStatus(this.options.videoId, signal), signal),
        // Staff have no progress of their own; the film plays all the same.
        this.#client.chapterProgress(this.options.chapterId, signal).catch(() => null),
      ]);
      if (signal.aborted) return;
      this.#learned(progress);
      this.#statusIs(status);
    } catch (error) {
      if (!signal.aborted) this.#showFace(faceOfError(asApiError(error)) ?? { kind: 'offline' });
    }
  }

  #learned(progress: ProgressDocument | null): void {
    if (!progress) return;
    this.#wasCompleted = progress.isCompleted;
    // Whoever followed a link to a moment of the film is not asked about another.
    const resumeAt = typeof this.options.startAt === 'number' ? null : resumePoint(progress.currentPosition, progress.totalDuration);
    this.store.set({ progress, resumeAt });
    this.options.onProgressUpdate?.(progress);
  }

  #statusIs(status: VideoStatus): void {
    const { phase } = this.store.state;
    const audioOnly = status.duration !== null && status.width === null;
    this.store.set({ status, audioOnly, duration: this.store.state.duration || (status.duration ?? 0) });
    const face = faceOfStatus(status);
    // Once the film runs, only its qualities are of interest.
    if (phase === 'active' || phase === 'opening') {
      void this.#learnMade(status);
    } else if (face) {
      this.store.set({ phase: 'face', face });
    } else {
      const first = phase !== 'ready';
      this.store.set({ phase: 'ready', face: null });
      if (first) this.#becameReady();
    }
    if (status.status !== 'ready' && status.status !== 'failed') this.#pollAgain(face ? STATUS_EVERY_MS : MAKING_EVERY_MS);
  }

  /** Asks which renditions have what comes next, and chooses among them anew. */
  async #learnMade(status: VideoStatus): Promise<void> {
    const session = this.#session.current;
    if (status.status !== 'ready' && session) {
      const made = await this.#client.availability(session.masterUrl, this.#gone.signal).catch(() => null);
      if (made && !this.#gone.signal.aborted) this.store.set({ made: made.renditions });
    }
    this.choices.applyQuality();
  }

  #becameReady(): void {
    void this.#build().catch(() => undefined);
    if (this.options.autoplay && this.store.state.resumeAt === null) void this.start(this.#beginning());
  }

  /** Seconds at which a film that has not begun would begin. */
  #beginning(): number {
    return this.options.startAt ?? this.store.state.resumeAt ?? 0;
  }

  #pollAgain(wait: number): void {
    clearTimeout(this.#pollTimer);
    this.#pollTimer = setTimeout(() => {
      this.#client.videoStatus(this.options.videoId, this.#gone.signal).then(
        (status) => this.#gone.signal.aborted || this.#statusIs(status),
        (error: unknown) => {
          const { code, isTransient } = asApiError(error);
          if (this.#gone.signal.aborted || code === 'aborted') return;
          if (isTransient) this.#pollAgain(wait * 2);
          else this.#showFace(faceOfError(asApiError(error)), asApiError(error));
        },
      );
    }, wait);
  }

  /** Opens a session and plays from `at`. Also the way back after a session was lost. */
  async start(at: number, play = true): Promise<void> {
    if (this.store.state.phase === 'opening') return;
    if (play) this.#telemetry.wish();
    this.store.set({ phase: 'opening', face: null, resumeAt: null, ended: false, position: at });
    try {
      const [session] = await Promise.all([patiently(() => this.#session.open(), this.#gone.signal), this.#build()]);
      if (this.#gone.signal.aborted) return;
      this.#beats.bind(session.beatUrl, session.firstSeq);
      this.#learnViewer(session);
      this.store.set({ duration: session.duration || this.store.state.duration });
      this.#updateGuard(this.store.state.progress);
      await this.#load(session, at);
      if (this.#gone.signal.aborted) return;
      this.store.set({ phase: 'active' });
      this.#beats.start();
      if (play) await this.play();
    } catch (error) {
      if (this.#gone.signal.aborted) return;
      this.#refused(asApiError(error));
      if (this.#phase() === 'opening') this.#showFace({ kind: 'offline' });
    }
  }

  /** Read anew: a refusal may have changed it while something was awaited. */
  #phase(): PlayerState['phase'] {
    return this.store.state.phase;
  }

  /** Once for as long as it lives: while the viewer looks at the poster, so that the click finds it there. */
  #build(): Promise<Engine> {
    const building = (this.#built ??= createEngine(this.#stage, (error) => this.#refused(error), this.#log).then((engine) => {
      engine.onQualities(() => this.choices.applyQuality());
      engine.onCaptions(() => this.choices.learnCaptions());
      watchMedia(engine, {
        store: this.store,
        guard: this.#guard,
        recorder: this.#recorder,
        flush: () => void this.#beats.flush(),
        held: (until) => this.store.set({ toast: { kind: 'held', until } }),
        failed: (message) => this.#mediaFailed(message),
      });
      this.#telemetry.watch(engine);
      return engine;
    }));
    // A library that could not be fetched is fetched again when it is needed again.
    building.catch(() => this.#built === building && (this.#built = null));
    return building;
  }

  #dropEngine(): void {
    const built = this.#built;
    this.#built = null;
    if (this.#engine) this.#engine.dispose();
    else void built?.then((engine) => engine.dispose(), () => undefined);
    this.#engine = null;
  }

  async #load({ sessionId, managedMasterUrl, firstSeq }: PlaybackSession, at: number): Promise<void> {
    this.#engine = await this.#build();
    if (this.#gone.signal.aborted) return;
    const { volume, muted, rate } = this.store.state;
    const { player } = this.#engine;
    player.volume(volume);
    player.muted(muted);
    player.defaultPlaybackRate(rate);
    const from = this.#guard.allow(at);
    if (this.#guard.isBeyond(at)) this.store.set({ toast: { kind: 'held', until: this.#guard.maxSeek } });
    this.#telemetry.begin(sessionId, from, firstSeq);
    await this.#engine.load(this.#client.url(managedMasterUrl), from);
    player.playbackRate(rate);
  }

  async play(): Promise<void> {
    const player = this.#engine?.player;
    if (!player) return this.start(this.#beginning());
    try {
      await player.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      // The browser wants a gesture for sound: better silent pictures and a button than a dead picture.
      player.muted(true);
      this.store.set({ muted: true, toast: { kind: 'unmute' } });
      await Promise.resolve(player.play()).catch(() => this.#telemetry.unwish());
    }
  }

  /** The element itself, for what only it can do; null until the film was started. */
  get video(): HTMLVideoElement | null {
    return this.#engine?.video ?? null;
  }

  pause(): void {
    this.#engine?.player.pause();
  }

  toggle(): void {
    const { phase, playing } = this.store.state;
    if (phase === 'ready') void this.start(this.#beginning());
    else if (phase === 'active') void (playing ? this.pause() : this.play());
  }

  /** Free behind the line; beyond it the head goes back to the line, and the viewer is told why. */
  seek(target: number): void {
    const player = this.#engine?.player;
    if (!player || this.store.state.phase !== 'active') return;
    const wanted = Math.min(Math.max(0, target), this.store.state.duration || target);
    const allowed = this.#guard.allow(wanted);
    if (this.#guard.isBeyond(wanted)) this.store.set({ toast: { kind: 'held', until: this.#guard.maxSeek } });
    const { ended } = this.store.state;
    this.store.set({ position: allowed, ended: false });
    player.currentTime(allowed);
    // At the very end VHS finds no segment to switch to, so a choice made there waits for the way back.
    if (ended) this.choices.switchToChoice();
  }

  async replay(): Promise<void> {
    this.seek(0);
    await this.play();
  }

  /** To a tenth of the film: 0 is its beginning. */
  seekToTenth(tenth: number): void {
    this.seek((this.store.state.duration * tenth) / 10);
  }

  seekBy(seconds: number): void {
    this.seek(this.store.state.position + seconds);
  }

  async cues(language: string): Promise<Cue[]> {
    return parseVtt(await this.#client.captions(this.options.videoId, language, this.#gone.signal));
  }

  async storyboard(): Promise<StoryboardTile[]> {
    return (await this.#client.storyboard(this.options.videoId, this.#gone.signal)).tiles;
  }

  /** An address of the API as this page has to ask for it. */
  url(pathOrUrl: string): string {
    return this.#client.url(pathOrUrl);
  }

  openPanel(panel: PanelName | null): void {
    this.store.set({ panel: this.store.state.panel === panel ? null : panel });
  }

  download(quality?: string): void {
    if (this.store.state.downloading === null) void this.#download.start(quality);
    else this.#download.cancel();
  }

  nextChapter(): string | null {
    const { progress } = this.store.state;
    return progress?.nextChapterUnlocked && this.options.onNext ? progress.nextChapterId : null;
  }

  goToNext(): void {
    const next = this.nextChapter();
    if (next) this.options.onNext?.(next);
  }

  /** What to tell whoever helps; no secret is in it. */
  diagnostics(): string {
    const { face, position, phase, quality, activeQuality, rate, status, progress } = this.store.state;
    const { code, message } = face && 'code' in face ? face : { code: face?.kind ?? '', message: '' };
    return report(
      {
        code,
        message,
        sessionId: this.#lastSession,
        videoId: this.options.videoId,
        chapterId: this.options.chapterId,
        position,
        phase,
        film: status?.status ?? null,
        quality,
        shown: activeQuality,
        rate,
        watched: progress?.watchPercentage ?? null,
      },
      this.#log,
    );
  }

  async copyDiagnostics(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.diagnostics());
      this.store.set({ toast: { kind: 'copied' } });
    } catch {
      // Not every browser lets a frame have the clipboard.
      this.openPanel('diagnostics');
    }
  }

  #learnViewer({ sessionId, watermark, userId }: PlaybackSession): void {
    this.#lastSession = sessionId;
    const { name, email } = this.options.viewer ?? {};
    this.store.set({ watermark, viewer: { name: name ?? null, email: email ?? null, userId } });
  }

  dismissToast(): void {
    this.store.set({ toast: null });
  }

  #progressed(progress: ProgressDocument): void {
    this.store.set({ progress });
    this.#updateGuard(progress);
    this.options.onProgressUpdate?.(progress);
    if (!progress.isCompleted || this.#wasCompleted) return;
    this.#wasCompleted = true;
    this.store.set({ toast: { kind: 'completed' } });
    this.options.onComplete?.(progress);
  }

  #updateGuard(progress: ProgressDocument | null): void {
    const restricted = this.#session.current?.firstWatchRestricted ?? false;
    this.#guard.update(restricted, progress?.maxSeek ?? 0, this.store.state.duration);
    this.store.set({ restricted: this.#guard.restricted, maxSeek: this.#guard.maxSeek });
  }

  #reachable(reachable: boolean): void {
    const { toast } = this.store.state;
    if (!reachable) this.store.set({ toast: { kind: 'offline' } });
    else if (toast?.kind === 'offline') this.store.set({ toast: null });
  }

  async #cameBack(): Promise<void> {
    this.#reachable(true);
    const { phase, face } = this.store.state;
    if (phase === 'face' && face?.kind === 'offline') return this.retry();
    await this.#beats.flush();
  }

  /** One place for every refusal: of a token, a key, a playlist, a beat, a renewal. */
  #refused(error: ApiError): void {
    this.#telemetry.refused(error);
    if (this.#gone.signal.aborted || this.store.state.phase === 'face') return;
    if (error.code === 'ip_changed') {
      void this.#session.renew().then((alive) => (alive ? this.#beats.flush() : undefined));
    } else if (error.code === 'not_watched_yet') {
      // What was watched was not told yet, perhaps for want of a network; VHS asks for the key again by itself.
      void this.#beats.flush();
    } else if (error.code === 'session_expired') {
      void this.#reopen();
    } else if (error.code.startsWith('http_') && error.status !== 401) {
      // A plain 4xx from storage or a proxy: VHS tries again or elsewhere, and says so if it gives up.
    } else {
      this.#showFace(faceOfError(error), error);
    }
  }

  async #reopen(): Promise<void> {
    if (this.#reopening) return;
    this.#reopening = true;
    const { position, playing } = this.store.state;
    await this.start(position, playing);
    this.#reopening = false;
  }

  #mediaFailed(said: string): void {
    if (this.store.state.phase === 'face') return;
    // From here it goes to a person, to analytics and to the page around the player.
    const message = plainMessage(said);
    const face: Face = navigator.onLine ? { kind: 'broken', code: 'media_error', message } : { kind: 'offline' };
    this.#showFace(face, { code: face.kind === 'broken' ? face.code : NETWORK, message });
  }

  /** `cause` is for who counts failures: several of them have the same face. */
  #showFace(face: Face | null, cause?: { code: string; message: string }): void {
    if (!face) return;
    const { position } = this.store.state;
    this.#engine?.player.pause();
    this.#recorder.break();
    this.#beats.leave(true);
    this.#beats.stop();
    if (cause) this.#telemetry.failed(cause.code, cause.message);
    this.#telemetry.unwish();
    this.#telemetry.end();
    this.#session.close();
    // Taking the engine away is the only way to stop VHS from asking for a refused key again and again.
    this.#dropEngine();
    this.store.set({ phase: 'face', face, playing: false, waiting: false, resumeAt: position > 0 ? position : null });
    if (face.kind === 'processing') this.#pollAgain(STATUS_EVERY_MS);
  }

  /** The next step of a face that offers to try again: from the same second, if the film had begun. */
  retry(): void {
    const { position, face } = this.store.state;
    if (position > 0 && face?.kind !== 'failed') void this.start(position);
    else void this.prepare();
  }

  #listenToPage(): void {
    const { signal } = this.#gone;
    const left = (): void => {
      this.#beats.leave(true);
      this.#telemetry.end();
    };
    const hidden = (): void => {
      this.#beats.leave(false);
      this.#telemetry.hidden();
    };
    addEventListener('pagehide', left, { signal });
    addEventListener('pageshow', ({ persisted }) => persisted && this.store.state.phase === 'active' && this.#telemetry.comeBack(), { signal });
    addEventListener('online', () => void this.#cameBack(), { signal });
    addEventListener('offline', () => this.#reachable(false), { signal });
    document.addEventListener(
      'visibilitychange',
      () => (document.visibilityState === 'hidden' ? hidden() : void this.#session.checkAfterSleep()),
      { signal },
    );
  }

  dispose(): void {
    this.#recorder.break();
    this.#beats.leave(true);
    this.#beats.stop();
    this.#download.cancel();
    this.#telemetry.dispose();
    this.#gone.abort();
    clearTimeout(this.#pollTimer);
    this.#session.close();
    this.#dropEngine();
  }
}
