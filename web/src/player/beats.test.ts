import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, networkError } from '../api/errors';
import type { Beat, ProgressDocument } from '../api/types';
import { BEAT_EVERY_MS, BeatSender, PlayedRecorder, type BeatSenderOptions } from './beats';

function play(recorder: PlayedRecorder, from: number, to: number, rate = 1, start = 0): number {
  let now = start;
  for (let at = from; at <= to + 1e-9; at += 0.25) {
    recorder.tick(at, rate, now);
    now += 250 / rate;
  }
  return now;
}

describe('PlayedRecorder', () => {
  it('joins ticks of ordinary playback into one stretch', () => {
    const recorder = new PlayedRecorder();
    play(recorder, 0, 5);
    expect(recorder.take()).toEqual([{ from: 0, to: 5, rate: 1 }]);
  });

  it('goes on from where a beat was cut', () => {
    const recorder = new PlayedRecorder();
    const now = play(recorder, 0, 5);
    recorder.take();
    recorder.tick(5.25, 1, now);
    expect(recorder.take()).toEqual([{ from: 5, to: 5.25, rate: 1 }]);
  });

  it('does not count a jump the clock cannot explain', () => {
    const recorder = new PlayedRecorder();
    const now = play(recorder, 0, 5);
    recorder.tick(60, 1, now);
    recorder.tick(60.25, 1, now + 250);
    expect(recorder.take()).toEqual([
      { from: 0, to: 5, rate: 1 },
      { from: 60, to: 60.25, rate: 1 },
    ]);
  });

  it('never counts a step back as played', () => {
    const recorder = new PlayedRecorder();
    const now = play(recorder, 10, 12);
    recorder.tick(4, 1, now);
    expect(recorder.take()).toEqual([{ from: 10, to: 12, rate: 1 }]);
  });

  it('starts a new stretch after a break, even if the position fits', () => {
    const recorder = new PlayedRecorder();
    play(recorder, 0, 1);
    recorder.break();
    play(recorder, 1.25, 2, 1, 1_250);
    expect(recorder.take()).toHaveLength(2);
  });

  it('changes speed without a gap', () => {
    const recorder = new PlayedRecorder();
    const now = play(recorder, 0, 2);
    recorder.tick(2.25, 2, now);
    recorder.tick(2.75, 2, now + 250);
    expect(recorder.take()).toEqual([
      { from: 0, to: 2.25, rate: 1 },
      { from: 2.25, to: 2.75, rate: 2 },
    ]);
  });

  it('believes a late tick of a hidden tab when the clock agrees', () => {
    const recorder = new PlayedRecorder();
    recorder.tick(0, 1, 0);
    recorder.tick(30, 1, 30_000);
    expect(recorder.take()).toEqual([{ from: 0, to: 30, rate: 1 }]);
  });
});

const progress = { chapterId: 'intro', watchPercentage: 10 } as ProgressDocument;

function setUp(post: BeatSenderOptions['post']) {
  const recorder = new PlayedRecorder();
  const sent: Beat[] = [];
  const beacons: Beat[] = [];
  const options: BeatSenderOptions = {
    recorder,
    position: () => 5,
    playing: () => true,
    post: (url, body) => {
      sent.push(JSON.parse(body) as Beat);
      return post(url, body);
    },
    beacon: (_url, body) => beacons.push(JSON.parse(body) as Beat) > 0,
    onProgress: vi.fn<(progress: ProgressDocument) => void>(),
    onRefused: vi.fn<(error: ApiError) => void>(),
    onReachable: vi.fn<(reachable: boolean) => void>(),
  };
  return { recorder, sent, beacons, options, sender: new BeatSender(options) };
}

