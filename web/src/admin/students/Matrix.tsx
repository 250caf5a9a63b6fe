import { useMemo, useState } from 'react';
import { pathOf } from '../../api/client';
import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { Link, paths } from '../../app/router';
import { useTranslate } from '../../i18n';
import { dateTime, percent } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { CsvButton } from '../../ui/CsvButton';
import { DataTable, type Column } from '../../ui/DataTable';
import { Icon } from '../../ui/Icon';
import { Notice } from '../../ui/pieces';
import { usePages } from '../shared/hooks';
import { Section } from '../shared/parts';

type Student = Schema.MatrixStudent;

/** Every student of a course beside every chapter. */
export function Matrix({ courseId }: { courseId: string }) {
  const t = useTranslate();
  const [head, setHead] = useState<Pick<Schema.MatrixPage, 'chapters' | 'title'> | null>(null);
  const path = `/api/admin/analytics/matrix/${encodeURIComponent(courseId)}`;
  const { rows, error, more, busy, reload } = usePages<Student>(path, async (after, signal) => {
    const page = await client.call<Schema.MatrixPage>(pathOf(path, { after }), { signal });
    setHead(page);
    return page;
  });
  const columns = useMemo<Column<Student>[]>(() => {
    const chapters = (head?.chapters ?? []).map<Column<Student>>(({ chapterId, title }, place) => ({
      id: chapterId,
      title,
      cell: ({ cells }) => <Cell cell={cells[place]} />,
    }));
    return [
      { id: 'student', title: t('students.student'), heading: true, cell: ({ userId }) => <Link to={paths.adminStudent(userId)} className="text-link">{userId}</Link> },
      { id: 'overall', title: t('students.overall'), numeric: true, cell: ({ overallPercentage }) => percent(overallPercentage) },
      {
        id: 'last', title: t('students.lastWatched'),
        cell: ({ lastWatchedAt, isEnrolled }) => (
          <>
            {lastWatchedAt ? dateTime(lastWatchedAt) : t('students.never')}
            {!isEnrolled && <span className="chip">{t('students.notEnrolled')}</span>}
          </>
        ),
      },
      ...chapters,
    ];
  }, [t, head]);

  if (error && !rows) return <Problem error={error} onRetry={reload} />;
  return (
    <Section title={head?.title ?? courseId} lead={t('students.matrixLead')} actions={<CsvButton name={`progress-${courseId}`} path={pathOf(path, { format: 'csv' })} />}>
      <div className="matrix">
        <DataTable
          caption={t('students.matrixOf', { course: head?.title ?? courseId })} columns={columns} rows={rows} rowKey={({ userId }) => userId} more={more} busy={busy} testId="matrix"
          empty={<Notice icon="people" title={t('students.noneTitle')} text={t('students.noneText')} />}
        />
      </div>
    </Section>
  );
}

function Cell({ cell }: { cell: Schema.MatrixCell | undefined }) {
  const t = useTranslate();
  if (!cell || cell.state === 'not_started') {
    return (
      <span className="matrix__cell" data-state="not_started">
        <span aria-hidden="true">–</span>
        <span className="visually-hidden">{t('students.notStarted')}</span>
      </span>
    );
  }
  const when = cell.completedAt ?? cell.lastWatchedAt;
  return (
    <span className="matrix__cell" data-state={cell.state} title={when ? dateTime(when) : undefined}>
      {cell.state === 'completed' ? <Icon name="check" /> : null}
      {percent(cell.state === 'completed' ? 100 : cell.watchPercentage)}
      {cell.state === 'completed' && <span className="visually-hidden">{t('students.completed')}</span>}
    </span>
  );
}
