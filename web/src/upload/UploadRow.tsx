import { useEffect, useState, type ReactNode } from 'react';
import type { Client } from '../api/client';
import { NETWORK, type ApiError } from '../api/errors';
import type { VideoStatus } from '../api/types';
import { useTranslate, type Translate } from '../i18n';
import { filmFailure } from '../i18n/failures';
import { bytes, duration, percent } from '../i18n/format';
import { Icon } from '../ui/Icon';
import { Bar } from '../ui/pieces';
import { FileButton } from './FileButton';
import { isActive } from './item';
import { Failure, ProcessingStatus, StateChip } from './ProcessingStatus';
import { uploads, type UploadItem } from './queue';
import { useVideoStatus } from './useVideoStatus';
import { MAX_BYTES, type Refusal } from './validate';

const refusals: Record<Refusal, string> = {
  type: 'upload.refusedType',
  size: 'upload.refusedSize',
  empty: 'upload.refusedEmpty',
  content: 'upload.errorNotMedia',
};

const reasons: Record<string, string> = {
  network: 'upload.errorNetwork',
  chapter_has_video: 'upload.errorChapterHasVideo',
  unknown_chapter: 'upload.errorUnknownChapter',
  course_quota_exceeded: 'upload.errorQuota',
  storage_full: 'failure.diskFull',
  not_media: 'upload.errorNotMedia',
  unsupported_container: 'upload.refusedType',
  empty_file: 'upload.refusedEmpty',
};

export function refusalText(refusal: Refusal, limit: number | null, t: Translate): string {
  return t(refusals[refusal], { size: bytes(limit ?? MAX_BYTES, t) });
}

/** Our sentence in the reader's language where we know the code, else the server's own. */
export function reasonOf(error: ApiError, t: Translate): string {
  if (error.code === 'too_large' || error.status === 413) {
    const { maxBytes } = error.problem;
    if (error.code === 'too_large') return refusalText('size', typeof maxBytes === 'number' ? maxBytes : null, t);
  }
  if (error.status === 401) return t('upload.errorSignedOut');
  const key = reasons[error.code];
  return key ? t(key) : filmFailure(error, t);
}

export function UploadRow({ item, client, watchUrl }: { item: UploadItem; client: Client; watchUrl?: string }) {
  const t = useTranslate();
  const { state, error, refusal, name } = item;
  const { status } = useVideoStatus(client, state === 'accepted' ? item.videoId : null);
  return (
    <li className="upload-row" data-testid="upload-row" data-state={state} data-chapter={item.chapterId}>
      <div className="upload-row__head">
        <Icon name="film" />
        <div className="upload-row__name">
          <strong title={name}>{name}</strong>
          <span>{bytes(item.size, t)}</span>
        </div>
        {state === 'accepted' && status && <StateChip state={status.status} />}
        <Actions item={item} client={client} status={status} />
      </div>
      {(isActive(item) || state === 'paused') && <Sending item={item} />}
      {state === 'interrupted' && <Interrupted item={item} />}
      {state === 'cancelled' && <p className="upload-row__line">{t('upload.cancelled')}</p>}
      {refusal && <Failure message={refusalText(refusal, item.limit, t)} />}
      {state === 'failed' && error && <Failure message={reasonOf(error, t)} code={error.code === NETWORK ? undefined : error.code} />}
      {state === 'accepted' && status && <ProcessingStatus status={status} client={client} />}
      {watchUrl && (status?.status === 'playable' || status?.status === 'ready') && (
        <a className="button button--small button--primary upload-row__watch" href={watchUrl} data-testid="watch-now">
          <Icon name="play" />
          {t('film.watchNow')}
        </a>
      )}
    </li>
  );
}

