// Made by `npm run api` from services/gateway/public-api.json; not to be edited.

export type Scope =
  | "tokens"
  | "courses"
  | "enrollments"
  | "videos"
  | "progress"
  | "*";

/** Role */
export type Role = "student" | "instructor" | "admin" | "service";

/**
 * JobState
 * What a queue's page calls it: ``delayed`` waits for its next attempt, ``paused`` for a person.
 */
export type JobState =
  | "waiting"
  | "active"
  | "delayed"
  | "paused"
  | "completed"
  | "failed";

/** Action */
export type Action =
  | "sign_in"
  | "token_issue"
  | "token_spend"
  | "session_renew"
  | "session_end"
  | "device_sign_out"
  | "playlist"
  | "key"
  | "segment"
  | "beat"
  | "download"
  | "download_file"
  | "key_rotate"
  | "key_rewrap"
  | "api_key_create"
  | "api_key_revoke"
  | "user_export"
  | "user_erase"
  | "webhook_create"
  | "webhook_change"
  | "webhook_delete"
  | "webhook_secret"
  | "call";

/** Accepted */
export interface Accepted {
  /** Accepted */
  accepted: number;
}

/** AccessToken */
export interface AccessToken {
  /** Expiresat */
  expiresAt: string;
  /** Streamurl */
  streamUrl: string;
  /** Token */
  token: string;
}

/** ApiKeyAnswer */
export interface ApiKeyAnswer {
  /** Createdat */
  createdAt: string;
  /** Createdby */
  createdBy: string;
  /** Expiresat */
  expiresAt: string | null;
  /** Id */
  id: string;
  /** Lastusedat */
  lastUsedAt: string | null;
  /** Name */
  name: string;
  /** Revokedat */
  revokedAt: string | null;
  /** Scopes */
  scopes: string[];
}

/** ApiKeyList */
export interface ApiKeyList {
  /** Apikeys */
  apiKeys: ApiKeyAnswer[];
}

/** Attempt */
export interface Attempt {
  /** Answer */
  answer: string | null;
  /** At */
  at: string;
  /** Durationms */
  durationMs: number;
  /** Problem */
  problem: string | null;
  /** Status */
  status: number | null;
}

/** AuditPage */
export interface AuditPage {
  /** Entries */
  entries: Entry[];
  /** Nextcursor */
  nextCursor: string | null;
}

/**
 * Availability
 * ``renditions``: name -> [from, to] in seconds of each stretch that is in storage; empty where everything is.
 */
export interface Availability {
  /** Iscomplete */
  isComplete: boolean;
  /** Renditions */
  renditions: Record<string, number[][]>;
}

/** BandwidthFigures */
export interface BandwidthFigures {
  /** Bytes */
  bytes: number;
  /** Bytesbyrendition */
  bytesByRendition: Record<string, number>;
  /** Cost */
  cost: number;
  /** Courseid */
  courseId: string;
  /** Downloadedbytes */
  downloadedBytes: number;
  /** Gigabytes */
  gigabytes: number;
  /** Streamedbytes */
  streamedBytes: number;
  /** Title */
  title: string | null;
}

/** BandwidthPage */
export interface BandwidthPage {
  /** Items */
  items: BandwidthFigures[];
  /** Next */
  next: string | null;
  /** Pricepergb */
  pricePerGb: number;
}

/**
 * BatchStatus
 * ``notFound`` are those that there are not, and those of courses of others.
 */
export interface BatchStatus {
  /** Notfound */
  notFound: string[];
  /** Videos */
  videos: VideoStatusAnswer[];
}

/** BatchWanted */
export interface BatchWanted {
  /**
   * Videoids
   * @maxItems 200
   * @minItems 1
   */
  videoIds: string[];
}

/** Beat */
export interface Beat {
  /**
   * Age
   * @min 0
   * @max 2592000
   * @default 0
   */
  age?: number;
  /**
   * Intervals
   * @maxItems 1000
   */
  intervals?: Interval[];
  /**
   * Position
   * @default null
   */
  position?: number | null;
  /**
   * Sentat
   * @default null
   */
  sentAt?: string | null;
  /**
   * Seq
   * @min 0
   * @max 9007199254740992
   * @default 0
   */
  seq?: number;
  /**
   * State
   * @default null
   */
  state?: "playing" | "paused" | "ended" | null;
}

/**
 * CaptionChange
 * What is left out stays as it is.
 */
export interface CaptionChange {
  /** Isdefault */
  isDefault?: boolean | null;
  /** Kind */
  kind?: "captions" | "subtitles" | null;
  /** Label */
  label?: string | null;
  /** State */
  state?: "draft" | "published" | null;
}

/**
 * CaptionDraft
 * A draft that staff asked for and that is not there yet. ``error`` says why there will be none.
 */
export interface CaptionDraft {
  /** Error */
  error: string | null;
  /** Language */
  language: string;
  /** Message */
  message: string | null;
  /** Status */
  status: "preparing" | "failed";
}

/**
 * CaptionList
 * ``drafting`` is empty for who does not teach the course, as are drafts among ``captions``.
 */
export interface CaptionList {
  /** Captions */
  captions: Captions[];
  /** Drafting */
  drafting: CaptionDraft[];
  /** Videoid */
  videoId: string;
}

/**
 * CaptionSearch
 * ``isComplete`` is false where there is more than ``results`` has.
 */
export interface CaptionSearch {
  /**
   * Iscomplete
   * @default true
   */
  isComplete?: boolean;
  /** Query */
  query: string;
  /** Results */
  results: FoundCue[];
  /** Videoid */
  videoId: string;
}

/**
 * Captions
 * One language. ``url`` is the plain track as WebVTT; with ``.srt`` in place of ``.vtt`` it is SubRip.
 */
export interface Captions {
  /** Cuecount */
  cueCount: number;
  /** Isdefault */
  isDefault: boolean;
  /** Kind */
  kind: "captions" | "subtitles";
  /** Label */
  label: string;
  /** Language */
  language: string;
  /** Source */
  source: "upload" | "embedded" | "transcription";
  /** State */
  state: "draft" | "published";
  /** Updatedat */
  updatedAt: string;
  /** Url */
  url: string;
}

/** ChapterAnswer */
export interface ChapterAnswer {
  /** Candownload */
  canDownload: boolean;
  /** Completionpercentage */
  completionPercentage: number;
  /** Downloadpolicy */
  downloadPolicy: string | null;
  /** Duration */
  duration: number | null;
  /** Firstwatchrestricted */
  firstWatchRestricted: boolean;
  /** Id */
  id: string;
  /** Isfree */
  isFree: boolean;
  /** Islocked */
  isLocked: boolean;
  /** Lockedreason */
  lockedReason: string | null;
  /** Position */
  position: number;
  /** Posterurl */
  posterUrl: string | null;
  progress: ChapterProgress;
  /** Requireschapterid */
  requiresChapterId: string | null;
  /** Title */
  title: string;
  /** Videoid */
  videoId: string | null;
  /** Videopercent */
  videoPercent: number | null;
  /** Videostatus */
  videoStatus: string | null;
}

