import { describe, expect, it } from 'vitest';
import { cueAt, parseVtt } from './vtt';

const FILE = `WEBVTT - a lecture

NOTE
00:01.000 --> 00:02.000 is no cue, for it stands in a note
nor is this

STYLE
::cue { color: red }

one
00:01.000 --> 00:02.500 line:10%
First
and more

01:00:00.250 --> 01:00:01.000
<v Anna>An hour later

00:09.000 --> 00:10.000
`;

describe('parseVtt', () => {
  it('reads cues and nothing else', () => {
    expect(parseVtt(FILE.replaceAll('\n', '\r\n'))).toEqual([
      { start: 1, end: 2.5, text: 'First\nand more' },
      { start: 3600.25, end: 3601, text: '<v Anna>An hour later' },
    ]);
  });

  it('finds nothing in what is no WebVTT', () => expect(parseVtt('{"code": "x"}')).toEqual([]));
});

describe('cueAt', () => {
  const cues = [1, 4, 9].map((start) => ({ start, end: start + 1, text: '' }));
  it.each([[0, -1], [1, 0], [3.9, 0], [4, 1], [100, 2]])('at %d s it is %d', (position, index) => expect(cueAt(cues, position)).toBe(index));
});
