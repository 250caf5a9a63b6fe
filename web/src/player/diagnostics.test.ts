import { describe, expect, it } from 'vitest';
import { plainMessage, report, RequestLog, withoutSecrets } from './diagnostics';

describe('what is copied', () => {
  const secret = 'Zq-credential_0123456789';

  it('holds no credential, token or signature', () => {
    const log = new RequestLog();
    for (const url of [`/api/playback/${secret}/full/360p.m3u8`, `/api/videos/stream?token=${secret}`, `https://cdn.example.org/a/b.ts?X-Amz-Signature=${secret}#${secret}`]) {
      log.add({ at: 0, method: 'GET', url, status: 200, milliseconds: 1.2 });
    }
    const text = report({ code: 'media_error', message: '', sessionId: 's-1', videoId: 'v', chapterId: 'c', position: 3 }, log);
    expect(text).not.toContain(secret);
    expect(text).toContain('s-1');
    expect(text).toContain('https://cdn.example.org/a/b.ts');
    expect(text).toContain('/api/playback/.../full/360p.m3u8');
  });

  it('keeps the last thirty, and says where no answer came', () => {
    const log = new RequestLog();
    for (let n = 0; n < 40; n += 1) log.add({ at: 0, method: 'GET', url: `/n${n}`, status: 0, milliseconds: null, code: 'network' });
    expect(log.lines()).toHaveLength(30);
    expect(log.lines()[0]).toContain('no answer /n10 network');
  });

  it('is told of an error by the library without the credential in its address', () => {
    const said = plainMessage(`HLS playlist request error at URL: https://films.example.org/api/playback/${secret}/full/master.m3u8, twice (/api/videos/stream?token=${secret}).`);
    expect(said).not.toContain(secret);
    expect(said).toContain('HLS playlist request error at URL: https://films.example.org/api/playback/.../full/master.m3u8');
  });

  it('leaves an address that is none as it is', () => expect(withoutSecrets('blob:x')).not.toContain('?'));
});
