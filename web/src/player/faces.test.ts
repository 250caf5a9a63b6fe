import { describe, expect, it } from 'vitest';
import { ApiError, networkError } from '../api/errors';
import type { VideoStatus } from '../api/types';
import { faceOfError, faceOfStatus, resumePoint } from './faces';

describe('faceOfError', () => {
  it.each([
    [403, 'chapter_locked', 'locked'],
    [403, 'not_entitled', 'notEntitled'],
    [410, 'video_deleted', 'deleted'],
    [404, 'video_not_found', 'deleted'],
    [401, 'session_revoked', 'elsewhere'],
    [409, 'session_superseded', 'elsewhere'],
    [409, 'video_not_playable', 'processing'],
    [401, 'unauthenticated', 'signedOut'],
    [500, 'internal', 'broken'],
  ])('%i %s shows %s', (status, code, kind) => {
    expect(faceOfError(new ApiError(status, { code }))?.kind).toBe(kind);
  });

  it('shows offline when the server cannot be reached', () => {
    expect(faceOfError(networkError())?.kind).toBe('offline');
  });

  it.each(['session_expired', 'ip_changed', 'segment_not_ready', 'not_watched_yet'])('leaves %s to the player', (code) => {
    expect(faceOfError(new ApiError(401, { code }))).toBeNull();
  });
});

describe('faceOfStatus', () => {
  const status = { status: 'ready', percent: 100, error: null } as VideoStatus;

  it('shows nothing over a film that can be watched', () => {
    expect(faceOfStatus(status)).toBeNull();
    expect(faceOfStatus({ ...status, status: 'playable' })).toBeNull();
  });

  it('tells how far a film is, and why one failed', () => {
    expect(faceOfStatus({ ...status, status: 'processing', percent: 41 })).toEqual({ kind: 'processing', percent: 41 });
    expect(faceOfStatus({ ...status, status: 'failed', error: { code: 'x', message: 'Broken.' } })).toEqual({
      kind: 'failed',
      code: 'x',
      message: 'Broken.',
    });
  });
});

describe('resumePoint', () => {
  it('asks in the middle, not at the very start or the very end', () => {
    expect(resumePoint(12, 24)).toBe(12);
    expect(resumePoint(1, 24)).toBeNull();
    expect(resumePoint(23.5, 24)).toBeNull();
    expect(resumePoint(3_590, 3_600)).toBeNull();
    expect(resumePoint(12, null)).toBe(12);
  });
});