/** ChapterFigures */
export interface ChapterFigures {
  /** Chapterid */
  chapterId: string;
  /** Completed */
  completed: number;
  /** Completionshare */
  completionShare: number;
  /** Courseid */
  courseId: string;
  /** Started */
  started: number;
  /** Title */
  title: string | null;
}

/** ChapterInput */
export interface ChapterInput {
  /** Completionpercentage */
  completionPercentage?: number | null;
  /**
   * Firstwatchrestricted
   * @default false
   */
  firstWatchRestricted?: boolean;
  /**
   * Id
   * @pattern ^[A-Za-z0-9._:-]{1,128}$
   */
  id: string;
  /**
   * Isfree
   * @default false
   */
  isFree?: boolean;
  /** Position */
  position?: number | null;
  /**
   * Title
   * @minLength 1
   * @maxLength 500
   */
  title: string;
}

/** ChapterPage */
export interface ChapterPage {
  /** Items */
  items: ChapterFigures[];
  /** Next */
  next: string | null;
}

/** ChapterProgress */
export interface ChapterProgress {
  /** Currentposition */
  currentPosition: number;
  /** Iscompleted */
  isCompleted: boolean;
  /** Watchpercentage */
  watchPercentage: number;
}

/** ChapterState */
export interface ChapterState {
  /** Chapterid */
  chapterId: string;
  /** Completedat */
  completedAt: string | null;
  /** Currentposition */
  currentPosition: number;
  /** Iscompleted */
  isCompleted: boolean;
  /** Islocked */
  isLocked: boolean;
  /** Lockedreason */
  lockedReason: string | null;
  /** State */
  state: "not_started" | "in_progress" | "completed";
  /** Title */
  title: string;
  /** Totalduration */
  totalDuration: number | null;
  /** Watchpercentage */
  watchPercentage: number;
  /** Watchedseconds */
  watchedSeconds: number;
}

/** ChunkAnswer */
export interface ChunkAnswer {
  /** Attempts */
  attempts: number;
  /** Encodedseconds */
  encodedSeconds: number;
  /** Errorcode */
  errorCode: string | null;
  /** Errordetail */
  errorDetail: string | null;
  /** Errormessage */
  errorMessage: string | null;
  /** Firstsegment */
  firstSegment: number;
  /** Id */
  id: string;
  /** Index */
  index: number;
  /** Kind */
  kind: string;
  /** Ondemand */
  onDemand: boolean;
  /** Renditions */
  renditions: string[];
  /** Seconds */
  seconds: number;
  /** Segmentcount */
  segmentCount: number;
  /** State */
  state: string;
  /** Worker */
  worker: string | null;
}

/** CostsAnswer */
export interface CostsAnswer {
  /** Courses */
  courses: CourseCosts[];
  /**
   * Currency
   * @default "USD"
   */
  currency?: "USD";
  /** Inputs */
  inputs: Input[];
  /** Prices */
  prices: Price[];
  /** Pricesasof */
  pricesAsOf: string;
  /** Providers */
  providers: ProviderCosts[];
  /** What the bills are made of. Bytes, and numbers of operations in a month. */
  usage: MonthlyUsage;
}

/** CourseAnswer */
export interface CourseAnswer {
  /** Chapters */
  chapters: ChapterAnswer[];
  /** Completionpercentage */
  completionPercentage: number;
  /** Downloads */
  downloads: string;
  /** Enrollmentendsat */
  enrollmentEndsAt: string | null;
  /** Enrollmentstartsat */
  enrollmentStartsAt: string | null;
  /** Id */
  id: string;
  /** Instructors */
  instructors: string[] | null;
  /** Isenrolled */
  isEnrolled: boolean;
  /** Issequential */
  isSequential: boolean;
  /** Isstaff */
  isStaff: boolean;
  /** Studentsmaycomplete */
  studentsMayComplete: boolean;
  /** Title */
  title: string;
}

/** CourseBytes */
export interface CourseBytes {
  /** Bytes */
  bytes: number;
  /** Courseid */
  courseId: string | null;
}

/**
 * CourseCosts
 * A course's part in each provider's bill, in proportion to what is measured of it.
 */
export interface CourseCosts {
  /** Courseid */
  courseId: string;
  /** Egressbytes */
  egressBytes: number;
  /** Providers */
  providers: ProviderCosts[];
  /** Storedbytes */
  storedBytes: number;
}

/**
 * CourseFigures
 * How far a student is in one course; ``completed_at``: when the last of its chapters was completed first.
 */
export interface CourseFigures {
  /** Chapterscompleted */
  chaptersCompleted: number;
  /** Chapterstotal */
  chaptersTotal: number;
  /** Completedat */
  completedAt: string | null;
  /** Courseid */
  courseId: string;
  /** Lastwatchedat */
  lastWatchedAt: string | null;
  /** Overallpercentage */
  overallPercentage: number;
  /** Title */
  title: string;
  /** Totalwatchtime */
  totalWatchTime: number;
}

/** CourseInput */
export interface CourseInput {
  /**
   * Chapters
   * @maxItems 2000
   */
  chapters?: ChapterInput[];
  /** Completionpercentage */
  completionPercentage?: number | null;
  /** Downloads */
  downloads?: "off" | "enrolled" | null;
  /** Instructors */
  instructors?: string[] | null;
  /**
   * Issequential
   * @default false
   */
  isSequential?: boolean;
  /** Studentsmaycomplete */
  studentsMayComplete?: boolean | null;
  /**
   * Title
   * @minLength 1
   * @maxLength 500
   */
  title: string;
}

/** CourseList */
export interface CourseList {
  /** Courses */
  courses: CourseSummary[];
}

/** CourseProgress */
export interface CourseProgress {
  /** Chapters */
  chapters: ChapterState[];
  /** Chapterscompleted */
  chaptersCompleted: number;
  /** Chapterstotal */
  chaptersTotal: number;
  /** Courseid */
  courseId: string;
  lastWatched: LastWatched | null;
  /** Overallpercentage */
  overallPercentage: number;
  /** Title */
  title: string;
  /** Totalwatchtime */
  totalWatchTime: number;
}

/** CourseSummary */
export interface CourseSummary {
  /** Chaptercount */
  chapterCount: number;
  /** Id */
  id: string;
  /** Isenrolled */
  isEnrolled: boolean;
  /** Isstaff */
  isStaff: boolean;
  /** Posterurl */
  posterUrl: string | null;
  /** Progress */
  progress: number;
  /** Title */
  title: string;
}

/** DayBytes */
export interface DayBytes {
  /** Bytes */
  bytes: number;
  /** Date */
  date: string;
}

