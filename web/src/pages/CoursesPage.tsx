import { useEffect } from 'react';
import { buildUrl } from '../api/client';
import type { CourseSummary } from '../api/types';
import { client, isStaff, useAuth } from '../app/auth';
import { Link, paths } from '../app/router';
import { useData } from '../app/useData';
import { useTranslate } from '../i18n';
import { percent } from '../i18n/format';
import { Bar, Loading, Notice, Skeleton } from '../ui/pieces';
import { ContinueStrip, StatsLine } from './ContinueStrip';
import { Cover } from './Cover';
import { Problem } from './Problem';
import './courses.css';

const SHOWN = 6;

export function CoursesPage() {
  const t = useTranslate();
  const { me } = useAuth();
  const { data, error, reload } = useData('courses', async (signal) => {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const [{ courses }, goOn, stats] = await Promise.all([
      client.courses(signal),
      // The list of courses is worth showing without them.
      client.continueWatching(SHOWN, signal).catch(() => null),
      client.progressStats(zone, signal).catch(() => null),
    ]);
    return { courses, goOn: goOn?.chapters ?? [], stats };
  });

  useEffect(() => {
    document.title = `${t('courses.title')} · Lectern`;
  }, [t]);

  return (
    <div className="page">
      <header className="page__head">
        <h1>{t('courses.title')}</h1>
        <p className="page__lead">{t('courses.lead')}</p>
        {data?.stats && <StatsLine stats={data.stats} />}
      </header>
      {error && !data && <Problem error={error} onRetry={reload} />}
      {!data && !error && <CardsSkeleton />}
      {data?.courses.length === 0 && (
        <Notice icon="book" title={t('courses.emptyTitle')} text={t(isStaff(me) ? 'courses.emptyStaff' : 'courses.emptyText')} testId="courses-empty" />
      )}
      {data && <ContinueStrip chapters={data.goOn} />}
      {data && data.courses.length > 0 && (
        <div className="section">
          {data.goOn.length > 0 && <h2>{t('courses.all')}</h2>}
          <ul className="cards">
            {data.courses.map((course) => (
              <CourseCard key={course.id} course={course} staff={isStaff(me)} />
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function CourseCard({ course, staff }: { course: CourseSummary; staff: boolean }) {
  const t = useTranslate();
  const done = course.progress;
  const text = done >= 100 ? t('courses.done') : done > 0 ? t('courses.progress', { percent: percent(done) }) : t('courses.notStarted');
  return (
    <li>
      <Link to={paths.course(course.id)} className="card" data-testid="course-card" data-course={course.id}>
        {course.posterUrl ? <img className="card__picture" src={buildUrl(course.posterUrl)} alt="" loading="lazy" /> : <Cover seed={course.id} />}
        <div className="card__body">
          <h2>{course.title}</h2>
          <p className="card__facts">
            <span>{t('courses.chapters', { count: course.chapterCount })}</span>
            {!course.isEnrolled && !staff && <span className="chip chip--brass">{t('courses.sample')}</span>}
          </p>
          <div className="card__progress">
            <Bar value={done} label={course.title} tone={done >= 100 ? 'done' : undefined} />
            <span>{text}</span>
          </div>
        </div>
      </Link>
    </li>
  );
}

export function CardsSkeleton() {
  return (
    <Loading>
      <div className="cards">
        {[1, 2, 3].map((n) => (
          <div key={n} className="card">
            <Skeleton height="10rem" />
            <div className="card__body">
              <Skeleton width="70%" height="1.5rem" />
              <Skeleton width="40%" height="1rem" />
              <Skeleton height="0.5rem" />
            </div>
          </div>
        ))}
      </div>
    </Loading>
  );
}
