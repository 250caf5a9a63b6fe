import { useEffect } from 'react';
import { client } from '../app/auth';
import { Link, paths } from '../app/router';
import { useData } from '../app/useData';
import { useTranslate } from '../i18n';
import { Icon } from '../ui/Icon';
import { Loading, Notice, Skeleton } from '../ui/pieces';
import { Problem } from '../pages/Problem';
import './admin.css';

export default function AdminCoursesPage() {
  const t = useTranslate();
  const { data, error, reload } = useData('admin courses', (signal) => client.courses(signal));

  useEffect(() => {
    document.title = `${t('admin.title')} · Lectern`;
  }, [t]);

  return (
    <div className="page">
      <header className="page__head">
        <h1>{t('admin.title')}</h1>
        <p className="page__lead">{t('admin.lead')}</p>
      </header>
      {error && !data && <Problem error={error} onRetry={reload} />}
      {!data && !error && (
        <Loading>
          <Skeleton height="10rem" />
        </Loading>
      )}
      {data?.courses.length === 0 && <Notice icon="book" title={t('courses.emptyTitle')} text={t('courses.emptyStaff')} testId="courses-empty" />}
      {data && data.courses.length > 0 && (
        <ul className="panel admin-list">
          {data.courses.map(({ id, title, chapterCount }) => (
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
    </div>
  );
}
