import { describe, expect, it } from 'vitest';
import { defaultPrefs } from './prefs';
import { initialState, type PlayerState } from './types';
import { isAhead } from './quality';

const playing = (position: number, buffered: number, made: PlayerState['made']): PlayerState => ({
  ...initialState(defaultPrefs),
  position,
  buffered,
  duration: 600,
  made,
});

describe('isAhead', () => {
  const made = { '720p': [[0, 60], [300, 600]] as [number, number][] };

  it('takes a rendition that has what is loaded next', () => {
    expect(isAhead(playing(10, 30, made), 720)).toBe(true);
    expect(isAhead(playing(590, 598, made), 720)).toBe(true);
  });

  it('leaves it before its stretch ends, and where there is a gap', () => {
    expect(isAhead(playing(10, 50, made), 720)).toBe(false);
    expect(isAhead(playing(200, 200, made), 720)).toBe(false);
  });

  it('knows nothing of what it was not told', () => {
    expect(isAhead(playing(10, 30, made), 1080)).toBe(false);
    expect(isAhead(playing(10, 30, null), 720)).toBe(false);
  });
});