/** DayOfWatching */
export interface DayOfWatching {
  /**
   * Date
   * @format date
   */
  date: string;
  /** Seconds */
  seconds: number;
}

/** Delivery */
export interface Delivery {
  /** Attempts */
  attempts: Attempt[];
  /** Createdat */
  createdAt: string;
  /** Eventid */
  eventId: string;
  /** Finishedat */
  finishedAt: string | null;
  /** Id */
  id: string;
  /** Nextattemptat */
  nextAttemptAt: string | null;
  /** Replay */
  replay: number;
  /** State */
  state: "pending" | "delivered" | "failed";
  /** Type */
  type: string;
}

/**
 * DeliveryPage
 * The newest first; ``next`` goes into ``before`` and is null on the last page.
 */
export interface DeliveryPage {
  /** Deliveries */
  deliveries: Delivery[];
  /** Next */
  next: string | null;
}

/** Demo */
export interface Demo {
  /** Courseid */
  courseId: string;
  /** Enabled */
  enabled: boolean;
}

/** DemoSession */
export interface DemoSession {
  /** Expiresat */
  expiresAt: string;
  /** Name */
  name: string | null;
  role: Role;
  /** Token */
  token: string;
  /** Userid */
  userId: string;
}

/** DemoSignIn */
export interface DemoSignIn {
  /** Role */
  role: "admin" | "student";
}

/** Device */
export interface Device {
  /** Browser */
  browser: string;
  /** Firstseenat */
  firstSeenAt: string;
  /** Id */
  id: string;
  /** Lastseenat */
  lastSeenAt: string;
  /** Opensessions */
  openSessions: number;
  /** System */
  system: string;
}

/** Devices */
export interface Devices {
  /** Devices */
  devices: Device[];
}

/** DirectInput */
export interface DirectInput {
  /** Chapterid */
  chapterId?: string | null;
  /**
   * Filename
   * @maxLength 1000
   * @default ""
   */
  fileName?: string;
  /**
   * Size
   * @min 0
   */
  size: number;
  /** Videoid */
  videoId?: string | null;
}

/**
 * DirectUpload
 * Parts 1 to ``parts`` have ``partSize`` bytes each, but for the last.
 */
export interface DirectUpload {
  /** Expiresat */
  expiresAt: string;
  /** Partsize */
  partSize: number;
  /** Parts */
  parts: number;
  /** Uploadid */
  uploadId: string;
  /** Videoid */
  videoId: string;
}

/**
 * DownloadAnswer
 * While it is being made: ask again after ``Retry-After``. Afterwards ``url`` opens it without a header.
 */
export interface DownloadAnswer {
  /** Expiresat */
  expiresAt?: string | null;
  /** Filename */
  fileName: string;
  /** Percent */
  percent: number;
  /** Quality */
  quality: string;
  /** Sizebytes */
  sizeBytes?: number | null;
  /** Status */
  status: "preparing" | "ready";
  /** Url */
  url?: string | null;
}

/** DownloadPolicy */
export interface DownloadPolicy {
  /** Policy */
  policy: "inherit" | "off" | "enrolled";
}

/**
 * DownloadPolicyAnswer
 * ``effective`` is what follows from it and from the course: ``off`` or ``enrolled``.
 */
export interface DownloadPolicyAnswer {
  /** Effective */
  effective: string;
  /** Policy */
  policy: string;
  /** Videoid */
  videoId: string;
}

/** DraftWanted */
export interface DraftWanted {
  /**
   * Language
   * @minLength 2
   * @maxLength 35
   */
  language: string;
}

/** Engagement */
export interface Engagement {
  /** Chapterid */
  chapterId: string;
  /** Completedat */
  completedAt: string | null;
  /** Courseid */
  courseId: string;
  /** Coursetitle */
  courseTitle: string | null;
  /** Currentposition */
  currentPosition: number;
  /** Iscompleted */
  isCompleted: boolean;
  /** Rewinds */
  rewinds: number;
  /** Sessions */
  sessions: number;
  /** Startedat */
  startedAt: string | null;
  /** Title */
  title: string | null;
  /** Updatedat */
  updatedAt: string;
  /** Watchpercentage */
  watchPercentage: number;
  /** Watchtime */
  watchTime: number;
}

/** EngagementPage */
export interface EngagementPage {
  /** Items */
  items: Engagement[];
  /** Next */
  next: string | null;
  /** Userid */
  userId: string;
}

/**
 * Enrolled
 * ``enrolled`` rows stand as they were asked for, whether that changed anything or not.
 */
export interface Enrolled {
  /** Enrolled */
  enrolled: number;
  /** Errors */
  errors: RefusedRow[];
  /** Failed */
  failed: number;
}

/** EnrollmentAnswer */
export interface EnrollmentAnswer {
  /** Courseid */
  courseId: string;
  /** Endsat */
  endsAt: string | null;
  /** Startsat */
  startsAt: string | null;
  /** Userid */
  userId: string;
}

/** EnrollmentInput */
export interface EnrollmentInput {
  /** Endsat */
  endsAt?: string | null;
  /** Startsat */
  startsAt?: string | null;
}

/** EnrollmentPage */
export interface EnrollmentPage {
  /** Enrollments */
  enrollments: ListedEnrollment[];
  /** Next */
  next: string | null;
}

/** Entry */
export interface Entry {
  /** Action */
  action: string;
  /** Actorid */
  actorId: string | null;
  /** Apikeyid */
  apiKeyId: string | null;
  /** At */
  at: string;
  /** Chapterid */
  chapterId: string | null;
  /** Clientip */
  clientIp: string | null;
  /** Code */
  code: string | null;
  /** Count */
  count: number;
  /** Decision */
  decision: string;
  /** Deviceid */
  deviceId: string | null;
  /** Id */
  id: string;
  /** Requestid */
  requestId: string | null;
  /** Role */
  role: string | null;
  /** Sessionid */
  sessionId: string | null;
  /** Userid */
  userId: string | null;
  /** Videoid */
  videoId: string | null;
}

/** EventAnswer */
export interface EventAnswer {
  /** At */
  at: string;
  /** Attempt */
  attempt: number | null;
  /** Chunk */
  chunk: string | null;
  /** Code */
  code: string | null;
  /** Event */
  event: string;
  /** Message */
  message: string | null;
  /** Worker */
  worker: string | null;
}

/** EventBatch */
export interface EventBatch {
  /**
   * Events
   * @maxItems 500
   * @minItems 1
   */
  events: any[];
  /** Seq */
  seq?: number | null;
  /**
   * Sessionid
   * @format uuid
   */
  sessionId: string;
}

/**
 * EventPage
 * ``next`` goes into ``after`` of the next question, whether there is more by now or not.
 */
