import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultPrefs } from './prefs';
import { ApiError, networkError } from '../api/errors';
import type { TelemetryBatch, TelemetryEvent } from '../api/types';
import type { Engine } from './engine';
import { createStore } from './store';
import { renditionOf, Telemetry } from './telemetry';
import { TELL_EVERY_MS } from './telemetrySender';
import { initialState } from './types';

/** What Telemetry uses of an engine, moved by hand. */
class FakeEngine {
  readonly video = Object.assign(new EventTarget(), { videoWidth: 0, videoHeight: 0 });
  readonly #listeners = new Map<string, () => void>();
  now = { position: 0, paused: false, seeking: false, ended: false };
  arrived: (url: string, bytes: number) => void = () => undefined;
  readonly player = {
    on: (event: string, listener: () => void): void => void this.#listeners.set(event, listener),
    currentTime: () => this.now.position,
    paused: () => this.now.paused,
    seeking: () => this.now.seeking,
    ended: () => this.now.ended,
  };
  readonly onSegment = (listener: (url: string, bytes: number) => void): void => void (this.arrived = listener);

  says(event: string, change: Partial<FakeEngine['now']> = {}): void {
    Object.assign(this.now, change);
    this.#listeners.get(event)?.();
  }

  shows(width: number, height: number): void {
    Object.assign(this.video, { videoWidth: width, videoHeight: height });
    this.video.dispatchEvent(new Event('resize'));
  }
}

function setUp() {
  const store = createStore({ ...initialState(defaultPrefs) });
  const sent: TelemetryBatch[] = [];
  const post = vi.fn<(batch: TelemetryBatch) => Promise<unknown>>((batch) => Promise.resolve(sent.push(batch)));
  const telemetry = new Telemetry(store, post);
  const engine = new FakeEngine();
  telemetry.watch(engine as unknown as Engine);
  const events = (): TelemetryEvent[] => sent.flatMap(({ events: all }) => all);
  const of = (type: TelemetryEvent['type']): object[] =>
    events().filter((event) => event.type === type).map(({ type: _type, time: _time, ...rest }) => rest);
  return { store, post, sent, telemetry, engine, events, of };
}

function playing() {
  const made = setUp();
  made.telemetry.wish();
  vi.advanceTimersByTime(820);
  made.telemetry.begin('one', 0);
  made.store.set({ phase: 'active' });
  made.engine.shows(640, 360);
  made.engine.says('playing');
  return made;
}

describe('renditionOf', () => {
  it('knows segments from storage, made to order and signed', () => {
    expect(renditionOf('https://cdn.example/v/1/360p/17.ts')).toBe('360p');
    expect(renditionOf('/api/playback/c/segment/1080p/0.ts')).toBe('1080p');
    expect(renditionOf('https://s3.example/b/v/1/720p/3.ts?X-Amz-Signature=a/b.ts')).toBe('720p');
  });

  it('takes all sound for one', () => {
    expect(renditionOf('/v/1/audio/17.ts')).toBe('audio');
    expect(renditionOf('/v/1/audio-ka/17.ts')).toBe('audio');
  });

  it('leaves keys, playlists and captions alone', () => {
    expect(['/api/playback/c/key/3', '/api/playback/c/720p.m3u8', '/v/1/captions/en/3.vtt', '/v/1/720p/init.ts'].map(renditionOf)).toEqual(
      Array(4).fill(null),
    );
  });
});

