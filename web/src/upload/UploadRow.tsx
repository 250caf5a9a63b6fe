import type { Client } from '../api/client';
import type { ApiError } from '../api/errors';
import { useTranslate, type Translate } from '../i18n';
import { filmFailure } from '../i18n/failures';
import { bytes, duration, percent } from '../i18n/format';
import { Icon } from '../ui/Icon';
import { Bar } from '../ui/pieces';
import { Failure, ProcessingStatus, StateChip } from './ProcessingStatus';
import { uploads, type UploadItem } from './queue';
import { useVideoStatus } from './useVideoStatus';
import type { Refusal } from './validate';

const refusals: Record<Refusal, string> = { type: 'upload.refusedType', size: 'upload.refusedSize', empty: 'upload.refusedEmpty' };

const reasons: Record<string, string> = {
  network: 'upload.errorNetwork',
  chapter_has_video: 'upload.errorChapterHasVideo',
  unknown_chapter: 'upload.errorUnknownChapter',
  too_large: 'upload.refusedSize',
  not_media: 'upload.errorNotMedia',
  unsupported_container: 'upload.refusedType',
  empty_file: 'upload.refusedEmpty',
};

/** Our sentence in the reader's language where we know the code, else the server's own. */
export function reasonOf(error: ApiError, t: Translate): string {
  const key = reasons[error.code];
  return key ? t(key) : filmFailure(error, t);
}

export function UploadRow({ item, client, watchUrl }: { item: UploadItem; client: Client; watchUrl?: string }) {
  const t = useTranslate();
  const { id, file, state, error, refusal } = item;
  const { status } = useVideoStatus(client, state === 'accepted' ? item.videoId : null);
  const busy = state === 'queued' || state === 'sending' || state === 'waiting';
  const existing = error?.code === 'chapter_has_video' && typeof error.problem['videoId'] === 'string' ? error.problem['videoId'] : null;

  return (
    <li className="upload-row" data-testid="upload-row" data-state={state}>
      <div className="upload-row__head">
        <Icon name="film" />
        <div className="upload-row__name">
          <strong>{file.name}</strong>
          <span>{bytes(file.size, t)}</span>
        </div>
        {state === 'accepted' && status && <StateChip state={status.status} />}
        <div className="upload-row__actions">
          {existing && (
            <button type="button" className="button button--small" data-testid="upload-replace" onClick={() => uploads.retry(client, id, existing)}>
              {t('upload.replaceInstead')}
            </button>
          )}
          {(state === 'failed' || state === 'cancelled') && !existing && (
            <button type="button" className="button button--small" data-testid="upload-retry" onClick={() => uploads.retry(client, id)}>
              {t('common.retry')}
            </button>
          )}
          {busy ? (
            <button type="button" className="button button--small button--quiet" data-testid="upload-cancel" onClick={() => uploads.cancel(client, id)}>
              {t('common.cancel')}
            </button>
          ) : (
            <button
              type="button"
              className="button button--icon button--quiet"
              aria-label={t('upload.forget', { name: file.name })}
              onClick={() => uploads.remove(id)}
            >
              <Icon name="cross" />
            </button>
          )}
        </div>
      </div>
      {busy && <Sending item={item} />}
      {state === 'cancelled' && <p className="upload-row__line">{t('upload.cancelled')}</p>}
      {refusal && <Failure message={t(refusals[refusal])} />}
      {state === 'failed' && error && <Failure message={reasonOf(error, t)} code={error.code} />}
      {state === 'accepted' && status && <ProcessingStatus status={status} />}
      {watchUrl && (status?.status === 'playable' || status?.status === 'ready') && (
        <a className="button button--small button--primary upload-row__watch" href={watchUrl} data-testid="watch-now">
          <Icon name="play" />
          {t('film.watchNow')}
        </a>
      )}
    </li>
  );
}

function Sending({ item: { state, sent, file, speed, secondsLeft } }: { item: UploadItem }) {
  const t = useTranslate();
  const share = (sent / file.size) * 100;
  // All bytes are out, but the server has not said yes: it checks the film now.
  const checking = state === 'sending' && sent >= file.size;
  const text = state === 'queued' ? t('upload.queued') : state === 'waiting' ? t('upload.waiting') : t(checking ? 'upload.checking' : 'upload.sending');
  return (
    <div className="upload-row__sending">
      <p className="upload-row__line">
        <span aria-live="polite">{text}</span>
        <span className="upload-row__figures">
          {!checking && speed !== null && <span data-testid="upload-speed">{t('upload.speed', { size: bytes(speed, t) })}</span>}
          {!checking && secondsLeft !== null && <span data-testid="upload-eta">{t('upload.left', { time: duration(Math.max(1, secondsLeft), t) })}</span>}
          <strong data-testid="upload-percent">{percent(share)}</strong>
        </span>
      </p>
      <Bar value={share} label={t('upload.sending')} tone="accent" />
    </div>
  );
}