export interface EventPage {
  /** Events */
  events: any[];
  /** Hasmore */
  hasMore: boolean;
  /** Next */
  next: string;
}

/** ExperienceFigures */
export interface ExperienceFigures {
  /** Devices */
  devices: Record<string, number>;
  /** Errors */
  errors: number;
  /** Errorsbycode */
  errorsByCode: Record<string, number>;
  /** Key */
  key: string;
  /** Rebufferratio */
  rebufferRatio: number;
  /** Renditionshare */
  renditionShare: Record<string, number>;
  /** Sessions */
  sessions: number;
  /** Stalledseconds */
  stalledSeconds: number;
  /** Stalls */
  stalls: number;
  /** Startupp50 */
  startupP50: number | null;
  /** Startupp95 */
  startupP95: number | null;
  /** Startups */
  startups: number;
  /** Views */
  views: number;
}

/** ExperiencePage */
export interface ExperiencePage {
  /** Items */
  items: ExperienceFigures[];
  /** Next */
  next: string | null;
}

/** Fault */
export interface Fault {
  /** Code */
  code: string;
  /** Detail */
  detail?: string | null;
  /** Message */
  message: string;
}

/**
 * FoundCue
 * ``headline`` is the text as HTML, with what was found in ``<mark>`` and no other markup.
 */
export interface FoundCue {
  /** End */
  end: number;
  /** Headline */
  headline: string;
  /** Label */
  label: string;
  /** Language */
  language: string;
  /** Start */
  start: number;
  /** Text */
  text: string;
}

/**
 * FromExisting
 * A film for ``chapter_id`` from the stored source of the film ``video_id``.
 */
export interface FromExisting {
  /**
   * Chapterid
   * @pattern ^[A-Za-z0-9._:-]{1,128}$
   */
  chapterId: string;
  /**
   * Videoid
   * @format uuid
   */
  videoId: string;
}

/** Gap */
export interface Gap {
  /** From */
  from: number;
  /** To */
  to: number;
}

/**
 * GoOn
 * The chapter of a course to go on with: begun, or the next one after what was completed.
 */
export interface GoOn {
  /** Chapterid */
  chapterId: string;
  /** Courseid */
  courseId: string;
  /** Coursetitle */
  courseTitle: string;
  /** Currentposition */
  currentPosition: number;
  /** Lastwatchedat */
  lastWatchedAt: string;
  /** State */
  state: "in_progress" | "not_started";
  /** Title */
  title: string;
  /** Totalduration */
  totalDuration: number | null;
  /** Videoid */
  videoId: string;
  /** Watchpercentage */
  watchPercentage: number;
}

/** GoOnList */
export interface GoOnList {
  /** Chapters */
  chapters: GoOn[];
}

/** HistoryAnswer */
export interface HistoryAnswer {
  /** History */
  history: PastProgress[];
}

/**
 * IngestAccepted
 * ``videoId`` is there once the film is; until then ``GET /api/uploads/{uploadId}`` tells how far it is.
 */
export interface IngestAccepted {
  /**
   * Status
   * @default "uploading"
   */
  status?: string;
  /** Uploadid */
  uploadId: string;
  /** Videoid */
  videoId: string;
}

/** IngestInput */
export interface IngestInput {
  /** Chapterid */
  chapterId?: string | null;
  /** Filename */
  fileName?: string | null;
  /**
   * Url
   * @maxLength 4096
   */
  url: string;
  /** Videoid */
  videoId?: string | null;
}

/**
 * Input
 * A number that the estimate was made with, and where it is from.
 */
export interface Input {
  /** Name */
  name: string;
  /** Origin */
  origin: "given" | "measured" | "setting" | "assumed" | "derived";
  /** Unit */
  unit: string;
  /** Value */
  value: number;
}

/**
 * Interval
 * A stretch of the film that was played, at ``rate`` times its speed.
 */
export interface Interval {
  /**
   * From
   * @min 0
   * @max 360000
   */
  from: number;
  /**
   * Rate
   * @exclusiveMin 0
   * @max 16
   * @default 1
   */
  rate?: number;
  /**
   * To
   * @min 0
   * @max 360000
   */
  to: number;
}

/** JobAnswer */
export interface JobAnswer {
  /** Chunks */
  chunks: number;
  /** Chunksactive */
  chunksActive: number;
  /** Chunksdone */
  chunksDone: number;
  /** Createdat */
  createdAt: string;
  /** Encodeseconds */
  encodeSeconds: number;
  /** Errorcode */
  errorCode: string | null;
  /** Errordetail */
  errorDetail: string | null;
  /** Errormessage */
  errorMessage: string | null;
  /** Eta */
  eta: number | null;
  /** Finishedat */
  finishedAt: string | null;
  /** Id */
  id: string;
  /** Percent */
  percent: number;
  /** Priority */
  priority: number;
  /** Speed */
  speed: number | null;
  /** What a queue's page calls it: ``delayed`` waits for its next attempt, ``paused`` for a person. */
  state: JobState;
  /** Versionid */
  versionId: string;
  /** Videoid */
  videoId: string;
}

/**
 * JobDetail
 * One job with its chunks and its history, oldest line first.
 */
export interface JobDetail {
  /** Chunklist */
  chunkList: ChunkAnswer[];
  /** Chunks */
  chunks: number;
  /** Chunksactive */
  chunksActive: number;
  /** Chunksdone */
  chunksDone: number;
  /** Createdat */
  createdAt: string;
  /** Encodeseconds */
  encodeSeconds: number;
  /** Errorcode */
  errorCode: string | null;
  /** Errordetail */
  errorDetail: string | null;
  /** Errormessage */
  errorMessage: string | null;
  /** Eta */
  eta: number | null;
  /** Finishedat */
  finishedAt: string | null;
  /** Id */
  id: string;
  /** Percent */
  percent: number;
  /** Priority */
  priority: number;
  /** Speed */
  speed: number | null;
  /** What a queue's page calls it: ``delayed`` waits for its next attempt, ``paused`` for a person. */
  state: JobState;
  /** Timeline */
  timeline: EventAnswer[];
  /** Versionid */
  versionId: string;
  /** Videoid */
  videoId: string;
}

/** JobList */
export interface JobList {
  /** Counts */
  counts: Partial<Record<JobState, number>>;
  /** Jobs */
  jobs: JobAnswer[];
}

/** KeptStatement */
export interface KeptStatement {
  /** Attempts */
  attempts: number;
  /** Forwardedat */
  forwardedAt: string | null;
  /** Id */
  id: string;
  /** Problem */
  problem: string | null;
  /** Sessionid */
  sessionId: string;
  /** Statement */
  statement: Record<string, any>;
  /** Userid */
  userId: string;
  /** Verb */
  verb: string;
}

/**
 * KeyList
 * ``wrapped_by``: id of a master key -> how many content secrets only it opens.
 */
