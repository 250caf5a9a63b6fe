/**
 * The only file that knows video.js. It is loaded lazily: the library is several times the rest of the app,
 * and a page with a locked or failed film never needs it.
 */
import type videojsFactory from 'video.js';
import { ApiError, parseProblem } from '../api/errors';
import type { RequestLog } from './diagnostics';
import type { CaptionTrack, ShownCue } from './captions';

type VideoJs = ReturnType<typeof videojsFactory>;

interface QualityLevelList {
  readonly selectedIndex: number;
  readonly [index: number]: Size;
  on(event: 'addqualitylevel' | 'removequalitylevel' | 'change', listener: () => void): void;
}

interface Size {
  width?: number;
  height?: number;
}

/** A text track as video.js emulates it, which knows when a cue begins to the picture, and draws nothing. */
interface TextTrack {
  readonly kind: string;
  readonly language: string;
  readonly label: string;
  readonly default: boolean;
  mode: 'disabled' | 'hidden' | 'showing';
  readonly activeCues: ArrayLike<Cue> | null;
  addEventListener(type: 'cuechange', listener: () => void): void;
  removeEventListener(type: 'cuechange', listener: () => void): void;
}

interface Cue {
  text: string;
  line?: number | 'auto';
  snapToLines?: boolean;
}

interface TextTrackList extends ArrayLike<TextTrack> {
  on(event: 'addtrack' | 'removetrack', listener: () => void): void;
}

/** Of VHS, which has no types of its own, just what is used here. */
interface Playlist {
  id: string;
  disabled?: boolean;
  /** Until when it is left alone after a failure; Infinity where it can never be played. */
  excludeUntil?: number;
}

interface Representation extends Size {
  playlist: Playlist;
  enabled(enable: boolean): void;
}

interface VhsResponse {
  statusCode?: number;
  url?: string;
  responseType?: string;
  body?: unknown;
}

/** The XMLHttpRequest of a segment; VHS writes down on it when it was sent, and reckons the bandwidth from there. */
type VhsRequest = XMLHttpRequest & { requestTime?: number };

interface VhsRequestOptions {
  uri?: string;
  beforeSend?: (request: VhsRequest) => void;
}

interface Vhs {
  xhr: {
    onRequest(hook: (options: VhsRequestOptions) => VhsRequestOptions): void;
    onResponse(hook: (request: unknown, error: unknown, response: VhsResponse) => void): void;
  };
  representations(): Representation[];
  /** The rendition for the bandwidth that was measured and the size of the player, of those that are allowed. */
  selectPlaylist(): Playlist | undefined;
  /** Not public, and so asked for with care: see `throwBufferAway` and `keepLoading`. */
  playlistController_?: {
    waitingForFastQualityPlaylistReceived_?: boolean;
    runFastQualitySwitch_?: () => void;
    mainSegmentLoader_?: { paused(): boolean };
    audioSegmentLoader_?: { paused(): boolean };
    mediaTypes_?: { AUDIO?: { activePlaylistLoader?: unknown } };
    load(): void;
  };
}

declare global {
  interface Window {
    /** For diagnostics: the video.js instance of the player on the page. */
    __lecternPlayer?: VideoJs;
    VIDEOJS_NO_DYNAMIC_STYLE?: boolean;
  }
}

/** What a rendition is called by: its shorter side, so that an upright 1080 x 1920 is 1080p too. 0 for sound alone. */
export function linesOf({ width, height }: { width?: number | null; height?: number | null }): number {
  return width && height ? Math.min(width, height) : (height ?? 0);
}

export interface Engine {
  readonly player: VideoJs;
  readonly video: HTMLVideoElement;
  /** Resolves when the length is known and `startAt` is set; then `play` may be called. */
  load(masterUrl: string, startAt: number): Promise<void>;
  /** The qualities there are, best first, as `linesOf` counts them. */
  qualities(): number[];
  activeQuality(): number | null;
  /** The qualities that may be chosen from, as of the next segment; if none is wanted, all are allowed. */
  allow(wanted: (lines: number) => boolean): void;
  /** Shows this quality as soon as it can be loaded. */
  switchTo(lines: number): void;
  /** Shows the best quality that is allowed and that the network bears as soon as it can be loaded, if it is above the present one. */
  climb(): void;
  onQualities(listener: () => void): void;
  /** The languages of captions, as the film has them. */
  captions(): CaptionTrack[];
  /** Shows the captions of one language; `shown` hears what is to be drawn each time that it changes. */
  showCaptions(language: string | null, shown: (cues: ShownCue[]) => void): void;
  onCaptions(listener: () => void): void;
  /** Each file that arrived whole: its address and its bytes. */
  onSegment(listener: (url: string, bytes: number) => void): void;
  dispose(): void;
}

