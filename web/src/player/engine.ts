/**
 * The only file that knows video.js. It is loaded lazily: the library is several times the rest of the app,
 * and a page with a locked or failed film never needs it.
 */
import type videojsFactory from 'video.js';
import { ApiError, parseProblem } from '../api/errors';

type VideoJs = ReturnType<typeof videojsFactory>;

interface QualityLevelList {
  readonly selectedIndex: number;
  readonly [index: number]: { height?: number };
  on(event: 'addqualitylevel' | 'removequalitylevel' | 'change', listener: () => void): void;
}

/** Of VHS, which has no types of its own, just what is used here. */
interface Representation {
  height?: number;
  playlist: { disabled?: boolean };
  enabled(enable: boolean): void;
}

interface VhsResponse {
  statusCode?: number;
  url?: string;
  responseType?: string;
  body?: unknown;
}

interface Vhs {
  xhr: { onResponse(hook: (request: unknown, error: unknown, response: VhsResponse) => void): void };
  representations(): Representation[];
}

declare global {
  interface Window {
    /** For diagnostics: the video.js instance of the player on the page. */
    __lecternPlayer?: VideoJs;
    VIDEOJS_NO_DYNAMIC_STYLE?: boolean;
  }
}

export interface Engine {
  readonly player: VideoJs;
  readonly video: HTMLVideoElement;
  /** Resolves when the length is known and `startAt` is set; then `play` may be called. */
  load(masterUrl: string, startAt: number): Promise<void>;
  heights(): number[];
  activeHeight(): number | null;
  /** The renditions that may be chosen from, as of the next segment; if none is wanted, all are allowed. */
  allowHeights(wanted: (height: number) => boolean): void;
  /** Shows this height as soon as it can be loaded. */
  switchTo(height: number): void;
  onQualities(listener: () => void): void;
  dispose(): void;
}

/** Loads the library ahead of the click that needs it. */
export function loadLibrary(): Promise<typeof videojsFactory> {
  // Without this, video.js writes <style> elements, which a strict Content-Security-Policy refuses; player.css does their work.
  window.VIDEOJS_NO_DYNAMIC_STYLE = true;
  return import('video.js').then((module) => module.default);
}

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
      useDevicePixelRatio: true,
    },
    nativeAudioTracks: false,
    nativeVideoTracks: false,
  },
};

/** Builds a video element inside `stage`; `dispose` takes it away again. */
export async function createEngine(stage: HTMLElement, onRefusal: (error: ApiError) => void): Promise<Engine> {
  const videojs = await loadLibrary();
  const video = document.createElement('video');
  video.playsInline = true;
  video.disableRemotePlayback = true;
  stage.append(video);
  const player = videojs(video, options);
  window.__lecternPlayer = player;

  const vhs = (): Vhs | undefined => (player.tech({ IWillNotUseThisInPlugins: true }) as unknown as { vhs?: Vhs } | undefined)?.vhs;

  // VHS asks for a refused key for ever and raises no error, so refusals are read here, as they pass.
  player.on('xhr-hooks-ready', () => {
    vhs()?.xhr.onResponse((_request, _error, response) => {
      const status = response.statusCode ?? 0;
      if (status >= 400 && status < 500) onRefusal(new ApiError(status, parseProblem(bodyText(response.body))));
    });
  });

  const levels = (): QualityLevelList => (player as unknown as { qualityLevels(): QualityLevelList }).qualityLevels();
  const representations = (): Representation[] => vhs()?.representations() ?? [];

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
    heights() {
      const heights = representations().flatMap(({ height }) => height ?? []);
      return [...new Set(heights)].toSorted((a, b) => b - a);
    },
    activeHeight() {
      const list = levels();
      return list[list.selectedIndex]?.height ?? null;
    },
    allowHeights(wanted) {
      const matching = representations().filter(({ height }) => wanted(height ?? 0));
      for (const one of representations()) {
        if (matching.length > 0 && !matching.includes(one)) one.enabled(false);
        // Not by `enabled(true)`: VHS would throw the buffer away and switch to this rendition at once.
        else delete one.playlist.disabled;
      }
    },
    switchTo(height) {
      const target = representations().find((one) => one.height === height);
      // VHS switches at once only to a rendition that was disabled; otherwise it would first play out all it has buffered.
      target?.enabled(false);
      target?.enabled(true);
    },
    onQualities(listener) {
      const list = levels();
      for (const event of ['addqualitylevel', 'removequalitylevel', 'change'] as const) list.on(event, listener);
    },
    dispose() {
      if (window.__lecternPlayer === player) delete window.__lecternPlayer;
      player.dispose();
    },
  };
}

function bodyText(body: unknown): string {
  if (typeof body === 'string') return body;
  // Keys and segments are asked for as bytes, and so is the problem document in their place.
  if (body instanceof ArrayBuffer) return new TextDecoder().decode(body);
  return '';
}