function Actions({ item, client, status }: { item: UploadItem; client: Client; status: VideoStatus | null }) {
  const t = useTranslate();
  const { id, state, error, name, videoId } = item;
  const existing = error?.code === 'chapter_has_video' && typeof error.problem['videoId'] === 'string' ? error.problem['videoId'] : null;
  const canPause = state === 'sending' || state === 'waiting' || state === 'queued';
  return (
    <div className="upload-row__actions">
      {existing && (
        <Action testId="upload-replace" onClick={() => uploads.retry(id, existing)}>
          {t('upload.replaceInstead')}
        </Action>
      )}
      {(state === 'failed' || state === 'cancelled') && !existing && (
        <Action testId="upload-retry" onClick={() => uploads.retry(id)}>
          {t('common.retry')}
        </Action>
      )}
      {status?.status === 'failed' && (
        <FileButton
          inputTestId="upload-again-input"
          onPick={(picks) => {
            uploads.remove(id);
            void uploads.add(client, item.chapterId, picks.slice(0, 1), videoId);
          }}
        >
          {t('upload.again')}
        </FileButton>
      )}
      {state === 'waiting' && (
        <Action testId="upload-now" onClick={() => uploads.resume(id)}>
          {t('upload.now')}
        </Action>
      )}
      {canPause && (
        <Tool testId="upload-pause" label={t('upload.pause', { name })} onClick={() => uploads.pause(id)}>
          <Icon name="pause" />
        </Tool>
      )}
      {state === 'paused' && (
        <Action testId="upload-resume" onClick={() => uploads.resume(id)}>
          <Icon name="play" />
          {t('upload.resume')}
        </Action>
      )}
      {isActive(item) || state === 'paused' || state === 'interrupted' ? (
        <Tool testId="upload-cancel" label={t('upload.cancel', { name })} onClick={() => (state === 'interrupted' ? uploads.remove(id) : uploads.cancel(id))}>
          <Icon name="cross" />
        </Tool>
      ) : (
        <Tool testId="upload-forget" label={t('upload.forget', { name })} onClick={() => uploads.remove(id)}>
          <Icon name="cross" />
        </Tool>
      )}
    </div>
  );
}

interface ButtonProps {
  testId: string;
  onClick: () => void;
  children: ReactNode;
}

function Action({ testId, onClick, children }: ButtonProps) {
  return (
    <button type="button" className="button button--small" data-testid={testId} onClick={onClick}>
      {children}
    </button>
  );
}

function Tool({ testId, label, onClick, children }: ButtonProps & { label: string }) {
  return (
    <button type="button" className="button button--icon button--quiet" data-testid={testId} aria-label={label} title={label} onClick={onClick}>
      {children}
    </button>
  );
}

/** Begun by a page that is gone: the file is needed once more, and goes on from what the server has. */
function Interrupted({ item: { id, name, sent, size, handle, mistaken } }: { item: UploadItem }) {
  const t = useTranslate();
  const share = (sent / size) * 100;
  return (
    <div className="upload-row__sending">
      <p className="upload-row__line">
        <span>{t(handle ? 'upload.interruptedHandle' : 'upload.interrupted')}</span>
        <strong data-testid="upload-percent">{percent(share)}</strong>
      </p>
      <Bar value={share} label={t('upload.sending')} tone="accent" />
      {mistaken && <Failure message={t('upload.otherFile', { chosen: mistaken, name })} />}
      <div className="upload-row__again">
        {handle && (
          <button type="button" className="button button--small button--primary" data-testid="upload-reopen" onClick={() => void uploads.reopen(id)}>
            <Icon name="play" />
            {t('upload.resume')}
          </button>
        )}
        <FileButton
          primary={!handle}
          testId="upload-choose-again"
          inputTestId="upload-again-input"
          onPick={([pick]) => pick && void uploads.choose(id, pick)}
        >
          {t('upload.chooseAgain')}
        </FileButton>
      </div>
    </div>
  );
}

function Sending({ item }: { item: UploadItem }) {
  const t = useTranslate();
  const { state, sent, size, speed, secondsLeft } = item;
  const share = (sent / size) * 100;
  // All bytes are out, but the server has not said yes: it checks the film now.
  const checking = state === 'checking' || (state === 'sending' && sent >= size);
  return (
    <div className="upload-row__sending">
      <p className="upload-row__line">
        {state === 'waiting' ? <Waiting item={item} /> : <span aria-live="polite">{t(wordFor(item, checking))}</span>}
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

function wordFor({ state, sent }: UploadItem, checking: boolean): string {
  if (state === 'checking') return 'upload.examining';
  if (state === 'queued') return 'upload.queued';
  if (state === 'paused') return sent > 0 ? 'upload.pausedAt' : 'upload.paused';
  return checking ? 'upload.checking' : 'upload.sending';
}

/** What went wrong and when it goes on. The seconds are for eyes only: read out, each would interrupt the one before. */
function Waiting({ item: { error, retryAt, attempt } }: { item: UploadItem }) {
  const t = useTranslate();
  const seconds = useSecondsTo(retryAt);
  if (retryAt === null) return <span role="status">{t('upload.offline')}</span>;
  return (
    <span>
      <span role="status">{t(!error || error.code === NETWORK ? 'upload.waiting' : 'upload.waitingServer')}</span>{' '}
      <span aria-hidden="true" data-testid="upload-countdown">
        {t('upload.retryIn', { count: seconds, attempt })}
      </span>
    </span>
  );
}

function useSecondsTo(moment: number | null): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (moment === null) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [moment]);
  return moment === null ? 0 : Math.max(0, Math.ceil((moment - now) / 1_000));
}
