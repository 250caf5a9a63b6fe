import { describe, expect, it } from 'vitest';
import { nextOf, toCsv } from './csv';

describe('toCsv', () => {
  it('quotes what has to be quoted, and leaves nothing for null', () => {
    expect(toCsv(['a', 'b'], [['x, "y"', null], ['two\nlines', 1.5]])).toBe('a,b\r\n"x, ""y""",\r\n"two\nlines",1.5\r\n');
  });

  it.each(['=1+1', '+1', '-1', '@x', '\tx', '\rx'])('makes %j plain text', (text) => {
    expect(toCsv(['a'], [[text]])).toMatch(/^a\r\n"?'/);
  });

  it('leaves negative numbers as numbers', () => {
    expect(toCsv(['a'], [[-1]])).toBe('a\r\n-1\r\n');
  });
});

describe('nextOf', () => {
  it('finds the next page in a Link header', () => {
    expect(nextOf('</api/admin/videos?after=x>; rel="next"')).toBe('/api/admin/videos?after=x');
    expect(nextOf(null)).toBeNull();
  });
});
