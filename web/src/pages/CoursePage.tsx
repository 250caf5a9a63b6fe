import { useEffect } from 'react';
import { buildUrl } from '../api/client';
import type { Chapter, Course, CourseProgress } from '../api/types';
import { client } from '../app/auth';
import { Link, paths } from '../app/router';
import { useData } from '../app/useData';
import { useTranslate } from '../i18n';
import { clock, percent } from '../i18n/format';
import { Icon } from '../ui/Icon';
import { Bar, Loading, Notice, Skeleton } from '../ui/pieces';
import { ChapterRow } from './ChapterRow';
import { chapterState, chapterToContinue, refreshWhileFilmsCome } from './chapters';
import { Cover } from './Cover';
import { Problem } from './Problem';
import './course.css';

export function CoursePage({ courseId }: { courseId: string }) {
  const t = useTranslate();
  const { data, error, reload } = useData(
    `course ${courseId}`,
    async (signal) => {
      const [course, progress] = await Promise.all([
        client.course(courseId, signal),
        // Staff have none, and a course can be shown without.
        client.courseProgress(courseId, signal).catch(() => null),
      ]);
      return { course, progress };
    },
    ({ course }) => refreshWhileFilmsCome(course),
  );

  const title = data?.course.title;
  useEffect(() => {
    if (title) document.title = `${title} · Lectern`;
  }, [title]);

  if (error && !data) return <Problem error={error} onRetry={reload} whole />;
  if (!data) return <CourseSkeleton />;
  const { course, progress } = data;
  const next = chapterToContinue(course, progress?.lastWatched?.chapterId ?? null);
  return (
    <div className="page">
      <nav aria-label={t('page.where')} className="crumbs">
        <Link to={paths.courses()}>
          <Icon name="back" />
          {t('courses.title')}
        </Link>
      </nav>
      <header className="page__head">
        <h1>{course.title}</h1>
        <Summary course={course} progress={progress} />
        {!course.isEnrolled && !course.isStaff && isLockedOut(course) && <p className="section__hint">{t('course.notEnrolled')}</p>}
      </header>
      {isDone(course) ? <CourseDone /> : next && <ContinueCard course={course} chapter={next} />}
      <section className="section" aria-labelledby="chapters-title">
        <h2 id="chapters-title">{t('course.chapters')}</h2>
        {course.isSequential && <p className="section__hint">{t('course.sequential')}</p>}
        {course.chapters.length === 0 ? (
          <Notice icon="film" title={t('course.emptyTitle')} text={t('course.emptyText')} />
        ) : (
          <ol className="panel chapters">
            {course.chapters.map((chapter) => (
              <ChapterRow key={chapter.id} chapter={chapter} course={course} onChange={reload} />
            ))}
          </ol>
        )}
      </section>
    </div>
  );
}

/** Every chapter that has a film is completed. */
function isDone({ chapters }: Course): boolean {
  const films = chapters.filter(({ videoId }) => videoId);
  return films.length > 0 && films.every((chapter) => chapterState(chapter) === 'completed');
}

function isLockedOut({ chapters }: Course): boolean {
  return chapters.some(({ lockedReason }) => lockedReason === 'not_enrolled');
}

function CourseDone() {
  const t = useTranslate();
  return (
    <section className="course-done" data-testid="course-done">
      <span className="course-done__mark">
        <Icon name="check" />
      </span>
      <div>
        <h2>{t('course.doneTitle')}</h2>
        <p className="section__hint">{t('course.doneText')}</p>
      </div>
    </section>
  );
}

function Summary({ course, progress }: { course: Course; progress: CourseProgress | null }) {
  const t = useTranslate();
  const done = progress?.chaptersCompleted ?? course.chapters.filter((chapter) => chapterState(chapter) === 'completed').length;
  const total = course.chapters.length;
  const films = progress?.chaptersTotal ?? total;
  const length = course.chapters.reduce((sum, chapter) => sum + (chapter.duration ?? 0), 0);
  const overall = progress?.overallPercentage ?? (total ? (done / total) * 100 : 0);
  return (
    <div className="summary" data-testid="course-summary">
      <p className="summary__facts">
        <span>{t('courses.chapters', { count: total })}</span>
        {length > 0 && <span>{clock(length)}</span>}
        {films > 0 && <span>{t('course.completed', { done, total: films })}</span>}
      </p>
      {films > 0 && (
        <div className="summary__bar">
          <Bar value={overall} label={t('course.progress')} tone={done === films ? 'done' : undefined} />
          <strong data-testid="course-percent">{percent(overall)}</strong>
        </div>
      )}
    </div>
  );
}

function ContinueCard({ course, chapter }: { course: Course; chapter: Chapter }) {
  const t = useTranslate();
  const state = chapterState(chapter);
  const position = chapter.progress?.currentPosition ?? 0;
  const begun = course.chapters.some((one) => chapterState(one) !== 'not_started');
  const fresh = begun ? t('course.next') : t('course.start');
  const verb = state === 'not_started' ? fresh : state === 'completed' ? t('course.again') : t('course.continue');
  const left = chapter.duration !== null && state === 'in_progress' ? Math.max(0, chapter.duration - position) : null;
  return (
    <Link to={paths.watch(course.id, chapter.id)} state={{ autoplay: true }} className="continue" data-testid="continue-watching">
      <span className="continue__picture">
        {chapter.posterUrl ? <img src={buildUrl(chapter.posterUrl)} alt="" /> : <Cover seed={`${course.id} ${chapter.id}`} />}
        <span className="continue__play">
          <Icon name="play" />
        </span>
      </span>
      <span className="continue__text">
        <span className="continue__verb">{verb}</span>
        <span className="continue__title">{chapter.title}</span>
        {state === 'in_progress' && (
          <>
            <Bar value={chapter.progress?.watchPercentage ?? 0} label={t('course.progress')} />
            {left !== null && <span className="continue__facts">{t('course.left', { time: clock(left) })}</span>}
          </>
        )}
        {state !== 'in_progress' && chapter.duration !== null && <span className="continue__facts">{clock(chapter.duration)}</span>}
        <span className="button button--primary continue__button">
          <Icon name="play" />
          {state === 'in_progress' && position >= 1 ? t('course.continueAt', { time: clock(position) }) : t('course.watch')}
        </span>
      </span>
    </Link>
  );
}

function CourseSkeleton() {
  return (
    <Loading>
      <div className="page">
        <Skeleton width="55%" height="2.75rem" />
        <Skeleton height="9rem" />
        <div className="panel chapters chapters--skeleton">
          {[1, 2, 3, 4].map((n) => (
            <Skeleton key={n} height="4rem" />
          ))}
        </div>
      </div>
    </Loading>
  );
}
