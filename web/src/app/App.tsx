import { Component, lazy, Suspense, useEffect, useRef, type ReactNode } from 'react';
import type { Me } from '../api/types';
import { useTranslate } from '../i18n';
import { CoursePage } from '../pages/CoursePage';
import { CoursesPage } from '../pages/CoursesPage';
import { SignInPage } from '../pages/SignInPage';
import { Notice, Loading, Skeleton } from '../ui/pieces';
import { isStaff, useAuth } from './auth';
import { Header } from './Header';
import { Link, matchRoute, paths, usePath, type Route } from './router';

// The player with video.js, and what only teachers need, come when they are asked for.
const WatchPage = lazy(() => import('../pages/WatchPage'));
const AdminCoursesPage = lazy(() => import('../admin/AdminCoursesPage'));
const AdminCoursePage = lazy(() => import('../admin/AdminCoursePage'));
const AdminLayout = lazy(() => import('../admin/AdminLayout'));
const LibraryPage = lazy(() => import('../admin/library/LibraryPage'));
const StudentsPage = lazy(() => import('../admin/students/StudentsPage'));
const StudentPage = lazy(() => import('../admin/students/StudentPage'));
const AnalyticsPage = lazy(() => import('../admin/analytics/AnalyticsPage'));
const JobsPage = lazy(() => import('../admin/jobs/JobsPage'));
const StoragePage = lazy(() => import('../admin/storage/StoragePage'));
const WebhooksPage = lazy(() => import('../admin/webhooks/WebhooksPage'));
const HealthPage = lazy(() => import('../admin/health/HealthPage'));
const AccessPage = lazy(() => import('../admin/access/AccessPage'));
const VideoPage = lazy(() => import('../admin/video/VideoPage'));

export function App() {
  const t = useTranslate();
  const { token, me, expired } = useAuth();
  const path = usePath();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);

  useEffect(() => {
    // A new page begins at its top, for eyes and for screen readers; the very first one is the browser's business.
    if (!first.current) {
      scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
    first.current = false;
  }, [path]);

  if (!token || !me) return <SignInPage expired={expired} />;
  const route = matchRoute(path);
  const inAdmin = route.name.startsWith('admin');
  return (
    <>
      <a className="skip-link" href="#main">
        {t('header.skip')}
      </a>
      <Header me={me} />
      <main id="main" ref={main} tabIndex={-1} className="main">
        <Guard key={path}>
          <Suspense fallback={<PageSkeleton />}>{inAdmin ? <AdminPage route={route} me={me} /> : <Page route={route} />}</Suspense>
        </Guard>
      </main>
    </>
  );
}

function AdminPage({ route, me }: { route: Route; me: Me }) {
  if (!isStaff(me)) return <StaffOnly />;
  return (
    <AdminLayout me={me}>
      <Suspense fallback={<PageSkeleton />}>
        <Page route={route} />
      </Suspense>
    </AdminLayout>
  );
}

function Page({ route: { name, params } }: { route: Route }) {
  const { courseId = '', chapterId = '', videoId = '', userId = '' } = params;
  switch (name) {
    case 'courses':
      return <CoursesPage />;
    case 'course':
      return <CoursePage courseId={courseId} />;
    case 'watch':
      return <WatchPage courseId={courseId} chapterId={chapterId} />;
    case 'admin':
      return <AdminCoursesPage />;
    case 'adminCourse':
      return <AdminCoursePage courseId={courseId} />;
    case 'adminVideos':
      return <LibraryPage />;
    case 'adminVideo':
      return <VideoPage videoId={videoId} />;
    case 'adminStudents':
      return <StudentsPage />;
    case 'adminStudent':
      return <StudentPage userId={userId} />;
    case 'adminAnalytics':
      return <AnalyticsPage />;
    case 'adminJobs':
      return <JobsPage />;
    case 'adminStorage':
      return <StoragePage />;
    case 'adminWebhooks':
      return <WebhooksPage />;
    case 'adminHealth':
      return <HealthPage />;
    case 'adminAccess':
      return <AccessPage />;
    case 'unknown':
      return <NotFound />;
  }
}

function NotFound() {
  const t = useTranslate();
  return (
    <Notice icon="book" title={t('page.notFoundTitle')} text={t('page.notFoundText')} testId="not-found" whole>
      <Link to={paths.courses()} className="button button--primary">
        {t('page.toCourses')}
      </Link>
    </Notice>
  );
}

function StaffOnly() {
  const t = useTranslate();
  return (
    <Notice icon="lock" title={t('page.staffTitle')} text={t('page.staffText')} testId="staff-only" whole>
      <Link to={paths.courses()} className="button button--primary">
        {t('page.toCourses')}
      </Link>
    </Notice>
  );
}

function PageSkeleton() {
  return (
    <Loading>
      <div className="page">
        <Skeleton width="40%" height="2.5rem" />
        <Skeleton height="14rem" />
      </div>
    </Loading>
  );
}

function Crashed() {
  const t = useTranslate();
  return (
    <Notice icon="alert" problem title={t('page.crashedTitle')} text={t('page.crashedText')} testId="crashed" whole>
      <button type="button" className="button button--primary" onClick={() => location.reload()}>
        {t('page.reload')}
      </button>
    </Notice>
  );
}

/** A fault in one page, or a chunk that a new release took away, must not leave a white screen. */
class Guard extends Component<{ children: ReactNode }, { crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError(): { crashed: boolean } {
    return { crashed: true };
  }

  override render(): ReactNode {
    return this.state.crashed ? <Crashed /> : this.props.children;
  }
}
