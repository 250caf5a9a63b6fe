import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, networkError } from '../api/errors';
import { patiently } from './patience';

const busy = (retryAfter: number | null = null): ApiError => new ApiError(503, { code: 'busy' }, retryAfter);

describe('patiently', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  async function tried(...answers: (ApiError | string)[]): Promise<{ told: unknown; asked: number; waited: number }> {
    let asked = 0;
    const begun = Date.now();
    const work = patiently(async () => {
      const answer = answers[Math.min(asked++, answers.length - 1)]!;
      if (typeof answer !== 'string') throw answer;
      return answer;
    }, new AbortController().signal).then((told) => told, (error: unknown) => error);
    await vi.runAllTimersAsync();
    return { told: await work, asked, waited: Date.now() - begun };
  }

  it('asks a busy server again, as late as it says', async () => {
    expect(await tried(busy(3), busy(), 'film')).toEqual({ told: 'film', asked: 3, waited: 3_000 + 2_000 });
  });

  it('gives up after the fourth time', async () => {
    const { told, asked } = await tried(busy());
    expect([asked, (told as ApiError).code]).toEqual([4, 'busy']);
  });

  it.each([new ApiError(403, { code: 'chapter_locked' }), networkError(new Error('away'))])('tells %s at once', async (error) => {
    expect(await tried(error)).toEqual({ told: error, asked: 1, waited: 0 });
  });
});
