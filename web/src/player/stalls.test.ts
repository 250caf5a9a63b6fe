import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StallWatch, type Stall } from './stalls';

function setUp() {
  const stalls: Stall[] = [];
  const watch = new StallWatch((stall) => stalls.push(stall));
  watch.restart(0);
  return { stalls, watch };
}

function playing() {
  const made = setUp();
  made.watch.playing();
  return made;
}

const wait = (ms: number): void => void vi.advanceTimersByTime(ms);

describe('StallWatch', () => {
  beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => vi.useRealTimers());

  it('measures from where the film stood until it plays again', () => {
    const { watch, stalls } = playing();
    wait(5_000);
    watch.waiting(5);
    wait(1_500);
    watch.playing();
    expect(stalls).toEqual([{ at: 5, time: 1_005_000, seconds: 1.5 }]);
  });

  it('counts one standstill once, however often it is told', () => {
    const { watch, stalls } = playing();
    watch.waiting(5);
    wait(500);
    watch.waiting(5);
    wait(500);
    watch.playing();
    expect(stalls.map(({ seconds }) => seconds)).toEqual([1]);
  });

  it('does not count the start', () => {
    const { watch, stalls } = setUp();
    watch.waiting(0);
    wait(2_000);
    watch.playing();
    expect(stalls).toEqual([]);
  });

  it('does not count a seek, before or after it has found its place', () => {
    const { watch, stalls } = playing();
    watch.seeking(60);
    watch.waiting(60);
    wait(2_000);
    watch.waiting(60);
    wait(2_000);
    watch.playing();
    expect(stalls).toEqual([]);
    watch.waiting(70);
    wait(1_000);
    watch.playing();
    expect(stalls.map(({ at }) => at)).toEqual([70]);
  });

  it('does not count the step back of the seek guard', () => {
    const { watch, stalls } = playing();
    watch.seeking(60);
    watch.seeking(12);
    watch.waiting(12);
    wait(2_000);
    watch.playing();
    expect(stalls).toEqual([]);
  });

  it('takes a film that runs for settled, though no browser said so', () => {
    const { watch, stalls } = playing();
    watch.seeking(60);
    watch.ticked(60.2);
    watch.waiting(60.3);
    expect(stalls).toEqual([]);
    watch.ticked(60.8);
    watch.waiting(61);
    wait(1_000);
    watch.playing();
    expect(stalls.map(({ at }) => at)).toEqual([61]);
  });

  it('goes on through a nudge of VHS, and ends where the viewer seeks away', () => {
    const { watch, stalls } = playing();
    watch.waiting(5);
    wait(1_000);
    watch.seeking(5.1);
    wait(1_000);
    watch.seeking(40);
    wait(9_000);
    watch.playing();
    expect(stalls.map(({ seconds }) => seconds)).toEqual([2]);
  });

  it('does not count the wait for a key that is not open', () => {
    const { watch, stalls } = playing();
    // Asked for ahead of time.
    watch.keyRefused();
    watch.waiting(5);
    wait(1_000);
    watch.segmentLoaded();
    watch.playing();
    // And when the film stood already.
    watch.waiting(10);
    watch.keyRefused();
    watch.segmentLoaded();
    wait(1_000);
    watch.playing();
    expect(stalls).toEqual([]);
    watch.waiting(15);
    wait(1_000);
    watch.playing();
    expect(stalls.map(({ at }) => at)).toEqual([15]);
  });

  it('counts up to a pause, and nothing right before the end', () => {
    const { watch, stalls } = playing();
    watch.waiting(5);
    wait(1_000);
    watch.finish();
    wait(60_000);
    watch.playing();
    watch.waiting(100);
    wait(200);
    watch.ended(100);
    expect(stalls.map(({ seconds }) => seconds)).toEqual([1]);
  });

  it('does not count what nobody sees', () => {
    const { watch, stalls } = playing();
    watch.waiting(5);
    wait(40);
    watch.playing();
    expect(stalls).toEqual([]);
  });
});
