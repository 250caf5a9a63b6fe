import { afterEach, describe, expect, it, vi } from 'vitest';
import { buildUrl, createClient } from './client';
import { ApiError } from './errors';

afterEach(() => vi.unstubAllGlobals());

describe('buildUrl', () => {
  it('stays on the own origin without a base', () => {
    expect(buildUrl('/api/courses', '')).toBe('/api/courses');
  });

  it('puts paths on a base, with or without slashes', () => {
    expect(buildUrl('/api/courses', 'https://video.example/')).toBe('https://video.example/api/courses');
    expect(buildUrl('api/courses', 'https://video.example/lectern')).toBe('https://video.example/lectern/api/courses');
  });

  it('leaves whole addresses alone', () => {
    expect(buildUrl('https://cdn.example/poster.jpg', 'https://video.example')).toBe('https://cdn.example/poster.jpg');
  });
});

function answering(status: number, body: unknown, headers: Record<string, string> = {}) {
  const fetching = vi.fn<typeof fetch>(() => Promise.resolve(new Response(body === null ? null : JSON.stringify(body), { status, headers })));
  vi.stubGlobal('fetch', fetching);
  return fetching;
}

describe('client', () => {
  it('sends the token of the moment', async () => {
    const fetching = answering(200, { courses: [] });
    let token = 'one';
    const client = createClient({ getAuthToken: () => token });
    await client.courses();
    token = 'two';
    await client.courses();
    expect(fetching.mock.calls.map(([, init]) => new Headers(init?.headers).get('Authorization'))).toEqual(['Bearer one', 'Bearer two']);
  });

  it('spends a token without the header, so that it cannot leak to another origin', async () => {
    const fetching = answering(200, {});
    await createClient({ getAuthToken: () => 'secret' }).spend('/api/videos/stream?token=t');
    expect(fetching.mock.calls[0]?.[1]?.headers).not.toHaveProperty('Authorization');
  });

  it('turns a problem document into an error with its code', async () => {
    answering(409, { code: 'chapter_has_video', detail: 'Taken.', videoId: 'v1' });
    const error = await createClient({ getAuthToken: () => null }).course('x').catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'chapter_has_video', status: 409, message: 'Taken.', problem: { videoId: 'v1' } });
  });

  it('tells of a 401, and takes an empty answer for one', async () => {
    const onUnauthorized = vi.fn<() => void>();
    answering(401, null);
    await createClient({ getAuthToken: () => 'old', onUnauthorized }).me().catch(() => undefined);
    expect(onUnauthorized).toHaveBeenCalledOnce();
    answering(204, null);
    await expect(createClient({ getAuthToken: () => 'new' }).deleteVideo('v')).resolves.toBeUndefined();
  });

  it('calls an unreachable server the network, which may be tried again', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
    const error = await createClient({ getAuthToken: () => null }).me().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'network', isTransient: true });
  });
});
