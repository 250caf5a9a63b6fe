import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Chapter, Course } from '../api/types';
import { client, getAuthToken, onUnauthorized, useAuth } from '../app/auth';
import { Link, paths, useQuery } from '../app/router';
import { useData } from '../app/useData';
import { useTranslate } from '../i18n';
import { ordinal, refreshWhileFilmsCome } from '../pages/chapters';
import { Problem } from '../pages/Problem';
import { Icon } from '../ui/Icon';
import { Loading, Notice, Skeleton } from '../ui/pieces';
import { uploads, type UploadState } from '../upload/queue';
import CourseUpload from '../upload/CourseUpload';
import VideoUpload from '../upload/VideoUpload';
import { CourseAccess } from './course/Access';
import { CourseEditor } from './course/CourseEditor';
import { Enrolments } from './course/Enrolments';
import { FilmPanel } from './FilmPanel';
import { Tabs } from './shared/parts';
import './admin.css';

const ended = new Set<UploadState>(['accepted', 'refused', 'failed', 'cancelled']);

export default function AdminCoursePage({ courseId }: { courseId: string }) {
  const t = useTranslate();
  const isAdmin = useAuth().me?.role === 'admin';
  const [query] = useQuery();
  const asked = query.get('tab') ?? 'films';
  const tabs = [
    { id: 'films', label: t('adminCourses.tabFilms'), to: paths.adminCourse(courseId) },
    ...(isAdmin
      ? [
          { id: 'structure', label: t('adminCourses.tabStructure'), to: `${paths.adminCourse(courseId)}?tab=structure` },
          { id: 'enrolments', label: t('adminCourses.tabEnrolments'), to: `${paths.adminCourse(courseId)}?tab=enrolments` },
        ]
      : []),
    { id: 'access', label: t('adminCourses.tabAccess'), to: `${paths.adminCourse(courseId)}?tab=access` },
  ];
  const tab = tabs.some(({ id }) => id === asked) ? asked : 'films';
  const { data: course, error, reload } = useData(`admin course ${courseId}`, (signal) => client.course(courseId, signal), refreshWhileFilmsCome);

  const title = course?.title;
  useEffect(() => {
    if (title) document.title = `${title} · Lectern`;
  }, [title]);

  if (error && !course) return <Problem error={error} onRetry={reload} whole />;
  if (!course) {
    return (
      <Loading>
        <div className="page">
          <Skeleton width="50%" height="2.75rem" />
          <Skeleton height="12rem" />
          <Skeleton height="12rem" />
        </div>
      </Loading>
    );
  }
  const withFilm = course.chapters.filter(({ videoId }) => videoId).length;
  return (
    <div className="page">
      <nav aria-label={t('page.where')} className="crumbs">
        <Link to={paths.admin()}>
          <Icon name="back" />
          {t('admin.title')}
        </Link>
      </nav>
      <header className="page__head">
        <h1>{course.title}</h1>
        <p className="summary__facts">
          <span>{t('admin.withFilm', { done: withFilm, total: course.chapters.length })}</span>
          <span>{t(course.isSequential ? 'admin.sequential' : 'admin.anyOrder')}</span>
          <Link to={paths.course(course.id)} className="text-link">
            {t('admin.seeAsStudent')}
          </Link>
          <Link to={`${paths.adminStudents()}?course=${encodeURIComponent(course.id)}`} className="text-link">
            {t('adminCourses.seeProgress')}
          </Link>
        </p>
      </header>
      <Tabs label={course.title} current={tab} tabs={tabs} />
      {/* Kept while another part is looked at, so that nothing that was edited is lost. */}
      {isAdmin && (
        <div hidden={tab !== 'structure'}>
          <CourseEditor course={course} onSaved={reload} />
        </div>
      )}
      {tab === 'enrolments' && <Enrolments courseId={course.id} />}
      {tab === 'access' && <CourseAccess course={course} isAdmin={isAdmin} onChange={reload} />}
      {tab === 'films' && <Films course={course} onChange={reload} />}
    </div>
  );
}

function Films({ course, onChange }: { course: Course; onChange: () => void }) {
  const t = useTranslate();
  return (
    <>
      {course.chapters.length === 0 && <Notice icon="film" title={t('course.emptyTitle')} text={t('admin.noChapters')} />}
      {course.chapters.length > 1 && <CourseUpload chapters={course.chapters} getAuthToken={getAuthToken} onUnauthorized={onUnauthorized} />}
      <ol className="admin-chapters">
        {course.chapters.map((chapter) => (
          <AdminChapter key={chapter.id} course={course} chapter={chapter} onChange={onChange} />
        ))}
      </ol>
    </>
  );
}

function AdminChapter({ course, chapter, onChange }: { course: Course; chapter: Chapter; onChange: () => void }) {
  const t = useTranslate();
  const [replacing, setReplacing] = useState(false);
  const [round, setRound] = useState(0);
  const all = useSyncExternalStore(uploads.subscribe, uploads.snapshot);
  const underWay = all.some((item) => item.chapterId === chapter.id && item.state !== 'accepted');

  const arrived = (): void => {
    // The film's own panel takes over from here: the finished row may go, and so may failures before it.
    for (const item of uploads.snapshot()) {
      if (item.chapterId === chapter.id && ended.has(item.state)) uploads.remove(item.id);
    }
    setReplacing(false);
    setRound((n) => n + 1);
    onChange();
  };

  return (
    <li className="panel admin-chapter" data-testid="admin-chapter" data-chapter={chapter.id}>
      <header className="admin-chapter__head">
        <span className="admin-chapter__number">{ordinal(course, chapter)}</span>
        <div className="admin-chapter__title">
          <h2>{chapter.title}</h2>
          <p className="admin-chapter__rules">
            {chapter.isFree && <span className="chip chip--brass">{t('chapter.free')}</span>}
            {chapter.firstWatchRestricted && <span className="chip">{t('admin.firstWatch')}</span>}
            {!chapter.videoId && <span className="chip">{t('chapter.noFilm')}</span>}
          </p>
        </div>
      </header>
      {chapter.videoId && (
        <FilmPanel
          key={chapter.videoId}
          chapter={chapter}
          videoId={chapter.videoId}
          watchUrl={paths.watch(course.id, chapter.id)}
          refresh={round}
          replacing={replacing}
          onReplace={() => setReplacing(!replacing)}
          onDeleted={onChange}
        />
      )}
      {(!chapter.videoId || replacing || underWay) && (
        <VideoUpload
          chapterId={chapter.id}
          getAuthToken={getAuthToken}
          onUnauthorized={onUnauthorized}
          replaces={replacing ? chapter.videoId : null}
          hideZone={Boolean(chapter.videoId) && !replacing}
          watchUrl={paths.watch(course.id, chapter.id)}
          onUploadComplete={arrived}
        />
      )}
    </li>
  );
}
