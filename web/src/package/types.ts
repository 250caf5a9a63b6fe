import type { ProgressDocument } from '../api/types';

export type { ProgressDocument } from '../api/types';
export type { PlayerEvents, RemoteState } from '../player/events';

/** The platform's JWT, asked for on each call, so that it may be refreshed meanwhile. */
export type GetAuthToken = () => string | null | Promise<string | null>;

export interface VideoPlayerProps {
  videoId: string;
  chapterId: string;
  getAuthToken: GetAuthToken;
  /** Where Lectern is, as `https://video.school.example`; the page's own origin if absent. */
  apiUrl?: string;
  /** At first, and after each beat. `progress.watchPercentage` is 0 to 100. */
  onProgressUpdate?: (progress: ProgressDocument) => void;
  /** Once, when the chapter is completed during this view. */
  onComplete?: (progress: ProgressDocument) => void;
  /** `ka` or `en`; without it the page's language. */
  lang?: string;
  title?: string;
  /** Said beside the title where the system shows what plays. */
  courseTitle?: string;
  posterUrl?: string | null;
  /** Start without a click, where the browser and the question where to go on allow it. */
  autoplay?: boolean;
  /** Seconds: begin here, and ask nobody where to go on. */
  startAt?: number | null;
  /** `page`: keys work wherever the focus is, unless something there uses them. `player`: only inside the player. */
  hotkeys?: 'page' | 'player';
  /** Places of the film with a name of their own; `time` in seconds. */
  markers?: readonly { time: number; title: string }[];
  /** Who watches, for the watermark where the server asks for one; else it says the user's id. */
  viewer?: { name?: string | null; email?: string | null };
  /** Offers the file, where the viewer may take it home; the server decides again. */
  canDownload?: boolean;
  /** Lays the transcript over the film instead of under it. */
  transcriptOver?: boolean;
  nextTitle?: string | null;
  /** Offers the next chapter at the end. */
  onNext?: (chapterId: string) => void;
  onBack?: () => void;
  /** The JWT was refused. */
  onUnauthorized?: () => void;
}

/** What a page may say of the film beyond the element's attributes. */
export type FilmOptions = Pick<VideoPlayerProps, 'courseTitle' | 'markers' | 'viewer' | 'canDownload' | 'transcriptOver'>;
