/**
 * The only file that knows video.js. It is loaded lazily: the library is several times the rest of the app,
 * and a page with a locked or failed film never needs it.
 */
import type videojsFactory from 'video.js';
import { ApiError, parseProblem } from '../api/errors';

type VideoJs = ReturnType<typeof videojsFactory>;

interface QualityLevel {
  height?: number;
  bandwidth: number;
  enabled: boolean;
}

interface QualityLevelList {
  readonly length: number;
  readonly selectedIndex: number;
  readonly [index: number]: QualityLevel;
  on(event: 'addqualitylevel' | 'removequalitylevel' | 'change', listener: () => void): void;
}

interface VhsResponse {
  statusCode?: number;
  url?: string;
  responseType?: string;
  body?: unknown;
}

type VhsXhr = { onResponse(hook: (request: unknown, error: unknown, response: VhsResponse) => void): void };

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
  /** Allows exactly these heights; a height the stream lacks is ignored, and an empty result allows everything. */
  enableHeights(wanted: (height: number) => boolean): void;
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

  // VHS asks for a refused key for ever and raises no error, so refusals are read here, as they pass.
  player.on('xhr-hooks-ready', () => {
    const tech = player.tech({ IWillNotUseThisInPlugins: true }) as unknown as { vhs?: { xhr: VhsXhr } };
    tech.vhs?.xhr.onResponse((_request, _error, response) => {
      const status = response.statusCode ?? 0;
      if (status >= 400 && status < 500) onRefusal(new ApiError(status, parseProblem(bodyText(response.body))));
    });
  });

  const levels = (): QualityLevelList => (player as unknown as { qualityLevels(): QualityLevelList }).qualityLevels();
  const eachLevel = (visit: (level: QualityLevel) => void): void => {
    const list = levels();
    for (let i = 0; i < list.length; i += 1) visit(list[i]!);
  };

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
      const heights = new Set<number>();
      eachLevel(({ height }) => height && heights.add(height));
      return [...heights].toSorted((a, b) => b - a);
    },
    activeHeight() {
      const list = levels();
      return list[list.selectedIndex]?.height ?? null;
    },
    enableHeights(wanted) {
      const matching: QualityLevel[] = [];
      const others: QualityLevel[] = [];
      eachLevel((level) => (wanted(level.height ?? 0) ? matching : others).push(level));
      // First allow, then forbid: with nothing allowed, VHS would pick on its own for a moment.
      for (const level of matching) if (!level.enabled) level.enabled = true;
      for (const level of others) {
        const enabled = matching.length === 0;
        if (level.enabled !== enabled) level.enabled = enabled;
      }
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
