import { useState, useSyncExternalStore } from 'react';
import type * as Schema from '../../api/schema';
import { getAuthToken, onUnauthorized } from '../../app/auth';
import { useTranslate } from '../../i18n';
import { requestFailure } from '../../i18n/failures';
import { bytes, dateTime } from '../../i18n/format';
import { Icon } from '../../ui/Icon';
import { ConfirmDialog } from '../../ui/pieces';
import { Failure } from '../../upload/ProcessingStatus';
import { uploads } from '../../upload/queue';
import VideoUpload from '../../upload/VideoUpload';
import { useAction } from '../useAction';
import { api, type Details } from './api';

/** Another file in the place of this one, and the way back as long as the one before is kept. */
export function Replace({ film, previous, changed }: { film: Details; previous: Schema.PreviousVersion | null; changed: () => void }) {
  const t = useTranslate();
  const [open, setOpen] = useState(false);
  const all = useSyncExternalStore(uploads.subscribe, uploads.snapshot);
  const underWay = all.some((item) => item.chapterId === film.chapterId && item.state !== 'accepted');
  const arrived = (): void => {
    for (const item of uploads.snapshot()) if (item.chapterId === film.chapterId && item.state === 'accepted') uploads.remove(item.id);
    setOpen(false);
    changed();
  };
  return (
    <section className="panel video__box" aria-labelledby="replace-title">
      <h2 id="replace-title">{t('videoPage.replaceTitle')}</h2>
      <p className="video__hint">{t('videoPage.replaceText')}</p>
      {(open || underWay) && (
        <VideoUpload chapterId={film.chapterId} getAuthToken={getAuthToken} onUnauthorized={onUnauthorized} replaces={film.videoId} hideZone={!open} onUploadComplete={arrived} />
      )}
      <div className="video__actions">
        <button type="button" className="button button--small" aria-expanded={open} data-testid="replace-video" onClick={() => setOpen(!open)}>
          <Icon name={open ? 'cross' : 'swap'} />
          {t(open ? 'common.cancel' : 'film.replace')}
        </button>
      </div>
      {previous && <RollBack film={film} previous={previous} changed={changed} />}
    </section>
  );
}

function RollBack({ film, previous, changed }: { film: Details; previous: Schema.PreviousVersion; changed: () => void }) {
  const t = useTranslate();
  const [asking, setAsking] = useState(false);
  const { run, busy, refused } = useAction();
  const back = async (): Promise<void> => {
    setAsking(false);
    if (await run(() => api.rollBack(film.videoId))) changed();
  };
  return (
    <div className="video__previous" data-testid="previous-version">
      <p>
        <strong>{t('videoPage.previous')}</strong> {previous.originalName} · {bytes(previous.sizeBytes, t)}
        <br />
        <span className="video__hint">{t('videoPage.keptUntil', { time: dateTime(previous.keptUntil) })}</span>
      </p>
      <button type="button" className="button button--small" disabled={busy} data-testid="roll-back" onClick={() => setAsking(true)}>
        <Icon name="undo" />
        {t('videoPage.rollBack')}
      </button>
      {refused && <Failure message={requestFailure(refused, t)} code={refused.code} />}
      {asking && (
        <ConfirmDialog
          title={t('videoPage.rollBackTitle')}
          text={t('videoPage.rollBackText', { name: previous.originalName })}
          confirm={t('videoPage.rollBack')}
          onConfirm={() => void back()}
          onCancel={() => setAsking(false)}
        />
      )}
    </div>
  );
}
