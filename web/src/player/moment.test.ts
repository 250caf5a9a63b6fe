import { describe, expect, it } from 'vitest';
import { moment } from './moment';

describe('moment', () => {
  it.each([
    ['90', 90],
    ['12.5', 12.5],
    ['1m30s', 90],
    ['1h2m3s', 3723],
    ['2h', 7200],
    ['1:30', 90],
    ['1:02:03', 3723],
    ['0', 0],
  ])('%s is %d s', (text, seconds) => expect(moment(text)).toBe(seconds));

  it.each([null, undefined, '', ' ', 'soon', '-3', '1:2', '3s2m', '1e9x'])('%s is no moment', (text) => expect(moment(text)).toBeNull());
});
