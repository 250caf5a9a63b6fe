import { useMemo, useState } from 'react';
import { pathOf } from '../../api/client';
import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { clock, count, dateTime, duration, percent } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { CsvButton } from '../../ui/CsvButton';
import { DataTable, readSort, writeSort, type Column } from '../../ui/DataTable';
import { Notice, Skeleton } from '../../ui/pieces';
import { useAction, usePages } from '../shared/hooks';
import { AskButton, Outcome, Section } from '../shared/parts';

type Row = Schema.Engagement;
const at = encodeURIComponent;

export function StudentChapters({ userId }: { userId: string }) {
  const t = useTranslate();
  const [sort, setSort] = useState('-updatedAt');
  const [shown, setShown] = useState<Row | null>(null);
  const action = useAction();
  const path = `/api/admin/analytics/users/${at(userId)}`;
  const { rows, error, more, busy, reload } = usePages<Row>(`${path} ${sort}`, (after, signal) => client.call<Schema.EngagementPage>(pathOf(path, { sort, after }), { signal }));
  const { run } = action;
  const columns = useMemo<Column<Row>[]>(() => {
    const reset = (row: Row): void =>
      void run(() => client.call(pathOf(`/api/progress/chapters/${at(row.chapterId)}/reset`, { userId }), { method: 'POST' }), t('students.resetDone', { chapter: row.title ?? row.chapterId })).then(reload);
    return [
      { id: 'chapter', title: t('students.chapter'), heading: true, cell: ({ title, chapterId, courseTitle, courseId }) => <>{title ?? chapterId}<small className="field__hint">{courseTitle ?? courseId}</small></> },
      {
        id: 'state', title: t('students.state'), sort: 'watchPercentage', fallingFirst: true,
        cell: ({ isCompleted, watchPercentage }) => <span className={`chip ${isCompleted ? 'chip--accent' : 'chip--brass'}`}>{isCompleted ? t('students.completed') : percent(watchPercentage)}</span>,
      },
      { id: 'time', title: t('students.watchTime'), numeric: true, sort: 'watchTime', fallingFirst: true, cell: ({ watchTime }) => duration(watchTime, t) },
      { id: 'sessions', title: t('students.sessionsCount'), numeric: true, cell: ({ sessions }) => count(sessions) },
      { id: 'rewinds', title: t('students.rewindsCount'), numeric: true, cell: ({ rewinds }) => count(rewinds) },
      { id: 'place', title: t('students.place'), numeric: true, cell: ({ currentPosition }) => clock(currentPosition) },
      { id: 'last', title: t('students.lastChange'), sort: 'updatedAt', fallingFirst: true, cell: ({ updatedAt }) => dateTime(updatedAt) },
      {
        id: 'actions', title: t('enrolments.actions'), titleHidden: true,
        cell: (row) => (
          <span className="row-actions">
            <button type="button" className="button button--small" data-testid="history" onClick={() => setShown(row)}>
              {t('students.history')}
            </button>
            <AskButton
              label={t('students.reset')} title={t('students.resetTitle')} text={t('students.resetText', { chapter: row.title ?? row.chapterId, user: userId })} confirm={t('students.reset')}
              testId="reset" onConfirm={() => { reset(row); setShown(row); }}
            />
          </span>
        ),
      },
    ];
  }, [t, userId, run, reload]);
  return (
    <Section title={t('students.chapters')} actions={<CsvButton name={`student-${userId}`} path={pathOf(path, { format: 'csv' })} />}>
      <Outcome action={action} testId="reset-outcome" />
      {error && !rows ? (
        <Problem error={error} onRetry={reload} />
      ) : (
        <DataTable
          caption={t('students.chapters')} columns={columns} rows={rows} rowKey={({ chapterId }) => chapterId} more={more} busy={busy} testId="student-chapters"
          sort={readSort(sort)} onSort={(chosen) => setSort(writeSort(chosen))}
          empty={<Notice icon="film" title={t('students.nothingTitle')} text={t('students.nothingText')} />}
        />
      )}
      {shown && !action.busy && <History key={`${shown.chapterId} ${action.done}`} row={shown} userId={userId} onClose={() => setShown(null)} />}
    </Section>
  );
}

function History({ row, userId, onClose }: { row: Row; userId: string; onClose: () => void }) {
  const t = useTranslate();
  const { data, error } = useData(`history ${userId} ${row.chapterId}`, (signal) =>
    client.call<Schema.HistoryAnswer>(pathOf(`/api/progress/chapters/${at(row.chapterId)}/history`, { userId }), { signal }),
  );
  const columns: Column<Schema.PastProgress>[] = [
    { id: 'at', title: t('students.resetAt'), heading: true, cell: ({ resetAt }) => dateTime(resetAt) },
    { id: 'by', title: t('students.resetBy'), cell: ({ resetBy }) => resetBy },
    { id: 'was', title: t('students.was'), cell: ({ isCompleted, watchPercentage }) => (isCompleted ? t('students.completed') : percent(watchPercentage)) },
    { id: 'time', title: t('students.watchTime'), numeric: true, cell: ({ totalWatchTime }) => duration(totalWatchTime, t) },
  ];
  return (
    <div className="panel form" data-testid="reset-history">
      <div className="bar-of-tools">
        <h3>{t('students.historyOf', { chapter: row.title ?? row.chapterId })}</h3>
        <button type="button" className="button button--small" onClick={onClose}>
          {t('common.close')}
        </button>
      </div>
      {error && <p className="field__error">{t('error.serverText')}</p>}
      {!data && !error && <Skeleton height="3rem" />}
      {data && <DataTable caption={t('students.historyOf', { chapter: row.title ?? row.chapterId })} columns={columns} rows={data.history} rowKey={({ resetAt }) => resetAt} empty={<p className="field__hint">{t('students.noHistory')}</p>} />}
    </div>
  );
}
