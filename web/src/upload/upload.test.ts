import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createClient } from '../api/client';
import { ABORTED, ApiError, networkError } from '../api/errors';
import type { VideoStatus } from '../api/types';
import { followStatus } from './follow';
import { createMemory, ownerOf, type UploadMemory } from './memory';
import { UploadQueue, type UploadItem } from './queue';
import type { sendFile, SendOptions } from './send';
import { SpeedMeter } from './speed';
import { createEventParser } from './sse';
import { suggestChapters } from './suggest';
import { totalOf } from './UploadOverview';
import { examine, MAX_BYTES, refuse } from './validate';

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
    expect(refuse({ name: 'a.mp4', size: 11 }, 10)).toBe('size');
    expect(refuse({ name: 'a.mp4', size: 10, type: 'text/plain' })).toBe('type');
  });
});

const mp4 = (rest: string): string => `\0\0\0\x18ftypisom${rest}`;

describe('examine', () => {
  it('believes the first bytes, not the name', async () => {
    expect(await examine(new File(['once upon a time'], 'a.mp4'))).toEqual({ refusal: 'content', fingerprint: null });
    expect((await examine(new File(['RIFF1234WAVE'], 'a.avi'))).refusal).toBe('content');
    for (const head of [mp4(''), 'RIFF1234AVI ']) expect((await examine(new File([head], 'a.mp4'))).refusal).toBeNull();
    expect((await examine(new File([new Uint8Array([0x1a, 0x45, 0xdf, 0xa3])], 'a.mkv'))).refusal).toBeNull();
  });

  it('knows a file again by what is in it', async () => {
    const print = async (content: string, name = 'a.mp4'): Promise<string | null> => (await examine(new File([content], name))).fingerprint;
    expect(await print(mp4('one'), 'b.mp4')).toBe(await print(mp4('one')));
    expect(await print(mp4('two'))).not.toBe(await print(mp4('one')));
    expect(await print(mp4('one!'))).not.toBe(await print(mp4('one')));
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

const tokenOf = (sub: string): string => `head.${btoa(JSON.stringify({ sub }))}.mark`;
let token = tokenOf('nino');
const client = createClient({ getAuthToken: () => token });
const film = (name = 'lecture.mp4', size = 100): File => new File(['x'.repeat(size)], name);

/** As the browser's own, but for the locks and the handles. */
function memoryOfTest(): UploadMemory {
  return { ...createMemory(), handle: () => Promise.resolve(null), claim: () => Promise.resolve(true) };
}

type Call = SendOptions & { accept: (videoId: string) => void; fail: (error: ApiError) => void };

/** A send that each test ends as it likes. A file's fingerprint is its name. */
function controlled(memory = memoryOfTest()) {
  const calls: Call[] = [];
  const ended: string[] = [];
  const network = { online: true };
  const send: typeof sendFile = (options) =>
    new Promise((resolve, reject) => {
      options.signal.addEventListener('abort', () => reject(new ApiError(0, { code: ABORTED })));
      calls.push({ ...options, accept: (videoId) => resolve({ videoId }), fail: reject });
    });
  const queue = new UploadQueue({
    send,
    memory,
    examine: (file) => Promise.resolve({ refusal: refuse(file), fingerprint: file.name }),
    standing: () => Promise.resolve({ sent: 40, videoId: null }),
    end: (_, uploadId) => Promise.resolve(void ended.push(uploadId)),
    limit: () => Promise.resolve(MAX_BYTES),
    isOnline: () => network.online,
  });
  const states = (): string[] => queue.snapshot().map(({ state }) => state);
  const item = (): UploadItem => queue.snapshot()[0]!;
  return { calls, ended, network, queue, states, item };
}

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe('UploadQueue', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    localStorage.clear();
    token = tokenOf('nino');
  });
  afterEach(() => vi.useRealTimers());

  it('sends a film and tells when it has arrived', async () => {
    const { calls, queue, item } = controlled();
    const arrived = vi.fn<(videoId: string | null) => void>();
    queue.onArrival(({ videoId }) => arrived(videoId));
    await queue.add(client, 'intro', [film()]);
    expect(item().state).toBe('sending');
    calls[0]?.accept('v1');
    await settle();
    expect(item()).toMatchObject({ state: 'accepted', videoId: 'v1' });
    expect(arrived).toHaveBeenCalledWith('v1');
    expect(createMemory().all()).toEqual([]);
  });

  it('refuses before sending', async () => {
    const { calls, queue, item } = controlled();
    await queue.add(client, 'intro', [film('notes.txt')]);
    expect(item()).toMatchObject({ state: 'refused', refusal: 'type' });
    expect(calls).toHaveLength(0);
  });

  it('sends two at once, and films of one chapter one after the other', async () => {
    const { calls, queue, states } = controlled();
    for (const chapter of ['a', 'a', 'b', 'c']) await queue.add(client, chapter, [film(`${chapter}.mp4`)]);
    expect(states()).toEqual(['sending', 'queued', 'sending', 'queued']);
    calls[0]?.accept('v');
    await settle();
    expect(states()).toEqual(['accepted', 'sending', 'sending', 'queued']);
  });

  it('tries again after 1, 2, 4 ... seconds, at most 30, from where it stands, and then waits for a person', async () => {
    const { calls, queue, item } = controlled();
    await queue.add(client, 'intro', [film()]);
    calls[0]?.onBegun('u1');
    for (const [attempt, seconds] of [1, 2, 4, 8, 16, 30, 30, 30].entries()) {
      calls[attempt]?.fail(networkError());
      await settle();
      expect(item()).toMatchObject({ state: 'waiting', attempt: attempt + 1, retryAt: Date.now() + seconds * 1_000 });
      await vi.advanceTimersByTimeAsync(seconds * 1_000);
      expect(calls[attempt + 1]?.uploadId).toBe('u1');
    }
    calls[8]?.fail(networkError());
    await settle();
    expect(item()).toMatchObject({ state: 'failed', uploadId: 'u1', error: { code: 'network' } });
    queue.retry(item().id);
    expect(calls[9]?.uploadId).toBe('u1');
  });

  it('counts anew when something got through, and waits as long as the server asks', async () => {
    const { calls, queue, item } = controlled();
    await queue.add(client, 'intro', [film()]);
    calls[0]?.fail(networkError());
    await vi.advanceTimersByTimeAsync(1_000);
    calls[1]?.onStanding(10);
    expect(item()).toMatchObject({ sent: 10, attempt: 0 });
    calls[1]?.fail(new ApiError(429, { code: 'rate_limited' }, 20));
    await settle();
    expect(item().retryAt).toBe(Date.now() + 20_000);
  });

  it('waits for the network without counting, and goes on when it is back', async () => {
    const { calls, network, queue, item } = controlled();
    await queue.add(client, 'intro', [film()]);
    calls[0]?.onBegun('u1');
    network.online = false;
    queue.networkChanged();
    await settle();
    expect(item()).toMatchObject({ state: 'waiting', retryAt: null, attempt: 0 });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(calls).toHaveLength(1);
    network.online = true;
    queue.networkChanged();
    expect(calls[1]?.uploadId).toBe('u1');
  });

  it('begins anew when the server has let go of it', async () => {
    const { calls, queue } = controlled();
    await queue.add(client, 'intro', [film()]);
    calls[0]?.onBegun('u1');
    calls[0]?.onStanding(50);
    calls[0]?.fail(new ApiError(410, { code: 'upload_expired' }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls[1]?.uploadId).toBeNull();
  });

  it('pauses and goes on, lets others go meanwhile, and cancels on the server, too', async () => {
    const { calls, ended, queue, states, item } = controlled();
    for (const chapter of ['a', 'b', 'c']) await queue.add(client, chapter, [film(`${chapter}.mp4`)]);
    calls[0]?.onBegun('u1');
    queue.pause(item().id);
    await settle();
    expect(calls[0]?.signal.aborted).toBe(true);
    expect(states()).toEqual(['paused', 'sending', 'sending']);
    queue.resume(item().id);
    expect(states()).toEqual(['queued', 'sending', 'sending']);
    calls[1]?.accept('v');
    await settle();
    expect(calls[3]?.uploadId).toBe('u1');
    queue.cancel(item().id);
    await settle();
    expect(states()).toEqual(['cancelled', 'accepted', 'sending']);
    expect(ended).toEqual(['u1']);
    expect(createMemory().all().map(({ chapterId }) => chapterId)).toEqual(['c']);
  });

  it('does not repeat what the server refused, until it is told to replace', async () => {
    const { calls, queue, item } = controlled();
    await queue.add(client, 'intro', [film()]);
    calls[0]?.fail(new ApiError(409, { code: 'chapter_has_video', videoId: 'old' }));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toHaveLength(1);
    queue.retry(item().id, 'old');
    expect(calls[1]).toMatchObject({ replaces: 'old', uploadId: null });
  });

  it('remembers what a page left undone, and goes on with the same file from what the server has', async () => {
    const before = controlled();
    await before.queue.add(client, 'intro', [film()]);
    before.calls[0]?.onBegun('u1');
    const { calls, queue, item } = controlled();
    await queue.restore(client);
    expect(item()).toMatchObject({ state: 'interrupted', name: 'lecture.mp4', chapterId: 'intro', sent: 40 });
    await queue.choose(item().id, { file: film('another.mp4') });
    expect(item()).toMatchObject({ state: 'interrupted', mistaken: 'another.mp4' });
    await queue.add(client, 'intro', [film()]);
    expect(queue.snapshot()).toHaveLength(1);
    expect(calls[0]).toMatchObject({ uploadId: 'u1', chapterId: 'intro' });
  });

  it('shows nobody what another person left undone', async () => {
    const before = controlled();
    await before.queue.add(client, 'intro', [film()]);
    token = tokenOf('gela');
    const { queue } = controlled();
    await queue.restore(client);
    expect(queue.snapshot()).toEqual([]);
    expect(ownerOf(token)).toBe('gela');
    // Nor on the page where it was begun, once somebody else has signed in there.
    await before.queue.restore(client);
    expect(before.queue.snapshot()).toEqual([]);
    expect(before.calls[0]?.signal.aborted).toBe(true);
    expect(createMemory().all()).toHaveLength(1);
  });

  it('asks before the page is left only where nothing can be remembered', async () => {
    const kept = controlled();
    await kept.queue.add(client, 'intro', [film()]);
    expect(kept.queue.wouldLose).toBe(false);
    const forgetful = controlled({ ...memoryOfTest(), works: false });
    expect(forgetful.queue.wouldLose).toBe(false);
    await forgetful.queue.add(client, 'intro', [film()]);
    expect(forgetful.queue.wouldLose).toBe(true);
  });

  it('adds up what is under way', async () => {
    const { calls, queue } = controlled();
    await queue.add(client, 'a', [film('a.mp4', 300)]);
    await queue.add(client, 'b', [film('b.mp4', 100)]);
    await queue.add(client, 'c', [film('notes.txt', 900)]);
    calls[0]?.onProgress(100);
    calls[1]?.accept('v');
    await settle();
    expect(totalOf(queue.snapshot())).toMatchObject({ count: 2, done: 1, share: 50, secondsLeft: null });
  });
});

describe('suggestChapters', () => {
  const places = ['Motion', 'Forces', 'Energy'].map((title, i) => ({ id: `${i + 1}`, title, videoId: null as string | null }));

  it('goes by title, then by number, then by what is next', () => {
    expect(suggestChapters(['energy (final).mp4', '02 take 3.mov', 'IMG_4411.mov'], places)).toEqual(['3', '2', '1']);
  });

  it('suggests no chapter twice, none that is taken, and none of two films', () => {
    expect(suggestChapters(['Motion.mp4', 'motion.mov', 'x.mp4', 'y.mp4'], places)).toEqual(['1', '2', '3', null]);
    expect(suggestChapters(['a.mp4'], [{ ...places[0]!, videoId: 'v' }, ...places.slice(1)], new Set(['2']))).toEqual(['3']);
  });
});

describe('server-sent events', () => {
  it('are read out of any pieces', () => {
    const parse = createEventParser();
    const text = 'retry: 3000\n\nid: 7\nevent: status\ndata: {"a":1}\n\n: still here\n\nid: 8\nevent: status\ndata: {}\n\n';
    const events = [...text].flatMap((letter) => parse(letter));
    expect(events).toEqual([
      { id: '7', event: 'status', data: '{"a":1}' },
      { id: '8', event: 'status', data: '{}' },
    ]);
  });
});

describe('followStatus', () => {
  const document = (status: string, percent: number): VideoStatus => ({ videoId: 'v', status, percent, replacing: null }) as VideoStatus;
  const event = (id: string, status: VideoStatus): string => `id: ${id}\nevent: status\ndata: ${JSON.stringify(status)}\n\n`;

  /** Answers each request by the first script that fits; the statuses that were told, and what was asked. */
  async function follow(answers: { events: (() => Response)[]; status: VideoStatus[] }) {
    const asked: { kind: string; lastId: string | null }[] = [];
    vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
      const kind = url.endsWith('/events') ? 'events' : 'status';
      asked.push({ kind, lastId: new Headers(init.headers).get('Last-Event-ID') });
      if (kind === 'status') return Promise.resolve(Response.json(answers.status.length > 1 ? answers.status.shift() : answers.status[0]));
      const next = answers.events.shift();
      return next ? Promise.resolve(next()) : Promise.reject(new TypeError('no network'));
    });
    const told: string[] = [];
    const onStatus = ({ status, percent }: VideoStatus): void => void told.push(`${status} ${percent}`);
    await followStatus({ client, videoId: 'v', onStatus, onError: () => undefined, signal: new AbortController().signal, wait: () => Promise.resolve() });
    vi.unstubAllGlobals();
    return { told, asked };
  }

  it('listens until it is done, and after a break from what it heard last', async () => {
    const first = event('1', document('processing', 20));
    const second = event('2', document('ready', 100));
    const { told, asked } = await follow({ events: [() => new Response(first), () => new Response(second)], status: [document('processing', 10)] });
    expect(told).toEqual(['processing 10', 'processing 20', 'processing 10', 'ready 100']);
    expect(asked.filter(({ kind }) => kind === 'events').map(({ lastId }) => lastId)).toEqual([null, '1']);
  });

  it('asks instead where events do not get through', async () => {
    const status = [10, 20, 30, 40, 50].map((percent) => document('processing', percent));
    const { told, asked } = await follow({ events: [], status: [...status, document('ready', 100)] });
    expect(told.at(-1)).toBe('ready 100');
    expect(asked.filter(({ kind }) => kind === 'events')).toHaveLength(3);
  });
});
