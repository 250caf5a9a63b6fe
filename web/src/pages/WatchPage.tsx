import { useCallback, useEffect, useState } from 'react';
import { buildUrl } from '../api/client';
import type { Chapter, Course, ProgressDocument } from '../api/types';
import { client, getAuthToken, isStaff, onUnauthorized, useAuth } from '../app/auth';
import { Link, navigate, navigationState, paths } from '../app/router';
import { useData } from '../app/useData';
import { useLanguage, useTranslate } from '../i18n';
import { percent } from '../i18n/format';
import { moment } from '../player/moment';
import VideoPlayer from '../player/VideoPlayer';
import { Icon } from '../ui/Icon';
import { Bar, Loading, Notice, Skeleton } from '../ui/pieces';
import { ChapterRow } from './ChapterRow';
import { lockText } from './chapters';
import { Problem } from './Problem';
import './watch.css';

export default function WatchPage({ courseId, chapterId }: { courseId: string; chapterId: string }) {
  const t = useTranslate();
  const { me } = useAuth();
  const { data: course, error, reload, set } = useData(`course ${courseId}`, (signal) => client.course(courseId, signal));
  const chapter = course?.chapters.find(({ id }) => id === chapterId) ?? null;

  const title = chapter?.title;
  useEffect(() => {
    if (title) document.title = `${title} · Lectern`;
  }, [title]);

  const onProgress = useCallback((progress: ProgressDocument) => set((before) => withProgress(before, progress)), [set]);

  if (error && !course) return <Problem error={error} onRetry={reload} whole />;
  if (!course) return <WatchSkeleton />;
  if (!chapter) {
    return (
      <Notice icon="film" title={t('watch.noChapterTitle')} text={t('watch.noChapterText')} whole>
        <Link to={paths.course(courseId)} className="button button--primary">
          {t('player.toCourse')}
        </Link>
      </Notice>
    );
  }
  return (
    <div className="watch">
      <div className="watch__main">
        <Film key={chapter.id} course={course} chapter={chapter} onProgress={onProgress} onComplete={reload} staff={isStaff(me)} viewer={{ name: me?.name ?? null, email: me?.email ?? null }} />
        <header className="watch__head">
          <nav aria-label={t('page.where')} className="crumbs">
            <Link to={paths.course(courseId)}>
              <Icon name="back" />
              {course.title}
            </Link>
          </nav>
          <h1>{chapter.title}</h1>
          <ChapterFacts chapter={chapter} />
        </header>
      </div>
      <section className="watch__list panel" aria-labelledby="list-title">
        <h2 id="list-title">{t('course.chapters')}</h2>
        <ol className="chapters">
          {course.chapters.map((one) => (
            <ChapterRow key={one.id} chapter={one} course={course} current={one.id === chapter.id} compact />
          ))}
        </ol>
      </section>
    </div>
  );
}

interface FilmProps {
  course: Course;
  chapter: Chapter;
  onProgress: (progress: ProgressDocument) => void;
  onComplete: () => void;
  staff: boolean;
  viewer: { name: string | null; email: string | null };
}

function Film({ course, chapter, onProgress, onComplete, staff, viewer }: FilmProps) {
  const t = useTranslate();
  const language = useLanguage();
  const [autoplay] = useState(() => navigationState().autoplay === true);
  const [startAt] = useState(() => moment(new URLSearchParams(location.search).get('t')));
  const index = course.chapters.indexOf(chapter);
  const toCourse = paths.course(course.id);

  if (chapter.isLocked) {
    return (
      <Stage>
        <Notice icon="lock" title={t('player.lockedTitle')} text={lockText(chapter, course, t, language)} testId="face-locked">
          {chapter.requiresChapterId ? (
            <Link to={paths.watch(course.id, chapter.requiresChapterId)} className="button button--primary">
              {t('watch.toRequired')}
            </Link>
          ) : (
            <Link to={toCourse} className="button button--primary">
              {t('player.toCourse')}
            </Link>
          )}
        </Notice>
      </Stage>
    );
  }
  if (!chapter.videoId) {
    return (
      <Stage>
        <Notice icon="film" title={t('watch.noFilmTitle')} text={t(staff ? 'watch.noFilmStaff' : 'watch.noFilmText')} testId="face-empty">
          <Link to={staff ? paths.adminCourse(course.id) : toCourse} className="button button--primary">
            {t(staff ? 'watch.toUpload' : 'player.toCourse')}
          </Link>
        </Notice>
      </Stage>
    );
  }
  return (
    <VideoPlayer
      videoId={chapter.videoId}
      chapterId={chapter.id}
      getAuthToken={getAuthToken}
      onUnauthorized={onUnauthorized}
      title={chapter.title}
      courseTitle={course.title}
      viewer={viewer}
      canDownload={chapter.canDownload}
      startAt={startAt}
      posterUrl={chapter.posterUrl ? buildUrl(chapter.posterUrl) : null}
      autoplay={autoplay}
      hotkeys="page"
      nextTitle={course.chapters[index + 1]?.title ?? null}
      onNext={(id) => navigate(paths.watch(course.id, id), { autoplay: true })}
      onBack={() => navigate(toCourse)}
      onProgressUpdate={onProgress}
      onComplete={onComplete}
    />
  );
}

function Stage({ children }: { children: React.ReactNode }) {
  return <div className="stage">{children}</div>;
}

function ChapterFacts({ chapter }: { chapter: Chapter }) {
  const t = useTranslate();
  const { progress } = chapter;
  return (
    <div className="watch__facts">
      {progress?.isCompleted ? (
        <span className="chip chip--accent" data-testid="chapter-completed">
          <Icon name="check" />
          {t('chapter.completed')}
        </span>
      ) : (
        progress && (
          <span className="watch__progress">
            <Bar value={progress.watchPercentage} label={t('course.progress')} />
            <span data-testid="watch-percent">{t('chapter.watched', { percent: percent(progress.watchPercentage) })}</span>
          </span>
        )
      )}
      {chapter.firstWatchRestricted && !progress?.isCompleted && (
        <span className="watch__rule">
          <Icon name="clock" />
          {t('watch.firstWatch')}
        </span>
      )}
    </div>
  );
}

/** The list beside the player follows each beat, without asking the server again. */
function withProgress(course: Course, progress: ProgressDocument): Course {
  const { chapterId, watchPercentage, currentPosition, isCompleted } = progress;
  const seen = { watchPercentage, currentPosition, isCompleted };
  const chapters = course.chapters.map((chapter) => {
    if (chapter.id !== chapterId) return chapter;
    // A film that can be watched is no longer "being prepared", whatever was true when the page was loaded.
    const videoStatus = watchPercentage > 0 && chapter.videoStatus === 'processing' ? 'playable' : chapter.videoStatus;
    return { ...chapter, videoStatus, progress: seen };
  });
  return { ...course, chapters };
}

function WatchSkeleton() {
  return (
    <Loading>
      <div className="watch">
        <div className="watch__main">
          <div className="stage">
            <Skeleton height="100%" />
          </div>
          <Skeleton width="50%" height="2rem" />
        </div>
        <div className="watch__list panel">
          <Skeleton height="12rem" />
        </div>
      </div>
    </Loading>
  );
}