/** Loads the library ahead of the click that needs it. */
export function loadLibrary(): Promise<typeof videojsFactory> {
  // Without this, video.js writes <style> elements, which a strict Content-Security-Policy refuses; player.css does their work.
  window.VIDEOJS_NO_DYNAMIC_STYLE = true;
  return import('video.js').then((module) => {
    // On a restricted first watch keys open 90 s beyond what was told as watched. At twice the speed a beat is 20 s
    // of film late, so this much ahead never meets a key that is not open.
    const { default: videojs } = module;
    const level = videojs.log.level() as 'info';
    // It warns whoever sets this, on every page of every viewer.
    videojs.log.level('off');
    (videojs as unknown as { Vhs: { MAX_GOAL_BUFFER_LENGTH: number } }).Vhs.MAX_GOAL_BUFFER_LENGTH = LONGEST_BUFFER;
    videojs.log.level(level);
    return videojs;
  });
}

/** Seconds of film ahead of the head. */
const LONGEST_BUFFER = 45;
/** How often it is looked whether VHS still loads; it stands twice in a row before it is helped. */
const LOADING_MS = 1_000;
/** How often a paused player looks whether the picture or the captions that were chosen are there. */
const REPAINT_MS = 150;

const options = {
  controls: false,
  preload: 'auto',
  playsinline: true,
  // The controls are our own (view/), so only the part that loads media is built.
  children: ['mediaLoader'],
  userActions: { hotkeys: false, click: false, doubleClick: false },
  html5: {
    vhs: {
      // Chromium now says "maybe" to native HLS; without this our hooks below would be bypassed there.
      overrideNative: true,
      // Otherwise the key is fetched anew for each segment.
      cacheEncryptionKeys: true,
      enableLowInitialPlaylist: true,
      // Chromium's guess of the downlink (rounded, capped, for all sites at once) would stand in place of what is measured here.
      useNetworkInformationApi: false,
      useDevicePixelRatio: true,
    },
    nativeAudioTracks: false,
    nativeVideoTracks: false,
  },
};