export interface KeyList {
  /** Due */
  due: number;
  /** Masterkey */
  masterKey: string;
  /** Rotationdays */
  rotationDays: number | null;
  /** Rotations */
  rotations: RotationAnswer[];
  /** Running */
  running: number;
  /** Wrappedby */
  wrappedBy: Record<string, number>;
}

/** LastWatched */
export interface LastWatched {
  /** Chapterid */
  chapterId: string;
  /** Currentposition */
  currentPosition: number;
}

/** LinkAnswer */
export interface LinkAnswer {
  /** Chapterid */
  chapterId: string | null;
  /** Createdat */
  createdAt: string;
  /** Createdby */
  createdBy: string;
  /** Expiresat */
  expiresAt: string;
  /** Linkid */
  linkId: string;
  /** Videoid */
  videoId: string | null;
}

/** LinkInput */
export interface LinkInput {
  /** Chapterid */
  chapterId?: string | null;
  /**
   * Expiresin
   * @min 60
   * @max 7776000
   * @default 604800
   */
  expiresIn?: number;
  /** Videoid */
  videoId?: string | null;
}

/** LinkList */
export interface LinkList {
  /** Links */
  links: LinkAnswer[];
}

/**
 * LinkShown
 * What whoever holds a link is told of it.
 */
export interface LinkShown {
  /** Chaptertitle */
  chapterTitle: string | null;
  /** Coursetitle */
  courseTitle: string;
  /** Expiresat */
  expiresAt: string;
  /** Maxbytes */
  maxBytes: number;
  /** Replaces */
  replaces: boolean;
}

/** ListedEnrollment */
export interface ListedEnrollment {
  /** Courseid */
  courseId: string;
  /** Createdat */
  createdAt: string;
  /** Endsat */
  endsAt: string | null;
  /** Isrunning */
  isRunning: boolean;
  /** Startsat */
  startsAt: string | null;
  /** Userid */
  userId: string;
}

/** MadeApiKey */
export interface MadeApiKey {
  /** Createdat */
  createdAt: string;
  /** Createdby */
  createdBy: string;
  /** Expiresat */
  expiresAt: string | null;
  /** Id */
  id: string;
  /** Key */
  key: string;
  /** Lastusedat */
  lastUsedAt: string | null;
  /** Name */
  name: string;
  /** Revokedat */
  revokedAt: string | null;
  /** Scopes */
  scopes: string[];
}

/** MadeWebhook */
export interface MadeWebhook {
  /** Createdat */
  createdAt: string;
  /** Createdby */
  createdBy: string;
  /** Description */
  description: string | null;
  /** Disabledreason */
  disabledReason: string | null;
  /** Enabled */
  enabled: boolean;
  /** Id */
  id: string;
  /** Previoussecretuntil */
  previousSecretUntil: string | null;
  /** Secret */
  secret: string;
  /** Types */
  types: string[];
  /** Updatedat */
  updatedAt: string;
  /** Url */
  url: string;
}

/** MatrixCell */
export interface MatrixCell {
  /** Completedat */
  completedAt: string | null;
  /** Lastwatchedat */
  lastWatchedAt: string | null;
  /** State */
  state: "not_started" | "in_progress" | "completed";
  /** Watchpercentage */
  watchPercentage: number;
}

/** MatrixChapter */
export interface MatrixChapter {
  /** Chapterid */
  chapterId: string;
  /** Hasfilm */
  hasFilm: boolean;
  /** Title */
  title: string;
}

/** MatrixPage */
export interface MatrixPage {
  /** Chapters */
  chapters: MatrixChapter[];
  /** Courseid */
  courseId: string;
  /** Items */
  items: MatrixStudent[];
  /** Next */
  next: string | null;
  /** Title */
  title: string;
}

/** MatrixStudent */
export interface MatrixStudent {
  /** Cells */
  cells: MatrixCell[];
  /** Chapterscompleted */
  chaptersCompleted: number;
  /** Isenrolled */
  isEnrolled: boolean;
  /** Lastwatchedat */
  lastWatchedAt: string | null;
  /** Overallpercentage */
  overallPercentage: number;
  /** Userid */
  userId: string;
}

/** Me */
export interface Me {
  /** Email */
  email: string | null;
  /** Name */
  name: string | null;
  role: Role;
  /** Userid */
  userId: string;
}

/**
 * Missing
 * What should be in storage and is not, of one version of a film.
 */
export interface Missing {
  /** Courseid */
  courseId: string;
  /** Objects */
  objects: number;
  /** Rendition */
  rendition?: string | null;
  /** Versionid */
  versionId: string;
  /** Videoid */
  videoId: string;
  /** What */
  what: "source" | "segments" | "images";
}

/**
 * MonthlyUsage
 * What the bills are made of. Bytes, and numbers of operations in a month.
 */
export interface MonthlyUsage {
  /** Downloadbytes */
  downloadBytes: number;
  /** Egressbytes */
  egressBytes: number;
  /** Reads */
  reads: number;
  /** Retiredbytes */
  retiredBytes: number;
  /** Segmentbytes */
  segmentBytes: number;
  /** Sourcebytes */
  sourceBytes: number;
  /** Storedbytes */
  storedBytes: number;
  /** Viewerrequests */
  viewerRequests: number;
  /** Writes */
  writes: number;
}

/** NewApiKey */
export interface NewApiKey {
  /** Expiresat */
  expiresAt?: string | null;
  /**
   * Name
   * @minLength 1
   * @maxLength 100
   */
  name: string;
  /**
   * Scopes
   * @maxItems 6
   * @minItems 1
   */
  scopes: Scope[];
}

/**
 * NewLink
 * ``token`` is told this once: what is kept is its hash.
 */
export interface NewLink {
  /** Chapterid */
  chapterId: string | null;
  /** Createdat */
  createdAt: string;
  /** Createdby */
  createdBy: string;
  /** Expiresat */
  expiresAt: string;
  /** Formurl */
  formUrl: string;
  /** Linkid */
  linkId: string;
  /** Token */
  token: string;
  /** Tusurl */
  tusUrl: string;
  /** Videoid */
  videoId: string | null;
}

/** NewWebhook */
export interface NewWebhook {
  /** Description */
  description?: string | null;
  /**
   * Types
   * @maxItems 100
   */
  types?: (
    | "video.playable"
    | "video.ready"
    | "video.failed"
    | "video.replaced"
    | "video.deleted"
    | "chapter.started"
    | "chapter.completed"
    | "course.completed"
    | "progress.suspicious"
  )[];
  /**
   * Url
   * @minLength 1
   * @maxLength 4096
   */
  url: string;
}

