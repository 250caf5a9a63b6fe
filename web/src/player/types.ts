import type { Client } from '../api/client';
import type { ProgressDocument, VideoStatus } from '../api/types';
import type { Translate } from '../i18n';
import type { CaptionTrack } from './captions';
import type { Playback } from './playback';
import type { CaptionStyle, Prefs } from './prefs';

/** What a host gives the player. The first four names are those of the React component and of the custom element. */
export interface PlayerOptions {
  videoId: string;
  chapterId: string;
  onProgressUpdate?: (progress: ProgressDocument) => void;
  onComplete?: (progress: ProgressDocument) => void;

  /** Base of the API; the page's own origin if absent. */
  apiUrl?: string;
  /** The platform's JWT, asked for on each call, so that it may be refreshed meanwhile. */
  getAuthToken: () => string | null | Promise<string | null>;
  onUnauthorized?: () => void;

  /** In place of the client with the platform's JWT: for a viewer who has no more than a session. */
  client?: Client;

  translate: Translate;
  title?: string;
  /** Said beside the title where the system shows what plays. */
  courseTitle?: string;
  posterUrl?: string | null;
  /** Seconds into the film to begin at, in place of where an earlier visit stopped. */
  startAt?: number | null;
  /** Places of the film with a name of their own. */
  markers?: readonly Marker[];
  /** Who watches, for the watermark where the server asks for one. */
  viewer?: { name?: string | null; email?: string | null };
  /** Whether the viewer may take the film home; the server decides again. */
  canDownload?: boolean;
  /** Start without a click, where the browser and the resume question allow it. */
  autoplay?: boolean;
  /** What to begin with in place of what the browser remembers. */
  prefs?: Partial<Prefs>;
  /** `page`: keys work wherever the focus is, unless something there uses them. `player`: only inside the player. */
  hotkeys?: 'page' | 'player';
  /** Once, when the player is in the page: its handle, for a host that seeks or listens itself. */
  onReady?: (playback: Playback) => void;
  /** Lays the transcript over the film instead of under it, where nothing but the film has room. */
  transcriptOver?: boolean;
  nextTitle?: string | null;
  onNext?: (chapterId: string) => void;
  onBack?: () => void;
}

/** A full-surface message instead of the film, each with one next step. */
export type Face =
  | { kind: 'processing'; percent: number }
  | { kind: 'failed'; code: string; message: string }
  | { kind: 'locked' }
  | { kind: 'notEntitled' }
  | { kind: 'deleted' }
  | { kind: 'elsewhere' }
  | { kind: 'signedOut' }
  | { kind: 'tokenNeeded' }
  | { kind: 'offline' }
  | { kind: 'broken'; code: string; message: string };

export interface Quality {
  /** The shorter side of the picture: 720 for 720p. */
  lines: number;
  /** False while this rendition is still being made. */
  available: boolean;
}

export interface Marker {
  /** Seconds. */
  time: number;
  title: string;
}

export type PanelName = 'help' | 'captionStyle' | 'diagnostics';

export type WatermarkPart = 'name' | 'email' | 'userId' | 'time';

export type QualityChoice = 'auto' | number;

export type Toast = { kind: 'held'; until: number } | { kind: 'unmute' } | { kind: 'offline' } | { kind: 'completed' } | { kind: 'copied' } | { kind: 'refused'; text: string };

export interface PlayerState {
  /** loading -> ready (poster, waiting for a click) -> opening -> active; face replaces any of them. */
  phase: 'loading' | 'ready' | 'opening' | 'active' | 'face';
  face: Face | null;
  status: VideoStatus | null;
  /** Of a film that is still being made: rendition -> stretches [from, to] in seconds that are there. */
  made: Readonly<Record<string, readonly (readonly [number, number])[]>> | null;
  progress: ProgressDocument | null;
  /** Where an earlier visit stopped, if that is worth asking about. */
  resumeAt: number | null;
  audioOnly: boolean;

  playing: boolean;
  waiting: boolean;
  ended: boolean;
  position: number;
  duration: number;
  buffered: number;
  muted: boolean;
  volume: number;
  rate: number;
  qualities: readonly Quality[];
  quality: QualityChoice;
  activeQuality: number | null;
  captions: readonly CaptionTrack[];
  /** The language that is shown; null for none. */
  caption: string | null;
  fullscreen: boolean;
  pip: boolean;

  captionStyle: CaptionStyle;
  transcript: boolean;
  panel: PanelName | null;
  /** Percent of the file that is being made to be taken home; null when none is. */
  downloading: number | null;
  watermark: readonly WatermarkPart[];
  viewer: { name: string | null; email: string | null; userId: string };

  restricted: boolean;
  maxSeek: number;
  toast: Toast | null;
}

export const rates = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;

export function initialState({ volume, muted, rate, quality, captionStyle, transcript }: Prefs): PlayerState {
  return {
    phase: 'loading',
    face: null,
    status: null,
    made: null,
    progress: null,
    resumeAt: null,
    audioOnly: false,
    playing: false,
    waiting: false,
    ended: false,
    position: 0,
    duration: 0,
    buffered: 0,
    muted,
    volume,
    rate,
    qualities: [],
    quality,
    activeQuality: null,
    captions: [],
    caption: null,
    fullscreen: false,
    pip: false,
    captionStyle,
    transcript,
    panel: null,
    downloading: null,
    watermark: [],
    viewer: { name: null, email: null, userId: '' },
    restricted: false,
    maxSeek: Infinity,
    toast: null,
  };
}
