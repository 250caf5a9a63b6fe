import { describe, expect, it, vi } from 'vitest';
import { forgetWaiting } from './engine';

function sent(uri: string) {
  let listener = (): void => undefined;
  const request = {
    readyState: 1,
    requestTime: 1_000,
    addEventListener: (_name: string, added: () => void) => (listener = added),
  };
  const asked = vi.fn();
  forgetWaiting({ uri, beforeSend: asked }).beforeSend?.(request as never);
  expect(asked).toHaveBeenCalledOnce();
  request.readyState = 2;
  vi.stubGlobal('XMLHttpRequest', { HEADERS_RECEIVED: 2 });
  vi.useFakeTimers({ now: 8_000 });
  listener();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  return request.requestTime;
}

describe('forgetWaiting', () => {
  it('counts a segment made to order from the moment it is there', () => {
    expect(sent('https://films.example/api/playback/c/segment/360p/17.ts')).toBe(7_950);
  });

  it('leaves a segment from storage as it was measured', () => {
    expect(sent('https://cdn.example/v/1/360p/17.ts')).toBe(1_000);
  });
});
