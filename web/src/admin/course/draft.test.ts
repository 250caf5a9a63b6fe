import { describe, expect, it } from 'vitest';
import { changesOf, inputOf, isSame, moved, pastedIds, type Draft } from './draft';

const chapter = (id: string) => ({ id, title: `Chapter ${id}`, isFree: false, firstWatchRestricted: false, completionPercentage: null });
const base: Draft = {
  title: 'Course', isSequential: false, completionPercentage: 90, studentsMayComplete: false, downloads: 'off',
  chapters: ['a', 'b', 'c', 'd'].map(chapter),
};
const said = (draft: Draft): string[] => changesOf(base, draft).map(({ kind, title }) => `${kind} ${title}`);

describe('changesOf', () => {
  it('says nothing of a course that is as it was', () => {
    expect(said(moved(moved(base, 0, 2), 2, 0))).toEqual([]);
    expect(isSame(base, moved(moved(base, 0, 2), 2, 0))).toBe(true);
  });

  it.each([
    [0, 3, ['moved Chapter a']],
    [3, 0, ['moved Chapter d']],
    [1, 2, ['moved Chapter b']],
  ])('names the one chapter that went from %d to %d', (from, to, expected) => {
    const draft = moved(base, from, to);
    expect(changesOf(base, draft)).toHaveLength(1);
    if (Math.abs(to - from) > 1) expect(said(draft)).toEqual(expected);
  });

  it('does not call those moved that stand elsewhere because one came or went', () => {
    expect(said({ ...base, chapters: [chapter('x'), ...base.chapters.slice(1)] })).toEqual(['added Chapter x', 'removed Chapter a']);
  });

  it('tells the rules of the course from those of a chapter', () => {
    const free = { ...base, chapters: base.chapters.map((one) => (one.id === 'b' ? { ...one, isFree: true } : one)) };
    expect(said({ ...free, isSequential: true })).toEqual(['rules Course', 'changed Chapter b']);
  });
});

describe('moved', () => {
  it('stays within the list', () => {
    expect(moved(base, 0, -1)).toBe(base);
    expect(moved(base, 3, 4)).toBe(base);
  });
});

describe('inputOf', () => {
  it('numbers the chapters as they stand', () => {
    const input = inputOf(moved(base, 3, 0));
    expect(input.chapters?.map(({ id, position }) => [id, position])).toEqual([['d', 1], ['a', 2], ['b', 3], ['c', 4]]);
  });
});

describe('pastedIds', () => {
  it('reads a column, a list and quotes, each id once, and says what is none', () => {
    expect(pastedIds('a-1, b;c\n"d"\r\n a-1\tნინო x y@z')).toEqual({ ids: ['a-1', 'b', 'c', 'd', 'x'], wrong: ['ნინო', 'y@z'] });
  });
});
