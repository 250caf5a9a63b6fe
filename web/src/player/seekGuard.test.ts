import { describe, expect, it } from 'vitest';
import { SeekGuard } from './seekGuard';

describe('SeekGuard', () => {
  it('lets everything through without restriction', () => {
    const guard = new SeekGuard();
    guard.update(false, 0, 100);
    expect(guard.allow(80)).toBe(80);
    expect(guard.maxSeek).toBe(Infinity);
  });

  it('holds a seek beyond the frontier and lets one behind it go', () => {
    const guard = new SeekGuard();
    guard.update(true, 20, 100);
    expect(guard.allow(60)).toBe(20);
    expect(guard.isBeyond(60)).toBe(true);
    expect(guard.allow(5)).toBe(5);
    expect(guard.allow(-3)).toBe(0);
  });

  it('is carried forward by playback, but not by a jump', () => {
    const guard = new SeekGuard();
    guard.update(true, 20, 100);
    guard.played(20.25);
    expect(guard.maxSeek).toBe(20.25);
    guard.played(70);
    expect(guard.maxSeek).toBe(20.25);
  });

  it('is not set back by an answer that is older than what just ran', () => {
    const guard = new SeekGuard();
    guard.update(true, 20, 100);
    guard.played(21);
    guard.update(true, 20, 100);
    expect(guard.maxSeek).toBe(21);
  });

  it('opens when the whole film has been reached', () => {
    const guard = new SeekGuard();
    guard.update(true, 99.8, 100);
    expect(guard.restricted).toBe(false);
  });
});