/** OpenSession */
export interface OpenSession {
  /** Browser */
  browser: string | null;
  /** Chapterid */
  chapterId: string;
  /** Courseid */
  courseId: string;
  /** Deviceid */
  deviceId: string | null;
  /** Expiresat */
  expiresAt: string;
  /** Id */
  id: string;
  /** Isactive */
  isActive: boolean;
  /** Lastactiveat */
  lastActiveAt: string | null;
  /** Openedat */
  openedAt: string;
  /** System */
  system: string | null;
  /** Videoid */
  videoId: string;
}

/** OpenSessions */
export interface OpenSessions {
  /** Sessions */
  sessions: OpenSession[];
}

/**
 * Orphans
 * What nobody needs and nobody is removing, for more than a day.
 */
export interface Orphans {
  /**
   * Bytes
   * @default 0
   */
  bytes?: number;
  /** Examples */
  examples?: string[];
  /**
   * Objects
   * @default 0
   */
  objects?: number;
  /**
   * Removed
   * @default 0
   */
  removed?: number;
}

/**
 * PartAddress
 * Send ``size`` bytes there by PUT, within the hour.
 */
export interface PartAddress {
  /** Number */
  number: number;
  /** Size */
  size: number;
  /** Url */
  url: string;
}

/** PartAddresses */
export interface PartAddresses {
  /** Parts */
  parts: PartAddress[];
}

/** PartsWanted */
export interface PartsWanted {
  /**
   * Numbers
   * @maxItems 1000
   * @minItems 1
   */
  numbers: number[];
}

/**
 * PastProgress
 * What progress was when it was reset.
 */
export interface PastProgress {
  /** Completedat */
  completedAt: string | null;
  /** Currentposition */
  currentPosition: number;
  /** Iscompleted */
  isCompleted: boolean;
  /** Resetat */
  resetAt: string;
  /** Resetby */
  resetBy: string;
  /** Startedat */
  startedAt: string | null;
  /** Totalwatchtime */
  totalWatchTime: number;
  /** Watchpercentage */
  watchPercentage: number;
  /** Watchedseconds */
  watchedSeconds: number;
}

/** PlaybackSessionAnswer */
export interface PlaybackSessionAnswer {
  /** Beaturl */
  beatUrl: string;
  /** Chapterid */
  chapterId: string;
  /** Duration */
  duration: number | null;
  /** Expiresat */
  expiresAt: string;
  /** Firstwatchrestricted */
  firstWatchRestricted: boolean;
  /** Managedmasterurl */
  managedMasterUrl: string;
  /** Masterurl */
  masterUrl: string;
  /** Renewurl */
  renewUrl: string;
  /** Sessionid */
  sessionId: string;
  /** Userid */
  userId: string;
  /** Videoid */
  videoId: string;
  /** Watermark */
  watermark: ("name" | "email" | "userId" | "time")[];
}

/**
 * PreviousVersion
 * What a rollback would bring back.
 */
export interface PreviousVersion {
  /** Keptuntil */
  keptUntil: string;
  /** Originalname */
  originalName: string;
  /** Sizebytes */
  sizeBytes: number;
}

/** Price */
export interface Price {
  /** Free */
  free: number;
  /** Page */
  page: string;
  /** Provider */
  provider: "r2" | "s3_cloudfront" | "s3" | "local";
  /** Steps */
  steps: PriceStep[];
  /** Unit */
  unit: string;
  /** What */
  what: "storage" | "writes" | "reads" | "requests" | "egress";
}

/** PriceStep */
export interface PriceStep {
  /** Price */
  price: number;
  /** Upto */
  upTo: number | null;
}

/** PriorityRequest */
export interface PriorityRequest {
  /**
   * Priority
   * @min -1000
   * @max 1000
   */
  priority: number;
}

/**
 * Problem
 * Why a request was refused (RFC 9457). Further members belong to the code.
 */
export interface Problem {
  /** Stable: what a program goes by. */
  code: string;
  /** For a person: what to do about it. */
  detail: string;
  /** Of 422: what of the request is wrong. */
  errors?: {
    field: string;
    message: string;
  }[];
  /** Leads to the request in the log. */
  requestId: string;
  status: number;
  title: string;
  /** urn:lectern:problem: and the code */
  type: string;
}

/** ProgressAnswer */
export interface ProgressAnswer {
  /** Chapterid */
  chapterId: string;
  /** Completedat */
  completedAt: string | null;
  /** Completionpercentage */
  completionPercentage: number;
  /** Courseid */
  courseId: string;
  /** Currentposition */
  currentPosition: number;
  /** Frontier */
  frontier: number;
  /** Gaps */
  gaps: Gap[];
  /** Iscompleted */
  isCompleted: boolean;
  /** Maxseek */
  maxSeek: number | null;
  /** Nextchapterid */
  nextChapterId: string | null;
  /** Nextchapterunlocked */
  nextChapterUnlocked: boolean;
  /** Startedat */
  startedAt: string | null;
  /** Totalduration */
  totalDuration: number | null;
  /** Updatedat */
  updatedAt: string | null;
  /** Videoid */
  videoId: string | null;
  /** Watchpercentage */
  watchPercentage: number;
  /** Watchedseconds */
  watchedSeconds: number;
}

/**
 * ProgressInput
 * What the seeds' clients send. The percentage is theirs to believe; ours is counted.
 */
export interface ProgressInput {
  /** Currentposition */
  currentPosition?: number | null;
  /** Totalduration */
  totalDuration?: number | null;
  /** Watchpercentage */
  watchPercentage?: number | null;
}

/** ProviderCosts */
export interface ProviderCosts {
  /** Egress */
  egress: number;
  /** Operations */
  operations: number;
  /** Provider */
  provider: "r2" | "s3_cloudfront" | "s3" | "local";
  /** Storage */
  storage: number;
  /** Total */
  total: number;
}

/** QuotaAnswer */
export interface QuotaAnswer {
  /** Courseid */
  courseId: string;
  /** Effectivebytes */
  effectiveBytes: number;
  /** Quotabytes */
  quotaBytes: number | null;
  /** Usedbytes */
  usedBytes: number;
}

/** QuotaInput */
export interface QuotaInput {
  /** Quotabytes */
  quotaBytes: number | null;
}

/** ReconcileRequest */
export interface ReconcileRequest {
  /**
   * Dryrun
   * @default true
   */
  dryRun?: boolean;
}

/** ReconcileRung */
export interface ReconcileRung {
  /**
   * Reportid
   * @format uuid
   */
  reportId: string;
}

/**
 * RefusedRow
 * ``index`` counts from 0, as the rows were sent.
 */
export interface RefusedRow {
  /** Code */
  code: string;
  /** Courseid */
  courseId?: any;
  /** Detail */
  detail: string;
  /** Index */
  index: number;
  /** Userid */
  userId?: any;
}

/** RenditionProgress */
export interface RenditionProgress {
  /** Height */
  height: number | null;
  /** Kind */
  kind: string;
  /** Name */
  name: string;
  /** Percent */
  percent: number;
  /** Width */
  width: number | null;
}

