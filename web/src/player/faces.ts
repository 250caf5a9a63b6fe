import { NETWORK, type ApiError } from '../api/errors';
import type { VideoStatus } from '../api/types';
import type { Face } from './types';

/** The code of a session that ended where the viewer has no JWT to open the next one with. */
export const TOKEN_NEEDED = 'token_needed';

/** What a refusal means to the person in front of the screen; null where the player can help itself. */
export function faceOfError(error: ApiError): Face | null {
  switch (error.code) {
    case TOKEN_NEEDED:
      return { kind: 'tokenNeeded' };
    case 'chapter_locked':
      return { kind: 'locked' };
    case 'not_entitled':
      return { kind: 'notEntitled' };
    case 'video_deleted':
    case 'video_not_found':
      return { kind: 'deleted' };
    case 'session_revoked':
    case 'session_superseded':
      return { kind: 'elsewhere' };
    case 'video_not_playable':
      return { kind: 'processing', percent: 0 };
    case NETWORK:
      return { kind: 'offline' };
    case 'session_expired':
    case 'ip_changed':
    case 'segment_not_ready':
    case 'not_watched_yet':
      return null;
    default:
  }
  if (error.status === 401) return { kind: 'signedOut' };
  if (error.status === 404 || error.status === 410) return { kind: 'deleted' };
  return { kind: 'broken', code: error.code, message: error.message };
}

/** Null when there is something to watch. */
export function faceOfStatus(status: VideoStatus): Face | null {
  if (status.status === 'failed') return { kind: 'failed', code: status.error?.code ?? '', message: status.error?.message ?? '' };
  if (status.status === 'uploading' || status.status === 'processing') return { kind: 'processing', percent: status.percent };
  return null;
}

const WORTH_ASKING_SECONDS = 3;

/** Where to offer to go on: not within the first seconds, and not so close to the end that nothing is left. */
export function resumePoint(position: number, duration: number | null): number | null {
  if (position < WORTH_ASKING_SECONDS) return null;
  if (duration !== null && duration - position < Math.max(WORTH_ASKING_SECONDS - 1, duration * 0.03)) return null;
  return position;
}
