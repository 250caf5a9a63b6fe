import type { ApiError } from '../../api/errors';
import type { Translate } from '../../i18n';
import { requestFailure } from '../../i18n/failures';

const failures: Record<string, string> = {
  not_captions: 'captionEditor.errorNotCaptions',
  too_large: 'captionEditor.errorTooLarge',
  unknown_language: 'captionEditor.errorLanguage',
  unknown_encoding: 'captionEditor.errorEncoding',
  no_cues: 'captionEditor.errorNoCues',
  too_many_cues: 'captionEditor.errorTooMany',
  bad_timing: 'captionEditor.errorTiming',
  cue_too_long: 'captionEditor.errorCueTooLong',
  captions_exist: 'captionEditor.errorExist',
  video_not_ready: 'captionEditor.errorNotReady',
  no_sound: 'captionEditor.errorNoSound',
  transcription_off: 'captionEditor.errorNoTranscription',
};

/** Why captions were not taken, in the reader's language; with the line of the file where the server says one. */
export function captionFailure(error: ApiError, t: Translate): string {
  const key = Object.hasOwn(failures, error.code) ? failures[error.code] : undefined;
  if (!key) return requestFailure(error, t);
  const { line } = error.problem;
  return typeof line === 'number' ? `${t(key)} ${t('captionEditor.line', { line })}` : t(key);
}
