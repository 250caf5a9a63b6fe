import type { ApiError } from '../api/errors';
import { NETWORK } from '../api/errors';
import type { VideoError } from '../api/types';
import type { Translate } from './index';

/** Why a film could not be made (docs/api.md has the codes), as what a person can do about it; so some share a sentence. */
const filmFailures: Record<string, string> = {
  not_media: 'failure.notMedia',
  no_video_or_audio: 'failure.noVideoOrAudio',
  unsupported_codec: 'failure.unsupportedCodec',
  encrypted_source: 'failure.encryptedSource',
  truncated: 'failure.truncated',
  source_missing: 'failure.sourceMissing',
  // Of the picture; a file of too many bytes is refused when it is sent, and never becomes a failed film.
  too_large: 'failure.tooLarge',
  too_long: 'failure.tooLong',
  too_small: 'failure.tooSmall',
  too_costly: 'failure.tooCostly',
  too_many_streams: 'failure.tooManyStreams',
  cancelled: 'failure.cancelled',
  processing_failed: 'failure.processing',
  encoder_failed: 'failure.encoder',
  codec_mismatch: 'failure.encoder',
  stalled: 'failure.stalled',
  disk_full: 'failure.diskFull',
  storage_unavailable: 'failure.storage',
  disk_budget: 'failure.tooHeavy',
  cpu_limit: 'failure.tooHeavy',
  out_of_memory: 'failure.tooHeavy',
  file_limit: 'failure.tooHeavy',
};

/** Our sentence in the reader's language; of a code we do not know the server's own, and without that a plain one. */
export function filmFailure(error: Partial<VideoError> | null | undefined, t: Translate): string {
  const key = Object.hasOwn(filmFailures, error?.code ?? '') ? filmFailures[error?.code ?? ''] : undefined;
  return key ? t(key) : error?.message || t('film.failedUnknown');
}

/** The same for a request about a film that was refused or never arrived. */
export function requestFailure(error: ApiError, t: Translate): string {
  if (error.code === NETWORK) return t('error.network');
  if (error.status === 404 || error.status === 410) return t('player.deletedTitle');
  if (error.status === 401) return t('player.signedOutTitle');
  if (error.status === 403) return t('error.forbiddenTitle');
  if (error.status >= 500) return t('error.serverText');
  return filmFailure(error, t);
}
