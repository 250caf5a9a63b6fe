import { describe, expect, it } from 'vitest';
import type { Chapter, Course } from '../api/types';
import { chapterToContinue, lockText, rowActions, stateText } from './chapters';

const t = (key: string, values?: Record<string, unknown>): string => [key, ...Object.values(values ?? {})].join(' ');

const chapter = (id: string, change: Partial<Chapter> = {}): Chapter => ({
  id,
  title: id.toUpperCase(),
  position: 1,
  isFree: false,
  firstWatchRestricted: false,
  videoId: `v-${id}`,
  videoStatus: 'ready',
  videoPercent: 100,
  duration: 24,
  posterUrl: null,
  isLocked: false,
  lockedReason: null,
  requiresChapterId: null,
  completionPercentage: 90,
  canDownload: false,
  downloadPolicy: null,
  progress: { watchPercentage: 0, currentPosition: 0, isCompleted: false },
  ...change,
});

const course = (...chapters: Chapter[]): Course => ({
  id: 'c',
  title: 'C',
  isSequential: true,
  isEnrolled: true,
  enrollmentStartsAt: null,
  enrollmentEndsAt: null,
  isStaff: false,
  instructors: null,
  completionPercentage: 90,
  studentsMayComplete: true,
  downloads: 'off',
  chapters,
});
const done = { watchPercentage: 95, currentPosition: 24, isCompleted: true };
const begun = { watchPercentage: 40, currentPosition: 9, isCompleted: false };

describe('chapterToContinue', () => {
  it('is the one last watched, while it is not done', () => {
    expect(chapterToContinue(course(chapter('a'), chapter('b', { progress: begun })), 'b')?.id).toBe('b');
  });

  it('is the next open one after a completed one', () => {
    expect(chapterToContinue(course(chapter('a', { progress: done }), chapter('b')), 'a')?.id).toBe('b');
  });

  it('is never a locked one or one without a film', () => {
    const locked = chapter('b', { isLocked: true, lockedReason: 'previous_chapter' });
    expect(chapterToContinue(course(chapter('a', { videoId: null }), locked), null)).toBeNull();
  });
});

describe('texts', () => {
  it('name the chapter that opens this one', () => {
    const locked = chapter('b', { isLocked: true, lockedReason: 'previous_chapter', requiresChapterId: 'a' });
    expect(lockText(locked, course(chapter('a'), locked), t, 'en')).toBe('lock.previous A');
  });

  it('tell when it opens, and when it was over', () => {
    const dated: Course = { ...course(), enrollmentStartsAt: '2030-03-05T12:00:00Z', enrollmentEndsAt: '2031-03-05T12:00:00Z' };
    const lockedBy = (lockedReason: Chapter['lockedReason'], where: Course = dated): string => lockText(chapter('a', { lockedReason }), where, t, 'en');
    expect(lockedBy('enrollment_not_started')).toBe('lock.opensOn 5 March 2030');
    expect(lockedBy('enrollment_ended')).toBe('lock.endedOn 5 March 2031');
    expect(lockedBy('enrollment_ended', { ...dated, enrollmentEndsAt: null })).toBe('lock.ended');
    expect(lockText(chapter('a', { lockedReason: 'enrollment_ended' }), dated, t, 'ka')).toBe('lock.endedOn 5 მარტი, 2031');
    expect(lockedBy('refused_by_platform')).toBe('lock.refused');
  });

  it('tell what a film is doing before what was watched of it', () => {
    expect(stateText(chapter('a', { videoStatus: 'processing', videoPercent: 41.6 }), t)).toBe('chapter.filmComing 41%');
    expect(stateText(chapter('a', { progress: begun }), t)).toBe('chapter.watched 40%');
    expect(stateText(chapter('a', { progress: done }), t)).toBe('chapter.completed');
    expect(stateText(chapter('a', { videoId: null, videoStatus: null }), t)).toBe('chapter.noFilm');
  });
});

describe('rowActions', () => {
  it('are what a viewer may do with what there is', () => {
    const open = course();
    const strict = { ...open, studentsMayComplete: false };
    expect(rowActions(chapter('a'), open)).toEqual(['complete']);
    expect(rowActions(chapter('a'), strict)).toEqual([]);
    expect(rowActions(chapter('a', { progress: begun }), open)).toEqual(['complete', 'reset']);
    expect(rowActions(chapter('a', { progress: done }), open)).toEqual(['reset']);
    expect(rowActions(chapter('a', { isLocked: true }), open)).toEqual([]);
    expect(rowActions(chapter('a', { videoId: null }), open)).toEqual([]);
  });
});
