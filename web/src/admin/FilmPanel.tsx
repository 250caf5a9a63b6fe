import { useEffect, useRef, useState } from 'react';
import { buildUrl } from '../api/client';
import { asApiError, type ApiError } from '../api/errors';
import type { Chapter, VideoStatus } from '../api/types';
import { client } from '../app/auth';
import { Link } from '../app/router';
import { useTranslate } from '../i18n';
import { requestFailure } from '../i18n/failures';
import { bytes, clock } from '../i18n/format';
import { Icon } from '../ui/Icon';
import { ConfirmDialog, Loading, Skeleton } from '../ui/pieces';
import { Failure, ProcessingStatus, StateChip } from '../upload/ProcessingStatus';
import { isSettled, useVideoStatus } from '../upload/useVideoStatus';

interface FilmPanelProps {
  chapter: Chapter;
  videoId: string;
  watchUrl: string;
  /** Counts replacements, each of which starts the polling anew. */
  refresh: number;
  replacing: boolean;
  onReplace: () => void;
  onDeleted: () => void;
}

/** One chapter's film as its teacher sees it: what it is, how far it is, and what can be done with it. */
export function FilmPanel({ chapter, videoId, watchUrl, refresh, replacing, onReplace, onDeleted }: FilmPanelProps) {
  const t = useTranslate();
  const { status, error } = useVideoStatus(client, videoId, refresh);
  const [asking, setAsking] = useState(false);
  const [refused, setRefused] = useState<ApiError | null>(null);
  useReloadWhenSettled(status, onDeleted);

  async function remove(): Promise<void> {
    setAsking(false);
    try {
      await client.deleteVideo(videoId);
      onDeleted();
    } catch (caught) {
      setRefused(asApiError(caught));
    }
  }

  if (!status && error) return <Failure message={requestFailure(error, t)} code={error.code} />;
  if (!status) {
    return (
      <Loading>
        <Skeleton height="6rem" />
      </Loading>
    );
  }
  const watchable = status.status === 'playable' || status.status === 'ready';
  return (
    <div className="film" data-testid="film-panel" data-state={status.status}>
      <span className="film__picture">
        {chapter.posterUrl ? <img src={buildUrl(chapter.posterUrl)} alt="" loading="lazy" /> : <Icon name={status.width === null && status.duration !== null ? 'wave' : 'film'} />}
      </span>
      <div className="film__body">
        <div className="film__head">
          <strong className="film__name">{status.originalName ?? t('film.unnamed')}</strong>
          <StateChip state={status.status} />
        </div>
        <Facts status={status} />
        <ProcessingStatus status={status} client={client} />
        {refused && <Failure message={requestFailure(refused, t)} code={refused.code} />}
        <div className="film__actions">
          {watchable && (
            <Link to={watchUrl} state={{ autoplay: true }} className="button button--small button--primary" data-testid="watch-now">
              <Icon name="play" />
              {t('film.watchNow')}
            </Link>
          )}
          <button type="button" className="button button--small" aria-expanded={replacing} data-testid="replace-video" onClick={onReplace}>
            <Icon name={replacing ? 'cross' : 'swap'} />
            {t(replacing ? 'common.cancel' : 'film.replace')}
          </button>
          <button type="button" className="button button--small button--danger" data-testid="delete-video" onClick={() => setAsking(true)}>
            <Icon name="trash" />
            {t('film.delete')}
          </button>
        </div>
      </div>
      {asking && (
        <ConfirmDialog
          title={t('film.deleteTitle')}
          text={t('film.deleteText', { title: chapter.title })}
          confirm={t('film.deleteYes')}
          onConfirm={() => void remove()}
          onCancel={() => setAsking(false)}
        />
      )}
    </div>
  );
}

/** The course knows the poster and the length only once the film is done, so it is asked again then. */
function useReloadWhenSettled(status: VideoStatus | null, reload: () => void): void {
  const wasBusy = useRef(false);
  const latest = useRef(reload);
  useEffect(() => {
    latest.current = reload;
  });
  const settled = status ? isSettled(status) : null;
  useEffect(() => {
    if (settled === false) wasBusy.current = true;
    if (settled && wasBusy.current) {
      wasBusy.current = false;
      latest.current();
    }
  }, [settled]);
}

function Facts({ status }: { status: VideoStatus }) {
  const t = useTranslate();
  const facts = [
    status.duration !== null && clock(status.duration),
    status.width !== null && status.height !== null && `${status.width}×${status.height}`,
    status.width === null && status.duration !== null && t('film.audioOnly'),
    status.fps !== null && t('film.fps', { value: Math.round(status.fps * 100) / 100 }),
    status.sizeBytes !== null && bytes(status.sizeBytes, t),
  ].filter((fact): fact is string => typeof fact === 'string');
  return <p className="film__facts">{facts.map((fact) => <span key={fact}>{fact}</span>)}</p>;
}