/** Renewed */
export interface Renewed {
  /** Expiresat */
  expiresAt: string;
}

/** ReplacementStatus */
export interface ReplacementStatus {
  error: Fault | null;
  /** Eta */
  eta: number | null;
  /** Percent */
  percent: number;
  /** Stage */
  stage: string | null;
  /** Status */
  status: string;
}

/** Replayed */
export interface Replayed {
  /** Replayed */
  replayed: number;
}

/** RetentionPage */
export interface RetentionPage {
  /** Abandoned */
  abandoned: RetentionStep[];
  /** Duration */
  duration: number;
  /** Items */
  items: RetentionStep[];
  /** Next */
  next: string | null;
  /** Resolution */
  resolution: number;
  /** Rewatched */
  rewatched: RetentionStep[];
  /** Sessions */
  sessions: number;
  /** Videoid */
  videoId: string;
  /** Viewers */
  viewers: number;
}

/** RetentionStep */
export interface RetentionStep {
  /** From */
  from: number;
  /** Left */
  left: number;
  /** Plays */
  plays: number;
  /** Rewinds */
  rewinds: number;
  /** To */
  to: number;
  /** Viewers */
  viewers: number;
}

/**
 * RetryRequest
 * What to make again: one chunk, all of one rendition, or (empty) the whole job.
 */
export interface RetryRequest {
  /** Chunkid */
  chunkId?: string | null;
  /** Rendition */
  rendition?: string | null;
}

/**
 * Revocation
 * Whose sessions end: those to which all of what is named applies.
 */
export interface Revocation {
  /** Deviceid */
  deviceId?: string | null;
  /** Sessionid */
  sessionId?: string | null;
  /** Userid */
  userId?: string | null;
  /** Videoid */
  videoId?: string | null;
}

/** Revoked */
export interface Revoked {
  /** Revoked */
  revoked: number;
}

/**
 * RewrapAnswer
 * Content secrets that were wrapped anew with ``master_key``, the first of the ring.
 */
export interface RewrapAnswer {
  /** Masterkey */
  masterKey: string;
  /** Rewrapped */
  rewrapped: number;
}

/** RolledBack */
export interface RolledBack {
  /** Originalname */
  originalName: string;
  /** Videoid */
  videoId: string;
}

/**
 * RotateAnswer
 * Films whose rotation has begun, and those that were only moved on because nobody fetched their keys.
 */
export interface RotateAnswer {
  /** Begun */
  begun: number;
  /** Movedon */
  movedOn: number;
}

/**
 * RotateRequest
 * One film, or everything that is watched and ready; without either, what is due.
 */
export interface RotateRequest {
  /**
   * Everything
   * @default false
   */
  everything?: boolean;
  /** Videoid */
  videoId?: string | null;
}

/**
 * RotationAnswer
 * ``objects`` segments of ``bytes`` in all were read and written, each a read and a write on the storage's bill.
 */
export interface RotationAnswer {
  /** Bytes */
  bytes: number;
  /** Createdat */
  createdAt: string;
  /** Epoch */
  epoch: number;
  /** Error */
  error: string | null;
  /** Finishedat */
  finishedAt: string | null;
  /** Objects */
  objects: number;
  /** Reason */
  reason: "schedule" | "command";
  /** State */
  state: "running" | "done" | "given_up";
  /** Videoid */
  videoId: string;
}

/**
 * SameContent
 * A film that was made from the same file.
 */
export interface SameContent {
  /** Chapterid */
  chapterId: string;
  /** Courseid */
  courseId: string;
  /** Originalname */
  originalName: string;
  /** Videoid */
  videoId: string;
}

/** SameContentList */
export interface SameContentList {
  /** Videos */
  videos: SameContent[];
}

/**
 * ServiceErasure
 * ``tables``: by ``schema.table``, how many rows were deleted or changed.
 */
export interface ServiceErasure {
  /** Code */
  code?: string | null;
  /** Service */
  service: string;
  /** State */
  state: "done" | "unavailable";
  /** Tables */
  tables: Record<string, number>;
}

/**
 * SourceState
 * ``cold``: kept where it costs less; ``dropped``: let go, so that nothing can be made from it any more.
 */
export interface SourceState {
  /** Bytes */
  bytes: number;
  /** State */
  state: "kept" | "cold" | "dropped";
}

/**
 * StatementPage
 * The oldest first; ``next`` goes into ``after`` and is null on the last page.
 */
export interface StatementPage {
  /** Next */
  next: string | null;
  /** Statements */
  statements: KeptStatement[];
}

/** Stats */
export interface Stats {
  /** Chapterscompleted */
  chaptersCompleted: number;
  /** Courses */
  courses: CourseFigures[];
  /** Coursescompleted */
  coursesCompleted: number;
  /** Coursesstarted */
  coursesStarted: number;
  /** Currentstreak */
  currentStreak: number;
  /** Days */
  days: DayOfWatching[];
  /** Longeststreak */
  longestStreak: number;
  /** Totalwatchtime */
  totalWatchTime: number;
}

/**
 * StorageAnswer
 * The newest report. Before the first one is made all that it would tell is null or empty.
 */
export interface StorageAnswer {
  /** Asof */
  asOf: string | null;
  /** Bycourse */
  byCourse: CourseBytes[];
  /** Bykind */
  byKind: Partial<
    Record<
      | "sources"
      | "cold"
      | "segments"
      | "images"
      | "downloads"
      | "uploads"
      | "other",
      number
    >
  >;
  /** Dryrun */
  dryRun: boolean | null;
  /** Growth */
  growth: DayBytes[];
  /** Missing */
  missing: Missing[];
  /** Missingobjects */
  missingObjects: number;
  orphans: Orphans | null;
  /** Quotabytes */
  quotaBytes: number | null;
  /** Reportid */
  reportId: string | null;
  /** Running */
  running: boolean;
  /** Usedbytes */
  usedBytes: number | null;
  /** Warning */
  warning: "80" | "95" | null;
}

/** StoredPart */
export interface StoredPart {
  /** Number */
  number: number;
  /** Size */
  size: number;
}

/** StoredParts */
export interface StoredParts {
  /** Partsize */
  partSize: number;
  /** Parts */
  parts: StoredPart[];
}

/** Storyboard */
export interface Storyboard {
  /** Tiles */
  tiles: StoryboardTile[];
  /** Videoid */
  videoId: string;
}

/**
 * StoryboardTile
 * A picture in a sprite, for ``start`` <= time < ``end`` (seconds); ``x``, ``y``, ``w`` and ``h`` in pixels.
 */
export interface StoryboardTile {
  /** End */
  end: number;
  /** H */
  h: number;
  /** Start */
  start: number;
  /** Url */
  url: string;
  /** W */
  w: number;
  /** X */
  x: number;
  /** Y */
  y: number;
}

