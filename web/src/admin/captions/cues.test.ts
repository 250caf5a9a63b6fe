import { describe, expect, it } from 'vitest';
import { added, faultOf, merge, readCues, readTime, shownAt, split, writeCues, writeTime } from './cues';

const FILE = 'WEBVTT\n\nNOTE nothing --> here\n\n1\n00:00:01.000 --> 00:00:02.500 line:0\n<v Ana>a &lt; b &amp; c</v>\n\n1:00:00.000 --> 1:00:01.000\n<i>two</i>\nlines\n';

describe('times', () => {
  it.each([
    ['0:01', 1],
    ['1:02.5', 62.5],
    ['01:02:03,250', 3723.25],
    ['1:02:60', null],
    ['1:61:00', null],
    ['62.5', null],
    ['', null],
  ])('reads %s as %s', (text, seconds) => {
    expect(readTime(text)).toBe(seconds);
  });

  it('writes what it reads', () => {
    for (const seconds of [0, 1.001, 59.999, 60, 3599.5, 3600, 86_399.125]) expect(readTime(writeTime(seconds))).toBe(seconds);
  });
});

describe('files', () => {
  it('reads cues as they are said, with marks and settings', () => {
    const cues = readCues(FILE);
    expect(cues.map(({ start, end, settings, text }) => ({ start, end, settings, text }))).toEqual([
      { start: 1, end: 2.5, settings: 'line:0', text: '<v Ana>a < b & c</v>' },
      { start: 3600, end: 3601, settings: '', text: '<i>two</i>\nlines' },
    ]);
  });

  it('writes them so that they read the same, in their order', () => {
    const cues = readCues(FILE);
    const file = writeCues(cues.toReversed());
    expect(file).toContain('00:00:01.000 --> 00:00:02.500 line:0\n<v Ana>a &lt; b &amp; c</v>');
    expect(file).toContain('01:00:00.000 --> 01:00:01.000\n<i>two</i>\nlines\n');
    expect(readCues(file).map(({ text, start }) => [text, start])).toEqual(cues.map(({ text, start }) => [text, start]));
  });

  it('lets nobody break out of a cue', () => {
    const [cue] = readCues('WEBVTT\n\n00:01.000 --> 00:02.000\nx\n');
    const file = writeCues([{ ...cue!, text: 'one\n\n00:09.000 --> 00:10.000\n<script>' }]);
    expect(file).toContain('one\n00:09.000 --&gt; 00:10.000\n&lt;script&gt;');
    expect(readCues(file)).toHaveLength(1);
  });
});

describe('editing', () => {
  const cue = { id: 1, start: 10, end: 14, text: 'one two', settings: '' };
  const next = { id: 2, start: 15, end: 16, text: 'three', settings: '' };

  it('splits at the caret, or at the word in the middle, and shares the time', () => {
    expect(split([cue, next], 1, 4).map(({ start, end, text }) => [start, end, text])).toEqual([
      [10, 12.286, 'one'],
      [12.286, 14, 'two'],
      [15, 16, 'three'],
    ]);
    expect(split([cue], 1, 0).map(({ text }) => text)).toEqual(['one', 'two']);
  });

  it('merges with the next', () => {
    expect(merge([cue, next], 1)).toEqual([{ ...cue, end: 16, text: 'one two\nthree' }]);
    expect(merge([cue, next], 2)).toEqual([cue, next]);
  });

  it('adds where the film stands, without running into the next', () => {
    const { cues, id } = added([cue, next], 14.2);
    expect(cues.map((one) => one.id)).toEqual([1, id, 2]);
    expect(cues[1]).toMatchObject({ start: 14.2, end: 15, text: '' });
  });

  it('says what is wrong', () => {
    expect(faultOf(cue)).toBeNull();
    expect(faultOf({ ...cue, start: Number.NaN })).toBe('noStart');
    expect(faultOf({ ...cue, end: 10 })).toBe('endsBeforeStart');
    expect(faultOf({ ...cue, text: '<i> </i>' })).toBe('empty');
    expect(faultOf({ ...cue, end: 90_000 })).toBe('tooLate');
  });

  it('shows what is said now', () => {
    expect(shownAt([cue, next], 14)).toEqual([]);
    expect(shownAt([cue, next], 15)).toEqual([next]);
  });
});
