import { useCallback, useEffect, useRef, useState } from 'react';
import { buildUrl } from '../../api/client';
import { client, getAuthToken, onUnauthorized } from '../../app/auth';
import { Link, navigate, paths, useQuery } from '../../app/router';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { Problem } from '../../pages/Problem';
import type { Playback } from '../../player/playback';
import VideoPlayer from '../../player/VideoPlayer';
import { Icon } from '../../ui/Icon';
import type { IconName } from '../../ui/icons';
import { ConfirmDialog, Loading, Notice, Skeleton } from '../../ui/pieces';
import { Failure, ProcessingStatus, StateChip } from '../../upload/ProcessingStatus';
import { requestFailure } from '../../i18n/failures';
import { useVideoStatus } from '../../upload/useVideoStatus';
import { CaptionsPanel } from '../captions/CaptionsPanel';
import { CuePreview } from '../captions/CuePreview';
import type { EditedCue } from '../captions/cues';
import { Tabs } from '../shared/parts';
import { useAction } from '../useAction';
import { api, type Details } from './api';
import { Insight } from './Insight';
import { Overview } from './Overview';
import { PosterPanel } from './PosterPanel';
import { Processing } from './Processing';
import { Replace } from './Replace';
import './video.css';

const tabs = [
  { name: 'overview', label: 'videoPage.overview', icon: 'film' },
  { name: 'insight', label: 'videoPage.insight', icon: 'chart' },
  { name: 'captions', label: 'videoPage.captions', icon: 'captions' },
  { name: 'poster', label: 'videoPage.poster', icon: 'picture' },
  { name: 'processing', label: 'videoPage.processing', icon: 'jobs' },
] as const satisfies { name: string; label: string; icon: IconName }[];

export default function VideoPage({ videoId }: { videoId: string }) {
  const t = useTranslate();
  const [round, setRound] = useState(0);
  const { data: film, error, reload } = useData(`film ${videoId}`, (signal) => api.details(videoId, signal));
  const { status } = useVideoStatus(client, videoId, round);

  const title = film?.title ?? film?.originalName;
  useEffect(() => {
    if (title) document.title = `${title} · Lectern`;
  }, [title]);

  // Whatever the status says anew stands in the details as well: versions, renditions, sizes.
  const told = status && JSON.stringify([status.status, status.replacing?.status, status.renditions.length, status.previous?.keptUntil]);
  useEffect(() => {
    if (told) reload();
  }, [told, reload]);

  const changed = useCallback(() => {
    setRound((n) => n + 1);
    reload();
  }, [reload]);

  if (error && !film) return <Problem error={error} onRetry={reload} whole />;
  if (!film) return <PageSkeleton />;
  return (
    <div className="page page--wide">
      <nav aria-label={t('page.where')} className="crumbs">
        <Link to={paths.adminVideos()}>
          <Icon name="back" />
          {t('videoPage.toLibrary')}
        </Link>
      </nav>
      <Head film={film} />
      <Workbench film={film} status={status} changed={changed} />
    </div>
  );
}

function PageSkeleton() {
  return (
    <Loading>
      <div className="page page--wide">
        <Skeleton width="50%" height="2.75rem" />
        <Skeleton height="24rem" />
        <Skeleton height="12rem" />
      </div>
    </Loading>
  );
}

function Head({ film }: { film: Details }) {
  const t = useTranslate();
  const [asking, setAsking] = useState(false);
  const { run, refused, busy } = useAction();
  const remove = async (): Promise<void> => {
    setAsking(false);
    if (await run(() => client.deleteVideo(film.videoId))) navigate(paths.adminVideos());
  };
  return (
    <header className="page__head">
      <div className="video__title">
        <h1>{film.title ?? film.originalName}</h1>
        <StateChip state={film.status} />
      </div>
      <p className="summary__facts">
        <Link to={paths.adminCourse(film.courseId)} className="text-link">
          {film.courseTitle ?? film.courseId}
        </Link>
        <span className="video__file">{film.originalName}</span>
      </p>
      <div className="video__actions">
        <Link to={paths.watch(film.courseId, film.chapterId)} className="button button--small">
          <Icon name="eye" />
          {t('videoPage.asStudent')}
        </Link>
        <button type="button" className="button button--small button--danger" disabled={busy} data-testid="delete-video" onClick={() => setAsking(true)}>
          <Icon name="trash" />
          {t('film.delete')}
        </button>
      </div>
      {refused && <Failure message={requestFailure(refused, t)} code={refused.code} />}
      {asking && (
        <ConfirmDialog
          title={t('film.deleteTitle')}
          text={t('film.deleteText', { title: film.title ?? film.originalName })}
          confirm={t('film.deleteYes')}
          onConfirm={() => void remove()}
          onCancel={() => setAsking(false)}
        />
      )}
    </header>
  );
}

type Status = ReturnType<typeof useVideoStatus>['status'];

function Workbench({ film, status, changed }: { film: Details; status: Status; changed: () => void }) {
  const t = useTranslate();
  const [query] = useQuery();
  const chosen = tabs.find(({ name }) => name === query.get('tab'))?.name ?? 'overview';
  const [playback, setPlayback] = useState<Playback | null>(null);
  const [edited, setEdited] = useState<readonly EditedCue[] | null>(null);
  return (
    <div className={`video ${chosen === 'captions' ? 'video--beside' : ''}`}>
      <div className="video__stage">
        <Stage film={film} onReady={setPlayback}>
          {edited && <CuePreview playback={playback} cues={edited} />}
        </Stage>
        {status && <ProcessingStatus status={status} />}
      </div>
      <div className="video__work">
        <Tabs
          label={t('videoPage.parts')}
          current={chosen}
          tabs={tabs.map(({ name, label, icon }) => ({ id: name, label: t(label), to: `?tab=${name}`, icon }))}
        />
        <section aria-label={t(tabs.find(({ name }) => name === chosen)!.label)} className="video__panel" data-testid={`video-${chosen}`}>
          {chosen === 'overview' && (
            <>
              <Overview film={film} status={status} changed={changed} />
              <Replace film={film} previous={status?.previous ?? null} changed={changed} />
            </>
          )}
          {chosen === 'insight' && <Insight film={film} playback={playback} />}
          {chosen === 'captions' && <CaptionsPanel videoId={film.videoId} playback={playback} show={setEdited} />}
          {chosen === 'poster' && <PosterPanel film={film} playback={playback} changed={changed} />}
          {chosen === 'processing' && <Processing film={film} changed={changed} />}
        </section>
      </div>
    </div>
  );
}

function Stage({ film, onReady, children }: { film: Details; onReady: (playback: Playback | null) => void; children: React.ReactNode }) {
  const t = useTranslate();
  const current = film.versions.find(({ isCurrent }) => isCurrent)?.versionId;
  const handle = useRef(onReady);
  useEffect(() => {
    handle.current = onReady;
  });
  useEffect(() => () => handle.current(null), [current]);
  if (!current) {
    return (
      <div className="stage">
        <Notice icon="film" title={t(film.status === 'failed' ? 'player.failedTitle' : 'player.processingTitle')} />
      </div>
    );
  }
  return (
    <div className="video__player">
      <VideoPlayer
        key={current}
        videoId={film.videoId}
        chapterId={film.chapterId}
        getAuthToken={getAuthToken}
        onUnauthorized={onUnauthorized}
        title={film.title ?? film.originalName}
        posterUrl={film.posterUrl ? buildUrl(film.posterUrl) : null}
        hotkeys="player"
        onReady={onReady}
      />
      {children}
    </div>
  );
}