/** Struggling */
export interface Struggling {
  /** Absentdays */
  absentDays: number;
  /** Chapterscompleted */
  chaptersCompleted: number;
  /** Chapterstotal */
  chaptersTotal: number;
  /** Courseid */
  courseId: string;
  /** Expectedpercentage */
  expectedPercentage: number;
  /** Lastactiveat */
  lastActiveAt: string;
  /** Percentage */
  percentage: number;
  /** Reasons */
  reasons: ("behind" | "rewinds" | "absent")[];
  /** Rewindat */
  rewindAt: number | null;
  /** Rewindchapterid */
  rewindChapterId: string | null;
  /** Rewinds */
  rewinds: number;
  /** Startedat */
  startedAt: string;
  /** Userid */
  userId: string;
}

/** StrugglingPage */
export interface StrugglingPage {
  /** Items */
  items: Struggling[];
  /** Next */
  next: string | null;
}

/** Thumbnail */
export interface Thumbnail {
  /** Height */
  height: number;
  /** Time */
  time: number;
  /** Url */
  url: string;
  /** Width */
  width: number;
}

/** ThumbnailList */
export interface ThumbnailList {
  /** Thumbnails */
  thumbnails: Thumbnail[];
  /** Videoid */
  videoId: string;
}

/**
 * TokenFor
 * A back end's wish: a token for a student of its own.
 */
export interface TokenFor {
  /** Clientip */
  clientIp?: string | null;
  /**
   * Userid
   * @pattern ^[A-Za-z0-9._:-]{1,128}$
   */
  userId: string;
  /**
   * Videoid
   * @format uuid
   */
  videoId: string;
}

/** UploadAccepted */
export interface UploadAccepted {
  /** Status */
  status: string;
  /** Videoid */
  videoId: string;
}

/**
 * UploadAnswer
 * ``state`` is ``receiving``, ``complete`` (it is a film now), ``refused`` or ``ended``.
 */
export interface UploadAnswer {
  /** Chapterid */
  chapterId: string | null;
  error: UploadError | null;
  /** Expiresat */
  expiresAt: string | null;
  /** Filename */
  fileName: string;
  /** Kind */
  kind: string;
  /** Received */
  received: number;
  /** Size */
  size: number | null;
  /** State */
  state: string;
  /** Uploadid */
  uploadId: string;
  /** Videoid */
  videoId: string | null;
}

/** UploadError */
export interface UploadError {
  /** Code */
  code: string;
  /** Message */
  message: string;
}

/**
 * UserErasure
 * ``pseudonym`` stands where rows had to stay; nothing leads from it to the user.
 */
export interface UserErasure {
  /** Pseudonym */
  pseudonym: string;
  /** Services */
  services: ServiceErasure[];
}

/**
 * UserExport
 * All that names the user, by schema and table; ``nextPage`` is null when nothing is left.
 */
export interface UserExport {
  /** Data */
  data: Record<string, Record<string, Record<string, any>[]>>;
  /** Exportedat */
  exportedAt: string;
  /** Nextpage */
  nextPage: number | null;
  /** Page */
  page: number;
  /** Userid */
  userId: string;
}

/** VideoFigures */
export interface VideoFigures {
  /** Averagecompletionrate */
  averageCompletionRate: number;
  /** Averagewatchduration */
  averageWatchDuration: number;
  /** Bandwidthused */
  bandwidthUsed: number;
  /** Chapterid */
  chapterId: string;
  /** Completed */
  completed: number;
  /** Courseid */
  courseId: string;
  /** Sessions */
  sessions: number;
  /** Title */
  title: string | null;
  /** Videoid */
  videoId: string;
  /** Views */
  views: number;
  /** Watchduration */
  watchDuration: number;
}

/** VideoPage */
export interface VideoPage {
  /** Items */
  items: VideoFigures[];
  /** Next */
  next: string | null;
}

/** VideoStatusAnswer */
export interface VideoStatusAnswer {
  /** Chapterid */
  chapterId: string;
  /** Duration */
  duration: number | null;
  error: Fault | null;
  /** Eta */
  eta: number | null;
  /** Fps */
  fps: number | null;
  /** Height */
  height: number | null;
  /** Jobid */
  jobId: string | null;
  /** Originalname */
  originalName: string;
  /** Percent */
  percent: number;
  previous?: PreviousVersion | null;
  /** Renditions */
  renditions: RenditionProgress[];
  replacing: ReplacementStatus | null;
  /** Samecontent */
  sameContent?: SameContent[] | null;
  /** Sizebytes */
  sizeBytes: number;
  source?: SourceState | null;
  /** Speed */
  speed: number | null;
  /** Stage */
  stage: string | null;
  /** Status */
  status: string;
  /** Videoid */
  videoId: string;
  /** Width */
  width: number | null;
}

/** Webhook */
export interface Webhook {
  /** Createdat */
  createdAt: string;
  /** Createdby */
  createdBy: string;
  /** Description */
  description: string | null;
  /** Disabledreason */
  disabledReason: string | null;
  /** Enabled */
  enabled: boolean;
  /** Id */
  id: string;
  /** Previoussecretuntil */
  previousSecretUntil: string | null;
  /** Types */
  types: string[];
  /** Updatedat */
  updatedAt: string;
  /** Url */
  url: string;
}

/**
 * WebhookChange
 * What is not named stays as it is.
 */
export interface WebhookChange {
  /** Description */
  description?: string | null;
  /** Enabled */
  enabled?: boolean | null;
  /** Types */
  types?:
    | (
        | "video.playable"
        | "video.ready"
        | "video.failed"
        | "video.replaced"
        | "video.deleted"
        | "chapter.started"
        | "chapter.completed"
        | "course.completed"
        | "progress.suspicious"
      )[]
    | null;
  /** Url */
  url?: string | null;
}

/** WebhookList */
export interface WebhookList {
  /** Webhooks */
  webhooks: Webhook[];
}

/** WebhookSecret */
export interface WebhookSecret {
  /** Previoussecretuntil */
  previousSecretUntil: string | null;
  /** Secret */
  secret: string;
}

/**
 * Withdrawn
 * ``withdrawn`` counts the enrolments that there were; one that is not there is no error.
 */
export interface Withdrawn {
  /** Errors */
  errors: RefusedRow[];
  /** Failed */
  failed: number;
  /** Withdrawn */
  withdrawn: number;
}

/** WorkerAnswer */
export interface WorkerAnswer {
  /** Busy */
  busy: number;
  /** Encoder */
  encoder?: string | null;
  /** Id */
  id: string;
  /** Sandbox */
  sandbox?: Record<string, boolean> | null;
  /** Slots */
  slots?: number | null;
  /** Transcribes */
  transcribes?: boolean | null;
}

/** WorkerList */
export interface WorkerList {
  /** Workers */
  workers: WorkerAnswer[];
}
