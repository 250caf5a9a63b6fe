import type { Chapter, ChapterState, Course } from '../api/types';
import type { Translate } from '../i18n';
import { longDate, percent } from '../i18n/format';

const lockTexts = {
  not_enrolled: 'lock.notEnrolled',
  enrollment_not_started: 'lock.notStarted',
  enrollment_ended: 'lock.ended',
  refused_by_platform: 'lock.refused',
} as const;

/** Why a chapter is closed, as a sentence that says what opens it. */
export function lockText({ lockedReason, requiresChapterId }: Chapter, course: Course, t: Translate, language: string): string {
  if (lockedReason === 'enrollment_not_started' && course.enrollmentStartsAt) {
    return t('lock.opensOn', { date: longDate(course.enrollmentStartsAt, language) });
  }
  if (lockedReason === 'enrollment_ended' && course.enrollmentEndsAt) {
    return t('lock.endedOn', { date: longDate(course.enrollmentEndsAt, language) });
  }
  if (lockedReason && lockedReason !== 'previous_chapter') return t(lockTexts[lockedReason]);
  const required = course.chapters.find(({ id }) => id === requiresChapterId);
  return required ? t('lock.previous', { title: required.title }) : t('lock.previousUnnamed');
}

export type RowAction = 'complete' | 'reset';

/** What a viewer may do with their own progress in a chapter. */
export function rowActions({ isLocked, videoId, progress }: Chapter, course: Course): RowAction[] {
  if (isLocked || !videoId) return [];
  const begun = progress.isCompleted || progress.watchPercentage > 0 || progress.currentPosition > 0;
  return [...(course.studentsMayComplete && !progress.isCompleted ? (['complete'] as const) : []), ...(begun ? (['reset'] as const) : [])];
}

export function chapterState({ progress }: Chapter): ChapterState {
  if (progress?.isCompleted) return 'completed';
  return progress && (progress.watchPercentage > 0 || progress.currentPosition > 0) ? 'in_progress' : 'not_started';
}

export function stateText(chapter: Chapter, t: Translate): string {
  if (!chapter.videoId) return t('chapter.noFilm');
  if (chapter.videoStatus === 'failed') return t('chapter.filmFailed');
  if (chapter.videoStatus === 'processing' || chapter.videoStatus === 'uploading') {
    return t('chapter.filmComing', { percent: percent(chapter.videoPercent ?? 0) });
  }
  const state = chapterState(chapter);
  if (state === 'completed') return t('chapter.completed');
  return state === 'in_progress' ? t('chapter.watched', { percent: percent(chapter.progress?.watchPercentage ?? 0) }) : t('chapter.notStarted');
}

const MOVES_EVERY_MS = 8_000;

/** How soon to look again at a course whose films are still coming; null once all are there. */
export function refreshWhileFilmsCome({ chapters }: Course): number | null {
  const settled = chapters.every(({ videoStatus }) => videoStatus === 'ready' || videoStatus === 'failed');
  return settled ? null : MOVES_EVERY_MS;
}

/** What to open next: the one being watched, else the first that is open and not done, else the first. */
export function chapterToContinue(course: Course, lastWatchedId: string | null): Chapter | null {
  const open = course.chapters.filter(({ isLocked, videoId }) => !isLocked && videoId);
  const last = open.find(({ id }) => id === lastWatchedId);
  if (last && chapterState(last) !== 'completed') return last;
  return open.find((chapter) => chapterState(chapter) !== 'completed') ?? last ?? open[0] ?? null;
}

/** Which chapter it is, counted from one. Positions are the platform's own and may start at 0 or leave gaps. */
export function ordinal(course: Course, chapter: Chapter): number {
  return course.chapters.findIndex((one) => one.id === chapter.id) + 1;
}