describe('Telemetry', () => {
  beforeEach(() => vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') }));
  afterEach(() => vi.useRealTimers());

  it('tells every half minute, with place and time', async () => {
    const { sent, store } = playing();
    store.set({ position: 12.34567, rate: 1.5 });
    await vi.advanceTimersByTimeAsync(TELL_EVERY_MS);
    expect(sent).toEqual([
      {
        sessionId: 'one',
        seq: 0,
        events: [
          { type: 'session_start', at: 0, time: '2026-01-01T00:00:00.820Z' },
          { type: 'startup', at: 0, time: '2026-01-01T00:00:00.820Z', duration: 0.82, quality: '360p' },
          { type: 'speed', at: 12.346, time: '2026-01-01T00:00:00.820Z', rate: 1.5 },
        ],
      },
    ]);
    await vi.advanceTimersByTimeAsync(3 * TELL_EVERY_MS);
    expect(sent).toHaveLength(1);
  });

  it('measures the start once, from the first wish', () => {
    const { telemetry, engine, of } = playing();
    engine.says('pause');
    engine.says('play');
    engine.says('playing');
    telemetry.end();
    expect(of('startup')).toEqual([{ at: 0, duration: 0.82, quality: '360p' }]);
  });

  it('does not count the time in which nobody wished to see it', () => {
    const { telemetry, engine, store, of } = setUp();
    telemetry.wish();
    telemetry.begin('one', 0);
    store.set({ phase: 'active' });
    engine.says('play');
    engine.says('pause');
    vi.advanceTimersByTime(60_000);
    engine.says('play');
    vi.advanceTimersByTime(400);
    engine.says('playing');
    telemetry.end();
    expect(of('startup')).toEqual([{ at: 0, duration: 0.4 }]);
  });

  it('tells a stall, and neither a seek nor what a closed key makes', () => {
    const { telemetry, engine, of } = playing();
    engine.says('waiting', { position: 4.5 });
    vi.advanceTimersByTime(1_400);
    engine.says('playing');
    engine.says('seeking', { position: 40, seeking: true });
    engine.says('waiting');
    engine.says('seeked', { seeking: false });
    engine.says('waiting');
    vi.advanceTimersByTime(2_000);
    engine.says('playing');
    telemetry.refused(new ApiError(403, { code: 'not_watched_yet' }));
    engine.says('waiting', { position: 50 });
    vi.advanceTimersByTime(2_000);
    engine.says('playing');
    telemetry.end();
    expect(of('stall')).toEqual([{ at: 4.5, duration: 1.4 }]);
  });

  it('tells of a stall that made the viewer leave', () => {
    const { telemetry, engine, events } = playing();
    engine.says('waiting', { position: 4.5 });
    vi.advanceTimersByTime(9_000);
    telemetry.end();
    expect(events().slice(-2)).toMatchObject([{ type: 'stall', duration: 9 }, { type: 'session_end' }]);
  });

  it('tells what is shown, and from what', () => {
    const { telemetry, engine, of } = playing();
    engine.shows(640, 360);
    engine.shows(1280, 720);
    engine.shows(0, 0);
    engine.shows(1080, 1920);
    telemetry.end();
    expect(of('quality_change')).toEqual([
      { at: 0, quality: '720p', fromQuality: '360p' },
      { at: 0, quality: '1080p', fromQuality: '720p' },
    ]);
  });

  it('counts bytes by rendition since the last time', async () => {
    const { telemetry, engine, of } = playing();
    engine.arrived('/v/1/360p/0.ts', 1_000);
    engine.arrived('/v/1/360p/1.ts', 500);
    engine.arrived('/v/1/audio/0.ts', 70);
    engine.arrived('/api/playback/c/key/0', 16);
    await vi.advanceTimersByTimeAsync(TELL_EVERY_MS);
    engine.arrived('/v/1/720p/2.ts', 3_000);
    telemetry.end();
    expect(of('bandwidth')).toEqual([
      { at: 0, rendition: '360p', bytes: 1_500 },
      { at: 0, rendition: 'audio', bytes: 70 },
      { at: 0, rendition: '720p', bytes: 3_000 },
    ]);
  });

  it('tells choices when they change, and a remembered speed at the start', () => {
    const { telemetry, store, of } = setUp();
    store.set({ rate: 1.25 });
    telemetry.begin('one', 0);
    // video.js sets it back and forth while it loads.
    store.set({ rate: 1 });
    store.set({ rate: 1.25 });
    store.set({ phase: 'active' });
    store.set({ fullscreen: true });
    store.set({ pip: true });
    store.set({ pip: false, rate: 2 });
    telemetry.end();
    expect(of('speed')).toEqual([{ at: 0, rate: 1.25 }, { at: 0, rate: 2 }]);
    expect(of('fullscreen')).toEqual([{ at: 0, entered: true }]);
    expect(of('pip')).toEqual([{ at: 0, entered: true }, { at: 0, entered: false }]);
  });

  it('tells an error with a short message, and nothing of a film that never opened', () => {
    const { telemetry, of } = setUp();
    telemetry.failed('chapter_locked', 'Not yet.');
    telemetry.begin('one', 0);
    telemetry.failed('media_error', 'x'.repeat(1_000));
    telemetry.end();
    expect(of('error')).toEqual([{ at: 0, code: 'media_error', message: 'x'.repeat(200) }]);
  });

  it('goes on under the new session, and ends the old one as itself', () => {
    const { telemetry, engine, sent, store } = playing();
    engine.arrived('/v/1/360p/0.ts', 1_000);
    store.set({ phase: 'opening', position: 33 });
    telemetry.wish();
    vi.advanceTimersByTime(300);
    telemetry.begin('two', 33);
    engine.arrived('/v/1/360p/9.ts', 700);
    engine.says('waiting', { position: 33 });
    vi.advanceTimersByTime(200);
    store.set({ phase: 'active' });
    engine.says('playing');
    telemetry.end();
    expect(sent.map(({ sessionId, seq, events }) => [sessionId, seq, events.map(({ type }) => type)])).toEqual([
      ['one', 0, ['session_start', 'startup', 'bandwidth', 'session_end']],
      ['two', 0, ['session_start', 'startup', 'bandwidth', 'session_end']],
    ]);
    expect(sent[1]?.events).toMatchObject([{ at: 33 }, { duration: 0.5 }, { bytes: 700 }, {}]);
  });

  it('sends what there is when the page is hidden, and ends once', () => {
    const { telemetry, engine, sent, of } = playing();
    engine.arrived('/v/1/360p/0.ts', 1_000);
    telemetry.hidden();
    expect(sent).toHaveLength(1);
    expect(of('bandwidth')).toHaveLength(1);
    telemetry.end();
    telemetry.comeBack();
    engine.arrived('/v/1/360p/1.ts', 500);
    telemetry.dispose();
    expect(of('session_end')).toHaveLength(1);
    expect(of('bandwidth')).toHaveLength(2);
    expect(sent.map(({ seq }) => seq)).toEqual([0, 1, 2]);
  });

  it('stays quiet and small when nothing can be told', async () => {
    const { telemetry, engine, post, store } = playing();
    post.mockImplementation(() => Promise.reject(networkError()));
    for (let turn = 0; turn < 50; turn += 1) {
      engine.arrived('/v/1/360p/0.ts', 1_000);
      store.set({ rate: 1 + (turn % 2) });
      await vi.advanceTimersByTimeAsync(TELL_EVERY_MS);
    }
    const bodies = new Set(post.mock.calls.map(([batch]) => JSON.stringify(batch)));
    expect(bodies.size).toBe(1);
    expect(() => telemetry.dispose()).not.toThrow();
    await vi.advanceTimersByTimeAsync(10 * TELL_EVERY_MS);
    expect(vi.getTimerCount()).toBe(0);
  });
});
