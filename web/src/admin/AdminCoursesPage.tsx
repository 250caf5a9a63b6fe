import { useState, type FormEvent } from 'react';
import { client, useAuth } from '../app/auth';
import { Link, navigate, paths } from '../app/router';
import { useData } from '../app/useData';
import { useTranslate } from '../i18n';
import { Problem } from '../pages/Problem';
import { Icon } from '../ui/Icon';
import { Loading, Notice, Skeleton } from '../ui/pieces';
import { isId } from './course/draft';
import { useAction } from './shared/hooks';
import { AdminPage, Outcome, TextField } from './shared/parts';
import './admin.css';

export default function AdminCoursesPage() {
  const t = useTranslate();
  const { me } = useAuth();
  const isAdmin = me?.role === 'admin';
  const { data, error, reload } = useData('admin courses', (signal) => client.courses(signal));
  const [making, setMaking] = useState(false);
  const taught = data?.courses.filter(({ isStaff }) => isStaff);

  return (
    <AdminPage
      title={t('admin.title')}
      lead={t('admin.lead')}
      testId="admin-courses"
      actions={
        isAdmin && (
          <button type="button" className="button button--primary" aria-expanded={making} data-testid="new-course" onClick={() => setMaking(!making)}>
            <Icon name={making ? 'cross' : 'plus'} />
            {t(making ? 'common.cancel' : 'adminCourses.newCourse')}
          </button>
        )
      }
    >
      {making && <NewCourse taken={data?.courses.map(({ id }) => id) ?? []} />}
      {error && !data && <Problem error={error} onRetry={reload} />}
      {!data && !error && (
        <Loading>
          <Skeleton height="10rem" />
        </Loading>
      )}
      {taught?.length === 0 && <Notice icon="book" title={t('courses.emptyTitle')} text={t('courses.emptyStaff')} testId="courses-empty" />}
      {taught && taught.length > 0 && (
        <ul className="panel admin-list">
          {taught.map(({ id, title, chapterCount }) => (
            <li key={id}>
              <Link to={paths.adminCourse(id)} className="admin-list__row" data-testid="admin-course" data-course={id}>
                <span className="admin-list__text">
                  <strong>{title}</strong>
                  <small>
                    {t('courses.chapters', { count: chapterCount })} · {id}
                  </small>
                </span>
                <Icon name="forward" />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </AdminPage>
  );
}

function NewCourse({ taken }: { taken: string[] }) {
  const t = useTranslate();
  const action = useAction();
  const [id, setId] = useState('');
  const [title, setTitle] = useState('');
  // A PUT on a course that is there would empty it.
  const isTaken = taken.includes(id);
  const fits = isId(id) && title.trim() !== '' && !isTaken;
  const make = (event: FormEvent): void => {
    event.preventDefault();
    if (!fits) return;
    const body = { title: title.trim(), isSequential: false, chapters: [] };
    void action
      .run(() => client.call(`/api/admin/courses/${encodeURIComponent(id)}`, { method: 'PUT', body }))
      .then((made) => made && navigate(`${paths.adminCourse(id)}?tab=structure`));
  };
  return (
    <form className="panel form form--row" onSubmit={make} data-testid="new-course-form">
      <TextField label={t('adminCourses.courseTitle')} value={title} onChange={setTitle} maxLength={500} data-testid="new-course-title" />
      <TextField
        label={t('adminCourses.courseId')}
        hint={t(isTaken ? 'adminCourses.idTaken' : 'adminCourses.idHint')}
        value={id}
        onChange={setId}
        maxLength={128}
        aria-invalid={id !== '' && (!isId(id) || isTaken)}
        data-testid="new-course-id"
      />
      <button type="submit" className="button button--primary" disabled={!fits || action.busy} data-testid="new-course-make">
        {t('adminCourses.create')}
      </button>
      <Outcome action={action} />
    </form>
  );
}
