import { NETWORK, type ApiError } from '../../api/errors';
import type { Translate } from '../../i18n';

const sentences: Record<string, string> = {
  role_required: 'adminError.roleRequired',
  not_your_course: 'adminError.notYourCourse',
  course_not_found: 'adminError.unknownCourse',
  unknown_course: 'adminError.unknownCourse',
  unknown_chapter: 'adminError.unknownChapter',
  chapter_has_video: 'adminError.chapterHasVideo',
  chapter_in_other_course: 'adminError.chapterInOtherCourse',
  repeated_chapter: 'adminError.repeatedChapter',
  too_many_rows: 'adminError.tooManyRows',
  job_ended: 'adminError.jobEnded',
  job_running: 'adminError.jobRunning',
  job_not_found: 'adminError.jobGone',
  video_gone: 'adminError.videoGone',
  video_not_ready: 'adminError.videoNotReady',
  source_dropped: 'adminError.sourceDropped',
  master_key_missing: 'adminError.masterKeyMissing',
  webhook_disabled: 'adminError.webhookDisabled',
  delivery_pending: 'adminError.deliveryPending',
  too_many_webhooks: 'adminError.tooManyWebhooks',
  invalid_url: 'adminError.invalidUrl',
  address_refused: 'adminError.addressRefused',
  host_not_found: 'adminError.hostNotFound',
  erasure_incomplete: 'adminError.erasureIncomplete',
  rate_limited: 'adminError.rateLimited',
  changed_meanwhile: 'adminError.changedMeanwhile',
};

/** What went wrong and what to do, in the reader's language; of a code we have no sentence for, the server's own. */
export function adminFailure(error: ApiError, t: Translate): string {
  if (error.code === NETWORK) return t('error.network');
  const key = Object.hasOwn(sentences, error.code) ? sentences[error.code] : undefined;
  if (key) return t(key);
  if (error.status >= 500) return t('error.serverText');
  return error.message || t('error.serverText');
}