describe('BeatSender', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('sends what was played, and hands on the answer', async () => {
    const { recorder, sent, sender, options } = setUp(() => Promise.resolve(progress));
    sender.bind('/beat');
    play(recorder, 0, 5);
    await sender.flush();
    expect(sent).toMatchObject([{ seq: 1, intervals: [{ from: 0, to: 5, rate: 1 }], position: 5 }]);
    expect(options.onProgress).toHaveBeenCalledWith(progress);
  });

  it('sends by itself every ten seconds', async () => {
    const { recorder, sent, sender } = setUp(() => Promise.resolve(progress));
    sender.bind('/beat');
    sender.start();
    play(recorder, 0, 5);
    await vi.advanceTimersByTimeAsync(BEAT_EVERY_MS);
    expect(sent).toHaveLength(1);
    sender.stop();
  });

  it('says nothing when nothing happened', async () => {
    const { recorder, sent, sender } = setUp(() => Promise.resolve(progress));
    sender.bind('/beat');
    play(recorder, 0, 5);
    await sender.flush();
    recorder.break();
    await sender.flush();
    expect(sent).toHaveLength(1);
  });

  it('repeats an unanswered beat unchanged, then sends what came meanwhile', async () => {
    let online = false;
    const { recorder, sent, sender, options } = setUp(() => (online ? Promise.resolve(progress) : Promise.reject(networkError())));
    sender.bind('/beat');
    const now = play(recorder, 0, 2);
    await sender.flush();
    expect(options.onReachable).toHaveBeenLastCalledWith(false);
    recorder.tick(2.25, 1, now);
    online = true;
    await sender.flush();
    await sender.flush();
    expect(sent.map(({ seq }) => seq)).toEqual([1, 1, 2]);
    expect(sent[1]).toEqual(sent[0]);
    expect(sent[2]?.intervals).toEqual([{ from: 2, to: 2.25, rate: 1 }]);
  });

  it('keeps what a lost session refused and gives it to the next one', async () => {
    const refusal = new ApiError(401, { code: 'session_expired' });
    let alive = false;
    const { recorder, sent, sender, options } = setUp(() => (alive ? Promise.resolve(progress) : Promise.reject(refusal)));
    sender.bind('/old/beat');
    play(recorder, 0, 3);
    await sender.flush();
    expect(options.onRefused).toHaveBeenCalledWith(refusal);
    alive = true;
    sender.bind('/new/beat');
    await sender.flush();
    expect(sent[1]).toMatchObject({ seq: 1, intervals: [{ from: 0, to: 3, rate: 1 }] });
  });

  it('drops a beat the server calls malformed, so that the next ones get through', async () => {
    let first = true;
    const { recorder, sent, sender } = setUp(() => {
      const answer = first ? Promise.reject(new ApiError(422, { code: 'malformed' })) : Promise.resolve(progress);
      first = false;
      return answer;
    });
    sender.bind('/beat');
    const now = play(recorder, 0, 2);
    await sender.flush();
    recorder.tick(2.25, 1, now);
    await sender.flush();
    expect(sent.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('leaves by beacon with the unanswered beat and the rest', async () => {
    const { recorder, beacons, sender } = setUp(() => Promise.reject(networkError()));
    sender.bind('/beat');
    const now = play(recorder, 0, 2);
    await sender.flush();
    recorder.tick(2.25, 1, now);
    sender.leave(true);
    expect(beacons.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(beacons.map(({ state }) => state)).toEqual(['playing', 'ended']);
  });

  it('trusts no beacon without a network, and loses nothing', async () => {
    const { recorder, sent, beacons, sender } = setUp(() => Promise.resolve(progress));
    sender.bind('/beat');
    play(recorder, 0, 5);
    const online = vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
    sender.leave(false);
    expect(beacons).toEqual([]);
    online.mockRestore();
    await sender.flush();
    expect(sent.flatMap(({ intervals }) => intervals.map(({ from, to }) => [from, to]))).toEqual([[0, 5]]);
  });

  it('says how old a beat is that had to wait, and leaves it as it was', async () => {
    let alive = false;
    const { recorder, sent, sender } = setUp(() => (alive ? Promise.resolve(progress) : Promise.reject(networkError())));
    sender.bind('/beat');
    play(recorder, 0, 2);
    await sender.flush();
    vi.setSystemTime(Date.now() + 90_000);
    alive = true;
    await sender.flush();
    const [first, again] = sent;
    expect([first?.age, again?.age]).toEqual([0, 90]);
    expect({ ...again, age: 0 }).toEqual(first);
  });

  it('tells a pause, though nothing more was played', async () => {
    const { recorder, sent, options, sender } = setUp(() => Promise.resolve(progress));
    sender.bind('/beat');
    play(recorder, 0, 2);
    await sender.flush();
    options.playing = () => false;
    await sender.flush();
    await sender.flush();
    expect(sent.map(({ state, intervals }) => [state, intervals.length])).toEqual([
      ['playing', 1],
      ['paused', 0],
    ]);
  });
});
