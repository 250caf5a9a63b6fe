import { describe, expect, it, vi } from 'vitest';
import { ApiError, networkError } from '../api/errors';
import type { TelemetryBatch, TelemetryEvent } from '../api/types';
import { BATCH_BYTES, BATCH_EVENTS, MOST_KEPT, TelemetrySender } from './telemetrySender';

const event = (at: number, message?: string): TelemetryEvent => ({
  type: message === undefined ? 'speed' : 'error',
  at,
  time: '2026-01-01T00:00:00.000Z',
  ...(message === undefined ? {} : { message }),
});

/** `answers` are used up in order; then everything is accepted. */
function setUp(...answers: (Error | 'ok' | Promise<unknown>)[]) {
  const sent: string[] = [];
  const sender = new TelemetrySender((batch) => {
    sent.push(JSON.stringify(batch));
    const answer = answers.shift() ?? 'ok';
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
  const batches = (): TelemetryBatch[] => sent.map((text) => JSON.parse(text) as TelemetryBatch);
  const told = (): [string, number, number[]][] => batches().map(({ sessionId, seq, events }) => [sessionId, seq, events.map(({ at }) => at)]);
  return { sender, sent, batches, told };
}

const settle = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve));

describe('TelemetrySender', () => {
  it('numbers the batches of a session, and sends nothing where there is nothing', async () => {
    const { sender, told } = setUp();
    sender.bind('one');
    await sender.flush();
    sender.add(event(1));
    sender.add(event(2));
    await sender.flush();
    sender.add(event(3));
    await sender.flush();
    await sender.flush();
    expect(told()).toEqual([
      ['one', 0, [1, 2]],
      ['one', 1, [3]],
    ]);
  });

  it('takes nothing before there is a session', async () => {
    const { sender, told } = setUp();
    sender.add(event(1));
    sender.bind('one');
    await sender.flush();
    expect(told()).toEqual([]);
  });

  it.each([networkError(), new ApiError(503, {}), new ApiError(429, {}), new ApiError(401, {}), new TypeError('keepalive quota')])(
    'sends an unanswered batch again unchanged, and what came meanwhile after it (%s)',
    async (failure) => {
      const { sender, sent, told } = setUp(failure, failure);
      sender.bind('one');
      sender.add(event(1));
      await sender.flush();
      sender.add(event(2));
      await sender.flush();
      await sender.flush();
      expect(told()).toEqual([
        ['one', 0, [1]],
        ['one', 0, [1]],
        ['one', 0, [1]],
        ['one', 1, [2]],
      ]);
      expect(new Set(sent.slice(0, 3)).size).toBe(1);
    },
  );

  it.each([400, 403, 404, 409, 413, 422])('drops a batch that is refused for good, and goes on with the next number (%i)', async (status) => {
    const { sender, told } = setUp(new ApiError(status, {}));
    sender.bind('one');
    sender.add(event(1));
    await expect(sender.flush()).resolves.toBeUndefined();
    sender.add(event(2));
    await sender.flush();
    expect(told()).toEqual([
      ['one', 0, [1]],
      ['one', 1, [2]],
    ]);
  });

  it('waits as long as the server asks for', async () => {
    vi.useFakeTimers({ now: 0 });
    const { sender, told } = setUp(new ApiError(429, {}, 90));
    sender.bind('one');
    sender.add(event(1));
    await sender.flush();
    vi.setSystemTime(60_000);
    await sender.flush();
    expect(told()).toHaveLength(1);
    vi.setSystemTime(90_000);
    await sender.flush();
    expect(told()).toHaveLength(2);
    vi.useRealTimers();
  });

  it('sends one batch at a time', async () => {
    let answer = (): void => undefined;
    const { sender, told } = setUp(new Promise<void>((resolve) => (answer = resolve)));
    sender.bind('one');
    sender.add(event(1));
    const flushing = sender.flush();
    await settle();
    sender.add(event(2));
    void sender.flush();
    await settle();
    expect(told()).toHaveLength(1);
    answer();
    await flushing;
    await sender.flush();
    expect(told().map(([, seq]) => seq)).toEqual([0, 1]);
  });

  it('cuts batches by the number of events, all of which arrive in order', async () => {
    const { sender, told } = setUp();
    sender.bind('one');
    for (let at = 0; at < 800; at += 1) sender.add({ type: 'stall', at, time: '' });
    await sender.flush();
    expect(Math.max(...told().map(([, , places]) => places.length))).toBe(BATCH_EVENTS);
    expect(told().flatMap(([, , places]) => places)).toEqual(Array.from({ length: 800 }, (_, at) => at));
    expect(told().map(([, seq]) => seq)).toEqual(told().map((_, index) => index));
  });

  it('cuts batches by bytes, not letters', async () => {
    const { sender, sent, told } = setUp();
    sender.bind('one');
    for (let at = 0; at < 300; at += 1) sender.add(event(at, 'შ'.repeat(200)));
    await sender.flush();
    expect(told().flatMap(([, , places]) => places)).toHaveLength(300);
    const sizes = sent.map((text) => new TextEncoder().encode(text).length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(BATCH_BYTES);
    expect(Math.max(...sizes)).toBeGreaterThan(BATCH_BYTES / 2);
  });

  it('keeps the newest of what cannot be sent for hours', async () => {
    const { sender, told } = setUp(...Array.from({ length: 20 }, () => networkError()));
    sender.bind('one');
    for (let at = 0; at < 5 * MOST_KEPT; at += 1) {
      sender.add(event(at));
      // A page that is hidden again and again numbers what it has each time.
      if (at % 1_000 === 999) sender.leave();
    }
    await settle();
    const before = told().length;
    for (let times = 0; times < 30; times += 1) await sender.flush();
    const kept = told().slice(before).flatMap(([, , places]) => places);
    expect(new Set(kept).size).toBeLessThanOrEqual(MOST_KEPT);
    expect(kept.at(-1)).toBe(5 * MOST_KEPT - 1);
  });

  it('tells what is left of a lost session as that one, and begins anew with the next', async () => {
    const { sender, told } = setUp(networkError());
    sender.bind('one');
    sender.add(event(1));
    await sender.flush();
    sender.add(event(2));
    sender.bind('two');
    sender.add(event(3));
    await sender.flush();
    expect(told().slice(1)).toEqual([
      ['one', 0, [1]],
      ['one', 1, [2]],
      ['two', 0, [3]],
    ]);
  });

  it('leaves with what had no answer and the rest at once, but not with what is under way', async () => {
    const never = new Promise(() => undefined);
    const { sender, told } = setUp(networkError(), never, never, never);
    sender.bind('one');
    sender.add(event(1));
    await sender.flush();
    sender.add(event(2));
    sender.leave();
    expect(told().slice(1).map(([, seq]) => seq)).toEqual([0, 1]);
    sender.add(event(3));
    sender.leave();
    expect(told().slice(1).map(([, seq]) => seq)).toEqual([0, 1, 2]);
  });

  it('leaves with no more than browsers let a page leave with', () => {
    const never = new Promise(() => undefined);
    const { sender, sent } = setUp(never, never, never, never, never);
    sender.bind('one');
    for (let at = 0; at < 300; at += 1) sender.add(event(at, 'შ'.repeat(200)));
    sender.leave();
    expect(new TextEncoder().encode(sent.join('')).length).toBeLessThan(60_000);
    expect(sent).toHaveLength(2);
  });

  it('keeps what a hidden page could not send for its next try', async () => {
    const { sender, told } = setUp(networkError());
    sender.bind('one');
    sender.add(event(1));
    sender.leave();
    await settle();
    await sender.flush();
    expect(told()).toEqual([
      ['one', 0, [1]],
      ['one', 0, [1]],
    ]);
  });
});