/** Builds a video element inside `stage`; `dispose` takes it away again. */
export async function createEngine(stage: HTMLElement, onRefusal: (error: ApiError) => void, log: RequestLog): Promise<Engine> {
  const videojs = await loadLibrary();
  const video = document.createElement('video');
  video.playsInline = true;
  video.disableRemotePlayback = true;
  stage.append(video);
  const player = videojs(video, options);
  window.__lecternPlayer = player;

  const vhs = (): Vhs | undefined => (player.tech({ IWillNotUseThisInPlugins: true }) as unknown as { vhs?: Vhs } | undefined)?.vhs;

  let onArrival: (url: string, bytes: number) => void = () => undefined;
  // VHS asks for a refused key for ever and raises no error, so refusals are read here, as they pass.
  player.on('xhr-hooks-ready', () => {
    vhs()?.xhr.onRequest(forgetWaiting);
    vhs()?.xhr.onResponse((_request, _error, response) => {
      const status = response.statusCode ?? 0;
      const { url, body } = response;
      log.add({ at: Date.now(), method: 'GET', url: url ?? '', status, milliseconds: null });
      if (status >= 200 && status < 300 && url && body instanceof ArrayBuffer) onArrival(url, body.byteLength);
      if (status >= 400 && status < 500) onRefusal(new ApiError(status, parseProblem(bodyText(body))));
    });
  });

  // VHS throws the buffer away for a switch when the playlist of the rendition arrives. One that it has had before it takes up
  // at once, before it remembers that it is to do so: the choice would be seen when all that is buffered was played, and the
  // next climb on Auto would throw the buffer away in its place. And one that it took up by itself between the choice and its
  // answer to it (it waits a tenth of a second) is to VHS no switch. So what was forgotten is done here, right after.
  let switchingTo: number | null = null;
  /* oxlint-disable no-underscore-dangle -- the names are VHS's. */
  const throwBufferAway = (): void => vhs()?.playlistController_?.runFastQualitySwitch_?.();
  const finishSwitch = (): void => {
    const arrived = switchingTo !== null && activeQuality() === switchingTo;
    if (arrived) switchingTo = null;
    if (arrived || vhs()?.playlistController_?.waitingForFastQualityPlaylistReceived_) throwBufferAway();
  };
  /* oxlint-enable no-underscore-dangle */
  player.on('mediachange', () => queueMicrotask(finishSwitch));

  const levels = (): QualityLevelList => (player as unknown as { qualityLevels(): QualityLevelList }).qualityLevels();
  const representations = (): Representation[] => vhs()?.representations() ?? [];

  const activeQuality = (): number | null => {
    const list = levels();
    const selected = list[list.selectedIndex];
    return selected ? linesOf(selected) || null : null;
  };
  const linesShown = (): number => linesOf({ width: video.videoWidth, height: video.videoHeight });
  let stopRepainting = (): void => undefined;
  const repaintWhilePaused = (lines: number): void => {
    stopRepainting();
    const stop = new AbortController();
    stopRepainting = () => stop.abort();
    const { signal } = stop;
    video.addEventListener('play', stopRepainting, { signal });
    video.addEventListener('emptied', stopRepainting, { signal });
    const onward = (): void => {
      if (linesShown() === lines) stopRepainting();
      // A paused picture is decoded anew only for a seek, be it to where it stands.
      else if (!video.seeking && isBuffered(video)) seekTo(video, video.currentTime);
    };
    // Not on `progress`: the last of it may come while the one seek is under way that still met the old buffer.
    const timer = setInterval(onward, REPAINT_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
  };
  const switchAtOnce = (target: Representation | undefined): void => {
    if (!target) return;
    const lines = linesOf(target);
    if (activeQuality() === lines) {
      switchingTo = null;
      // On Auto it may have climbed already, behind a buffer of less: to VHS that is no switch at all.
      if (linesShown() !== lines) throwBufferAway();
    } else {
      switchingTo = lines;
      // VHS switches at once only to a rendition that was disabled; otherwise it would first play out all it has buffered.
      target.enabled(false);
      target.enabled(true);
    }
    if (video.paused) repaintWhilePaused(lines);
  };

  // VHS pauses the loader of a segment that could not be had, and has it start again by going to another rendition. Where no
  // other is allowed (one was chosen, or is all that is made yet) it goes to the same one, which starts nothing: the film
  // would stand for ever.
  /* oxlint-disable no-underscore-dangle -- the names are VHS's. */
  let stoodBefore = false;
  const keepLoading = (): void => {
    const controller = vhs()?.playlistController_;
    const audio = controller?.mediaTypes_?.AUDIO?.activePlaylistLoader ? controller.audioSegmentLoader_ : undefined;
    const stands = [controller?.mainSegmentLoader_, audio].some((loader) => loader?.paused() ?? false);
    if (controller && stands && stoodBefore && player.readyState() > 0 && !player.error()) {
      for (const { playlist } of representations()) {
        if (!playlist.disabled && playlist.excludeUntil !== Infinity) delete playlist.excludeUntil;
      }
      controller.load();
    }
    stoodBefore = stands;
  };
  /* oxlint-enable no-underscore-dangle */
  const loadingTimer = setInterval(keepLoading, LOADING_MS);

  const texts = (): TextTrack[] =>
    Array.from(player.textTracks() as unknown as TextTrackList).filter(({ kind }) => kind === 'subtitles' || kind === 'captions');
  let stopCaptions = (): void => undefined;

  return {
    player,
    video,
    load: (masterUrl, startAt) =>
      new Promise((resolve, reject) => {
        const loaded = (): void => {
          player.off(['error', 'dispose'], failed);
          if (startAt > 0) player.currentTime(startAt);
          resolve();
        };
        const failed = (): void => {
          player.off('loadedmetadata', loaded);
          reject(new Error(player.error()?.message ?? 'The film could not be loaded.'));
        };
        player.one('loadedmetadata', loaded);
        player.one(['error', 'dispose'], failed);
        player.src({ src: masterUrl, type: 'application/x-mpegURL' });
      }),
    qualities() {
      const all = representations().map(linesOf).filter((lines) => lines > 0);
      return [...new Set(all)].toSorted((a, b) => b - a);
    },
    activeQuality,
    allow(wanted) {
      // Asked for once: VHS makes new objects on each call, and none of these would be found among those.
      const all = representations();
      const matching = all.filter((one) => wanted(linesOf(one)));
      for (const one of all) {
        if (matching.length > 0 && !matching.includes(one)) one.enabled(false);
        // Not by `enabled(true)`: VHS would throw the buffer away and switch to this rendition at once.
        else delete one.playlist.disabled;
      }
    },
    switchTo(lines) {
      switchAtOnce(representations().find((one) => linesOf(one) === lines));
    },
    climb() {
      switchingTo = null;
      const best = vhs()?.selectPlaylist();
      const target = representations().find(({ playlist }) => playlist.id === best?.id);
      if (target && linesOf(target) > (activeQuality() ?? Infinity)) switchAtOnce(target);
    },
    onQualities(listener) {
      const list = levels();
      for (const event of ['addqualitylevel', 'removequalitylevel', 'change'] as const) list.on(event, listener);
    },
    captions() {
      return texts().map((track) => ({ language: track.language, label: track.label, isDefault: track.default }));
    },
    showCaptions(language, shown) {
      stopCaptions();
      shown([]);
      const chosen = texts().find((track) => track.language === language);
      for (const track of texts()) if (track !== chosen && track.mode !== 'disabled') track.mode = 'disabled';
      if (!chosen) return;
      let told = '[]';
      const tell = (): void => {
        const cues = Array.from(chosen.activeCues ?? [], shownCue);
        const now = JSON.stringify(cues);
        if (now !== told) shown(cues);
        told = now;
      };
      chosen.addEventListener('cuechange', tell);
      // While the film stands, nobody says that the cues of a language that was just chosen have come.
      const timer = setInterval(() => player.paused() && tell(), REPAINT_MS);
      stopCaptions = () => {
        clearInterval(timer);
        chosen.removeEventListener('cuechange', tell);
      };
      // Not shown by video.js: our own view draws it. VHS loads what is not disabled.
      if (chosen.mode !== 'hidden') chosen.mode = 'hidden';
      tell();
    },
    onCaptions(listener) {
      const list = player.textTracks() as unknown as TextTrackList;
      // When all are there: VHS listens to what becomes of its tracks only after it has added the last of them.
      for (const event of ['addtrack', 'removetrack'] as const) list.on(event, () => queueMicrotask(listener));
    },
    onSegment(listener) {
      onArrival = listener;
    },
    dispose() {
      stopCaptions();
      stopRepainting();
      clearInterval(loadingTimer);
      if (window.__lecternPlayer === player) delete window.__lecternPlayer;
      player.dispose();
    },
  };
}

function seekTo(video: HTMLVideoElement, seconds: number): void {
  video.currentTime = seconds;
}

/** Lines count from the top, from the bottom where they are negative; per cent always from the top. */
function shownCue({ text, line, snapToLines }: Cue): ShownCue {
  const top = typeof line === 'number' && (snapToLines === false ? line < 50 : line >= 0);
  return { text, top };
}

function isBuffered({ buffered, currentTime }: HTMLVideoElement): boolean {
  return Array.from({ length: buffered.length }).some(
    (_, index) => buffered.start(index) <= currentTime && currentTime < buffered.end(index),
  );
}

/** A segment that was not made when its playlist was read; the answer comes when it is. */
const MADE_TO_ORDER = /\/segment\/[^/]+\/\d+\.ts$/;
/** What an answer that was ready would have taken to arrive. */
const PLAIN_DELAY_MS = 50;

/** The time in which the server makes a segment says nothing about the network: without this one wait would drop the quality. */
export function forgetWaiting(planned: VhsRequestOptions): VhsRequestOptions {
  if (!MADE_TO_ORDER.test(planned.uri ?? '')) return planned;
  const { beforeSend } = planned;
  return {
    ...planned,
    beforeSend: (request) => {
      beforeSend?.(request);
      request.addEventListener('readystatechange', () => {
        if (request.readyState === XMLHttpRequest.HEADERS_RECEIVED) request.requestTime = Date.now() - PLAIN_DELAY_MS;
      });
    },
  };
}

function bodyText(body: unknown): string {
  if (typeof body === 'string') return body;
  // Keys and segments are asked for as bytes, and so is the problem document in their place.
  if (body instanceof ArrayBuffer) return new TextDecoder().decode(body);
  return '';
}
