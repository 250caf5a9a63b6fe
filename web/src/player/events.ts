import type { ProgressDocument } from '../api/types';

/** What a player says to a host that only listens: the custom element, or the page around a frame. Times in seconds. */
export type PlayerEvents = {
  /** The film is known and can be started. */
  ready: { duration: number };
  play: { currentTime: number };
  pause: { currentTime: number };
  timeupdate: { currentTime: number; duration: number };
  ended: { currentTime: number };
  /** The progress document: at first, and after each beat. */
  progress: ProgressDocument;
  /** Once, when the chapter is completed during this view. */
  complete: ProgressDocument;
  /** What stands in place of the film: `kind` says which message, `code` why, where there is a code. */
  error: { kind: string; code: string | null; message: string | null };
  qualitychange: { quality: number | null };
};

export type Listener = <T extends keyof PlayerEvents>(type: T, detail: PlayerEvents[T]) => void;

export interface RemoteState {
  /** The film is shown while it is `active`; a message stands in its place while it is `face`. */
  phase: 'loading' | 'ready' | 'opening' | 'active' | 'face';
  currentTime: number;
  duration: number;
  paused: boolean;
  ended: boolean;
  volume: number;
  muted: boolean;
  rate: number;
  quality: number | null;
  captions: string | null;
  captionLanguages: string[];
  watchPercentage: number | null;
  isCompleted: boolean;
}
