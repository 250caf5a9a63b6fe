import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEmbedClient, type Kept, type Shelf } from './client';

const videoId = '0198c0de-0000-7000-8000-000000000000';
type Answer = { status?: number; body: object };
let answers: Record<string, Answer[]> = {};
let asked: string[] = [];

const session = (name: string, video = videoId) => ({
  sessionId: name,
  masterUrl: `/api/playback/${name}/master.m3u8`,
  managedMasterUrl: `/api/playback/${name}/full/master.m3u8`,
  renewUrl: `/api/playback/${name}/renew`,
  beatUrl: `/api/playback/${name}/beat`,
  expiresAt: '2026-01-01T00:00:00Z',
  videoId: video,
  chapterId: 'intro',
});
const refusal = (status: number, code: string): Answer => ({ status, body: { code, detail: 'No.' } });
const shelfOf = (kept: Kept | null): Shelf => ({ take: () => kept, put: vi.fn() });

/** Each address answers what it has left, and the last of it again and again. */
beforeEach(() => {
  answers = {};
  asked = [];
  vi.stubGlobal('fetch', async (url: string) => {
    const path = url.replace(/^\/*/, '/');
    asked.push(path);
    const left = answers[path] ?? [refusal(404, 'not_found')];
    const { status = 200, body } = (left.length > 1 ? left.shift() : left[0])!;
    return new Response(JSON.stringify(body), { status });
  });
});
afterEach(() => vi.unstubAllGlobals());

function client(options: Partial<Parameters<typeof createEmbedClient>[0]> = {}) {
  const onTokenNeeded = vi.fn();
  const made = createEmbedClient({ videoId, token: 'first', reloaded: false, shelf: shelfOf(null), onTokenNeeded, ...options });
  return { made, onTokenNeeded };
}

const spendFirst = '/api/videos/stream?token=first';
const spendNext = '/api/videos/stream?token=next';

describe('the client of a frame', () => {
  it('spends its token once, for however many calls', async () => {
    answers = { [spendFirst]: [{ body: session('a') }], '/api/playback/a/film/status': [{ body: {} }], '/api/playback/a/film/progress': [{ body: {} }] };
    const { made } = client();
    await Promise.all([made.videoStatus(videoId), made.chapterProgress('')]);
    expect(asked.filter((path) => path === spendFirst)).toHaveLength(1);
  });

  it('numbers beats from one in a new session, and far on in one that was used', async () => {
    answers = { [spendFirst]: [{ body: session('a') }], '/api/playback/a/film/renew': [{ body: { expiresAt: 'later' } }] };
    const { made } = client();
    expect(await made.spend('')).toMatchObject({ sessionId: 'a', expiresAt: 'later', firstSeq: 0 });
    expect((await made.spend('')).firstSeq).toBeGreaterThan(1_000_000);
  });

  it('asks for a token when its own is used up, once for calls that fail together', async () => {
    answers = { [spendFirst]: [refusal(401, 'token_spent')] };
    const { made, onTokenNeeded } = client();
    const both = await Promise.allSettled([made.videoStatus(videoId), made.chapterProgress('')]);
    expect(both.map((one) => one.status === 'rejected' && (one.reason as { code: string }).code)).toEqual(['token_needed', 'token_needed']);
    await vi.waitFor(() => expect(onTokenNeeded).toHaveBeenCalledTimes(1));
  });

  it.each(['session_expired', 'session_revoked', 'session_superseded', 'session_invalid', 'ip_changed'])('opens another session after %s, where it has a token', async (code) => {
    answers = {
      [spendFirst]: [{ body: session('a') }],
      '/api/playback/a/film/status': [refusal(401, code)],
      [spendNext]: [{ body: session('b') }],
      '/api/playback/b/film/status': [{ body: { status: 'ready' } }],
    };
    const { made, onTokenNeeded } = client();
    await expect(made.videoStatus(videoId)).rejects.toMatchObject({ code: 'token_needed' });
    await vi.waitFor(() => expect(onTokenNeeded).toHaveBeenCalled());
    made.setToken('next');
    expect(await made.videoStatus(videoId)).toEqual({ status: 'ready' });
  });

  it('takes no session of another film, and passes on why a film is closed', async () => {
    answers = { [spendFirst]: [{ body: session('a', 'another') }] };
    await expect(client().made.videoStatus(videoId)).rejects.toMatchObject({ status: 404 });
    answers = { [spendFirst]: [refusal(403, 'not_entitled')] };
    const { made, onTokenNeeded } = client();
    await expect(made.videoStatus(videoId)).rejects.toMatchObject({ code: 'not_entitled' });
    expect(onTokenNeeded).not.toHaveBeenCalled();
  });

  it.each([
    ['the same token in its address', { token: 'first', reloaded: false }, true],
    ['no token, after a reload', { token: null, reloaded: true }, true],
    ['no token, on another visit', { token: null, reloaded: false }, false],
    ['another token', { token: 'next', reloaded: true }, false],
  ])('with %s, goes on with what it kept: %s', async (_, options, goesOn) => {
    answers = { '/api/playback/a/film/status': [{ body: { by: 'a' } }], [spendNext]: [{ body: session('b') }], '/api/playback/b/film/status': [{ body: { by: 'b' } }] };
    const { made } = client({ ...options, shelf: shelfOf({ token: 'first', session: session('a') as Kept['session'] }) });
    const answer = await made.videoStatus(videoId).catch((error: { code: string }) => error.code);
    expect(answer).toEqual(goesOn ? { by: 'a' } : options.token ? { by: 'b' } : 'token_needed');
  });
});
