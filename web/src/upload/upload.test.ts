import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createClient } from '../api/client';
import { ABORTED, ApiError, networkError } from '../api/errors';
import { UploadQueue } from './queue';
import type { sendFile, SendOptions } from './send';
import { SpeedMeter } from './speed';
import { MAX_BYTES, refuse } from './validate';

describe('refuse', () => {
  it('takes the four containers, in any case', () => {
    for (const name of ['a.mp4', 'b.MOV', 'c.avi', 'd.e.mkv']) expect(refuse({ name, size: 10 })).toBeNull();
  });

  it('says why not', () => {
    expect(refuse({ name: 'notes.pdf', size: 10 })).toBe('type');
    expect(refuse({ name: 'mp4', size: 0 })).toBe('empty');
    expect(refuse({ name: 'a.mp4', size: 0 })).toBe('empty');
    expect(refuse({ name: 'a.mp4', size: MAX_BYTES })).toBeNull();
    expect(refuse({ name: 'a.mp4', size: MAX_BYTES + 1 })).toBe('size');
  });
});

describe('SpeedMeter', () => {
  it('measures a steady stream and tells what is left', () => {
    const meter = new SpeedMeter();
    for (let second = 0; second <= 10; second += 1) meter.sample(second * 1_000, second * 1_000);
    expect(meter.speed).toBeCloseTo(1_000);
    expect(meter.secondsLeft(20_000)).toBeCloseTo(10);
  });

  it('does not know before the second sample', () => {
    const meter = new SpeedMeter();
    meter.sample(0, 0);
    expect(meter.speed).toBeNull();
    expect(meter.secondsLeft(10)).toBeNull();
  });
});

const client = createClient({ getAuthToken: () => 'token' });
const film = (name = 'lecture.mp4'): File => new File(['film'], name);

/** A send that each test ends as it likes. */
function controlled() {
  const calls: (SendOptions & { accept: (videoId: string) => void; fail: (error: ApiError) => void })[] = [];
  const send: typeof sendFile = (options) =>
    new Promise((resolve, reject) => {
      options.signal.addEventListener('abort', () => reject(new ApiError(0, { code: ABORTED })));
      calls.push({ ...options, accept: (videoId) => resolve({ videoId, status: 'processing' }), fail: reject });
    });
  return { calls, queue: new UploadQueue(send) };
}

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe('UploadQueue', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('sends a film and tells when it has arrived', async () => {
    const { calls, queue } = controlled();
    const onAccepted = vi.fn<(videoId: string) => void>();
    queue.add(client, 'intro', [film()], null, onAccepted);
    expect(queue.snapshot()[0]?.state).toBe('sending');
    calls[0]?.accept('v1');
    await settle();
    expect(queue.snapshot()[0]).toMatchObject({ state: 'accepted', videoId: 'v1' });
    expect(onAccepted).toHaveBeenCalledWith('v1');
    expect(queue.busy).toBe(false);
  });

  it('refuses before sending', () => {
    const { calls, queue } = controlled();
    queue.add(client, 'intro', [film('notes.txt')], null, () => undefined);
    expect(queue.snapshot()[0]).toMatchObject({ state: 'refused', refusal: 'type' });
    expect(calls).toHaveLength(0);
  });

  it('sends two at once, and films of one chapter one after the other', async () => {
    const { calls, queue } = controlled();
    for (const chapter of ['a', 'a', 'b', 'c']) queue.add(client, chapter, [film()], null, () => undefined);
    expect(calls.map(({ chapterId }) => chapterId)).toEqual(['a', 'b']);
    calls[1]?.accept('v');
    await settle();
    expect(calls.map(({ chapterId }) => chapterId)).toEqual(['a', 'b', 'c']);
  });

  it('tries again by itself after a lost connection, and gives up in the end', async () => {
    const { calls, queue } = controlled();
    queue.add(client, 'intro', [film()], null, () => undefined);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      calls[attempt]?.fail(networkError());
      await settle();
      expect(queue.snapshot()[0]?.state).toBe('waiting');
      await vi.advanceTimersByTimeAsync(20_000);
    }
    calls[3]?.fail(networkError());
    await settle();
    expect(queue.snapshot()[0]).toMatchObject({ state: 'failed', error: { code: 'network' } });
  });

  it('does not repeat what the server refused, until it is told to replace', async () => {
    const { calls, queue } = controlled();
    queue.add(client, 'intro', [film()], null, () => undefined);
    calls[0]?.fail(new ApiError(409, { code: 'chapter_has_video', videoId: 'old' }));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toHaveLength(1);
    queue.retry(client, queue.snapshot()[0]!.id, 'old');
    expect(calls[1]?.replaces).toBe('old');
  });

  it('cancels, and lets the next one go', async () => {
    const { calls, queue } = controlled();
    queue.add(client, 'intro', [film(), film('second.mp4')], null, () => undefined);
    queue.cancel(client, queue.snapshot()[0]!.id);
    await settle();
    expect(calls[0]?.signal.aborted).toBe(true);
    expect(queue.snapshot().map(({ state }) => state)).toEqual(['cancelled', 'sending']);
  });
});
