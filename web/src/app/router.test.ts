import { describe, expect, it } from 'vitest';
import { changedQuery, matchRoute, paths } from './router';

describe('matchRoute', () => {
  it.each([
    ['/', 'courses', {}],
    ['/courses/physics-1', 'course', { courseId: 'physics-1' }],
    ['/courses/physics-1/', 'course', { courseId: 'physics-1' }],
    ['/courses/a%3Ab/chapters/c.1', 'watch', { courseId: 'a:b', chapterId: 'c.1' }],
    ['/admin', 'admin', {}],
    ['/admin/courses/x', 'adminCourse', { courseId: 'x' }],
    ['/admin/videos', 'adminVideos', {}],
    ['/admin/videos/0198', 'adminVideo', { videoId: '0198' }],
    ['/nowhere', 'unknown', {}],
    ['/courses/%E0%A4%A', 'course', { courseId: '%E0%A4%A' }],
  ])('%s is %s', (path, name, params) => {
    expect(matchRoute(path)).toEqual({ name, params });
  });

  it('finds back every id it wrote into a path', () => {
    const path = paths.watch('a:b/c', 'ქ');
    expect(matchRoute(path)).toEqual({ name: 'watch', params: { courseId: 'a:b/c', chapterId: 'ქ' } });
  });
});

describe('changedQuery', () => {
  it('keeps what is not named and drops what is emptied', () => {
    expect(changedQuery('?q=a%26b&sort=name', { sort: '-name', after: 3 })).toBe('?q=a%26b&sort=-name&after=3');
    expect(changedQuery('?q=a&sort=name', { q: '', sort: null })).toBe('');
  });
});
