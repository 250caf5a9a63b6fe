import { useMemo } from 'react';
import { pathOf } from '../../api/client';
import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { Link, paths } from '../../app/router';
import { useTranslate, type Translate } from '../../i18n';
import { clock, count, dateTime, percent } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { CsvButton } from '../../ui/CsvButton';
import { DataTable, type Column } from '../../ui/DataTable';
import { Notice } from '../../ui/pieces';
import { usePages } from '../shared/hooks';
import { Section } from '../shared/parts';

type Row = Schema.Struggling;
const PATH = '/api/admin/analytics/struggling';

/** Each reason as a sentence: a number alone tells nobody what to talk about. */
function reasonText(reason: Row['reasons'][number], row: Row, t: Translate): string {
  if (reason === 'behind') return t('students.behind', { is: percent(row.percentage), expected: percent(row.expectedPercentage) });
  if (reason === 'absent') return t('students.absent', { count: row.absentDays });
  return t('students.rewinds', { times: count(row.rewinds), place: clock(row.rewindAt ?? 0), chapter: row.rewindChapterId ?? '' });
}

export function StrugglingList({ courseId }: { courseId: string }) {
  const t = useTranslate();
  const { rows, error, more, busy, reload } = usePages<Row>(`${PATH} ${courseId}`, (after, signal) =>
    client.call<Schema.StrugglingPage>(pathOf(PATH, { courseId, after }), { signal }),
  );
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'student', title: t('students.student'), heading: true, cell: ({ userId }) => <Link to={paths.adminStudent(userId)} className="text-link">{userId}</Link> },
      { id: 'course', title: t('adminCommon.course'), cell: (row) => row.courseId },
      {
        id: 'why', title: t('students.why'),
        cell: (row) => (
          <ul className="plain-list">
            {row.reasons.map((reason) => (
              <li key={reason}>{reasonText(reason, row, t)}</li>
            ))}
          </ul>
        ),
      },
      { id: 'done', title: t('students.chaptersDone'), numeric: true, cell: (row) => `${row.chaptersCompleted} / ${row.chaptersTotal}` },
      { id: 'last', title: t('students.lastWatched'), cell: (row) => dateTime(row.lastActiveAt) },
    ],
    [t],
  );
  if (error && !rows) return <Problem error={error} onRetry={reload} />;
  return (
    <Section title={t('students.tabStruggling')} lead={t('students.strugglingLead')} actions={<CsvButton name="struggling" path={pathOf(PATH, { courseId, format: 'csv' })} />}>
      <DataTable
        caption={t('students.tabStruggling')} columns={columns} rows={rows} rowKey={(row) => `${row.courseId} ${row.userId}`} more={more} busy={busy} testId="struggling"
        empty={<Notice icon="check" title={t('students.nobodyTitle')} text={t('students.nobodyText')} />}
      />
    </Section>
  );
}
