/**
 * The shapes of docs/api.md, written by hand. JSON is camelCase, times are ISO 8601 in UTC,
 * durations and positions are seconds. They give way to types generated from openapi.json.
 */

export type Role = 'student' | 'instructor' | 'admin' | 'service';

export interface Me {
  userId: string;
  role: Role;
  name: string | null;
  email: string | null;
}

export interface Demo {
  enabled: boolean;
  courseId: string;
}

export interface DemoSignIn {
  token: string;
  expiresAt: string;
  userId: string;
  name: string;
  role: Role;
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

export type VideoState = 'uploading' | 'processing' | 'playable' | 'ready' | 'failed';

export interface VideoError {
  code: string;
  message: string;
}

export interface RenditionStatus {
  name: string;
  /** Null for sound alone. */
  width: number | null;
  height: number | null;
  percent: number;
}

export interface VideoStatus {
  videoId: string;
  chapterId: string;
  status: VideoState;
  /** While it is being made. */
  stage: 'waiting' | 'examining' | 'encoding' | 'paused' | 'finishing' | null;
  percent: number;
  /** Seconds until it is ready, while somebody works on it. */
  eta: number | null;
  duration: number | null;
  width: number | null;
  height: number | null;
  fps: number | null;
  originalName: string | null;
  sizeBytes: number | null;
  renditions: RenditionStatus[];
  replacing: { status: VideoState; percent: number; eta: number | null; error: VideoError | null } | null;
  error: VideoError | null;
}

/** `renditions`: name -> stretches [from, to] in seconds that are there; empty once everything is. */
export interface Availability {
  isComplete: boolean;
  renditions: Record<string, [number, number][]>;
}

export interface VideoAccepted {
  videoId: string;
  status: VideoState;
}

export interface AccessToken {
  token: string;
  streamUrl: string;
  expiresAt: string;
}

export interface Thumbnail {
  time: number;
  url: string;
  width: number;
  height: number;
}

export interface PlaybackSession {
  sessionId: string;
  masterUrl: string;
  managedMasterUrl: string;
  renewUrl: string;
  beatUrl: string;
  expiresAt: string;
  videoId: string;
  chapterId: string;
  duration: number;
  firstWatchRestricted: boolean;
}

export interface PlayedInterval {
  from: number;
  to: number;
  rate: number;
}

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

/** What the player does after the intervals of a beat; `ended`: the viewer left. */
export type BeatState = 'playing' | 'paused' | 'ended';

export interface Beat {
  seq: number;
  sentAt: string;
  intervals: PlayedInterval[];
  position: number;
  state: BeatState;
  /** Seconds since it was made: more than none where it waited for a network. */
  age?: number;
}

export interface ProgressDocument {
  chapterId: string;
  courseId: string;
  videoId: string | null;
  currentPosition: number;
  totalDuration: number | null;
  watchPercentage: number;
  isCompleted: boolean;
  completedAt: string | null;
  frontier: number;
  maxSeek: number;
  gaps: { from: number; to: number }[];
  watchedSeconds: number;
  nextChapterId: string | null;
  nextChapterUnlocked: boolean;
  updatedAt: string | null;
}

export type LockedReason = 'not_enrolled' | 'enrollment_not_started' | 'enrollment_ended' | 'previous_chapter';

export interface CourseSummary {
  id: string;
  title: string;
  chapterCount: number;
  isEnrolled: boolean;
  /** Percent of the course, plain or inside its document; null where the viewer has none (staff). */
  progress: number | { overallPercentage: number } | null;
  /** A picture of the first film the viewer may open. */
  posterUrl: string | null;
}

export interface ChapterProgress {
  watchPercentage: number;
  currentPosition: number;
  isCompleted: boolean;
}

export interface Chapter {
  id: string;
  title: string;
  position: number;
  isFree: boolean;
  firstWatchRestricted: boolean;
  videoId: string | null;
  videoStatus: VideoState | null;
  videoPercent: number | null;
  duration: number | null;
  posterUrl: string | null;
  isLocked: boolean;
  lockedReason: LockedReason | null;
  requiresChapterId?: string | null;
  progress: ChapterProgress | null;
}

export interface Course {
  id: string;
  title: string;
  isSequential: boolean;
  isEnrolled: boolean;
  chapters: Chapter[];
}

export type ChapterState = 'not_started' | 'in_progress' | 'completed';

export interface CourseProgress {
  courseId: string;
  title: string;
  overallPercentage: number;
  chaptersCompleted: number;
  chaptersTotal: number;
  totalWatchTime: number;
  lastWatched: { chapterId: string; currentPosition: number } | null;
  chapters: {
    chapterId: string;
    title: string;
    state: ChapterState;
    watchPercentage: number;
    watchedSeconds: number;
    currentPosition: number;
    isCompleted: boolean;
    isLocked: boolean;
    lockedReason: LockedReason | null;
  }[];
}
