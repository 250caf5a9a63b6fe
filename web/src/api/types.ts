/**
 * The names the app uses for the shapes of the API. All come from `schema.ts`, which is generated; what stands here is
 * narrower only where a field is one of a few words, or where the API takes any event and the player knows its own.
 */
import type * as Schema from './schema';

export type { AccessToken, CourseSummary, Demo, GoOn, Me, Role, Stats, Thumbnail } from './schema';

export type VideoState = 'uploading' | 'processing' | 'playable' | 'ready' | 'failed';
export type VideoError = Schema.Fault;
export type DemoSignIn = Schema.DemoSession;
export type VideoAccepted = Schema.UploadAccepted & { status: VideoState };

export type VideoStatus = Omit<Schema.VideoStatusAnswer, 'status' | 'stage' | 'replacing'> & {
  status: VideoState;
  /** While it is being made. */
  stage: 'waiting' | 'examining' | 'encoding' | 'paused' | 'finishing' | null;
  replacing: (Omit<Schema.ReplacementStatus, 'status'> & { status: VideoState }) | null;
};

/** `renditions`: name -> stretches [from, to] in seconds that are there; empty once everything is. */
export type Availability = Omit<Schema.Availability, 'renditions'> & { renditions: Record<string, [number, number][]> };

export type PlaybackSession = Schema.PlaybackSessionAnswer & {
  /** Of a session that another page of this viewer used before: beats and batches are numbered from here on. */
  firstSeq?: number;
};
export type ProgressDocument = Schema.ProgressAnswer;
export type BeatState = NonNullable<Schema.Beat['state']>;
export type PlayedInterval = Required<Schema.Interval>;
export type Beat = Omit<Schema.Beat, 'intervals'> & { seq: number; sentAt: string; intervals: PlayedInterval[] };

export type LockedReason = 'not_enrolled' | 'enrollment_not_started' | 'enrollment_ended' | 'refused_by_platform' | 'previous_chapter';
export type ChapterProgress = Schema.ChapterProgress;
export type Chapter = Omit<Schema.ChapterAnswer, 'videoStatus' | 'lockedReason'> & {
  videoStatus: VideoState | null;
  lockedReason: LockedReason | null;
};
export type Course = Omit<Schema.CourseAnswer, 'chapters'> & { chapters: Chapter[] };
export type CourseProgress = Schema.CourseProgress;
export type ChapterState = Schema.ChapterState['state'];

export type TelemetryType =
  | 'session_start'
  | 'session_end'
  | 'quality_change'
  | 'stall'
  | 'startup'
  | 'error'
  | 'bandwidth'
  | 'fullscreen'
  | 'pip'
  | 'speed';

/** Something that happened in a viewing session; which members matter depends on `type` (docs/analytics.md). */
export interface TelemetryEvent {
  type: TelemetryType;
  /** Place in the film, seconds. */
  at: number;
  time: string;
  quality?: string;
  fromQuality?: string;
  duration?: number;
  code?: string;
  message?: string;
  rendition?: string;
  bytes?: number;
  rate?: number;
  entered?: boolean;
}

/** `seq` is the batch's own number within its session: sent again under it, it counts once. */
export interface TelemetryBatch {
  sessionId: string;
  seq: number;
  events: TelemetryEvent[];
}

/** The body of an RFC 9457 answer; members beyond these belong to the code. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
  requestId?: string;
  [member: string]: unknown;
}
