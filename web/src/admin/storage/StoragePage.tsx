import { useState } from 'react';
import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { Link, paths } from '../../app/router';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { bytes, count, dateTime, day } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { Chart } from '../../ui/Chart';
import { CsvButton } from '../../ui/CsvButton';
import { DataTable, tableCsv, type Column } from '../../ui/DataTable';
import { Bar, Loading, Notice, Skeleton } from '../../ui/pieces';
import { useAction } from '../shared/hooks';
import { AdminPage, AskButton, Figures, Outcome, Section } from '../shared/parts';
import { Keys } from './Keys';

const kinds: Record<keyof Schema.StorageAnswer['byKind'], string> = {
  sources: 'storage.sources',
  cold: 'storage.cold',
  segments: 'storage.segments',
  images: 'storage.images',
  downloads: 'storage.downloads',
  uploads: 'storage.uploads',
  other: 'storage.other',
};

export default function StoragePage() {
  const t = useTranslate();
  const [waiting, setWaiting] = useState<string | null>(null);
  const { data, error, reload } = useData('storage', (signal) => client.call<Schema.StorageAnswer>('/api/admin/storage', { signal }), (report) =>
    report.running || (waiting !== null && report.reportId !== waiting) ? 1500 : null,
  );
  const pending = data !== null && (data.running || (waiting !== null && data.reportId !== waiting));
  return (
    <AdminPage title={t('storage.title')} lead={t('storage.lead')} testId="storage-page">
      {error && !data && <Problem error={error} onRetry={reload} />}
      {!data && !error && (
        <Loading>
          <Skeleton height="6rem" />
          <Skeleton height="18rem" />
        </Loading>
      )}
      {data && <Usage report={data} />}
      {data && <Reconcile report={data} pending={pending} onBegun={(id) => { setWaiting(id); reload(); }} />}
      {data && data.missing.length > 0 && <MissingList report={data} />}
      <Keys />
    </AdminPage>
  );
}

function Usage({ report }: { report: Schema.StorageAnswer }) {
  const t = useTranslate();
  if (report.usedBytes === null || report.asOf === null) return <Notice icon="disk" title={t('storage.firstTitle')} text={t('storage.firstText')} />;
  const kindsHere = (Object.keys(kinds) as (keyof typeof kinds)[]).filter((kind) => (report.byKind[kind] ?? 0) > 0);
  const columns: Column<Schema.CourseBytes>[] = [
    { id: 'course', title: t('adminCommon.course'), heading: true, csv: ({ courseId }) => courseId, cell: ({ courseId }) => (courseId ? <Link to={`${paths.adminCourse(courseId)}?tab=access`} className="text-link">{courseId}</Link> : t('storage.noCourse')) },
    { id: 'bytes', title: t('storage.size'), numeric: true, csv: ({ bytes: size }) => size, cell: ({ bytes: size }) => bytes(size, t) },
    { id: 'part', title: t('storage.part'), cell: ({ bytes: size }) => <Bar value={report.usedBytes ? (100 * size) / report.usedBytes : 0} label={t('storage.part')} tone="accent" /> },
    { id: 'quota', title: t('storage.quota'), cell: ({ courseId }) => courseId && <QuotaOf courseId={courseId} /> },
  ];
  return (
    <>
      <Figures
        items={[
          { label: t('storage.used'), value: bytes(report.usedBytes, t), hint: report.quotaBytes ? t('storage.ofQuota', { of: bytes(report.quotaBytes, t) }) : t('storage.noQuota'), tone: report.warning === '95' ? 'danger' : report.warning === '80' ? 'brass' : undefined },
          { label: t('storage.orphans'), value: count(report.orphans?.objects ?? 0), hint: bytes(report.orphans?.bytes ?? 0, t) },
          { label: t('storage.missing'), value: count(report.missingObjects), tone: report.missingObjects > 0 ? 'danger' : undefined },
          { label: t('storage.asOf'), value: dateTime(report.asOf) },
        ]}
      />
      {report.warning && <p className="panel form" role="status">{t('storage.warning', { percent: report.warning })}</p>}
      <div className="charts">
        <Chart kind="bar" title={t('storage.byKind')} axis={t('storage.kind')} csvName="storage-kinds" labels={kindsHere.map((kind) => t(kinds[kind]))} series={[{ label: t('storage.size'), values: kindsHere.map((kind) => report.byKind[kind] ?? 0) }]} format={(value) => bytes(value, t)} />
        <Chart kind="line" title={t('storage.growth')} axis={t('adminCommon.day')} csvName="storage-growth" labels={report.growth.map(({ date }) => day(date))} series={[{ label: t('storage.size'), values: report.growth.map(({ bytes: size }) => size) }]} format={(value) => bytes(value, t)} />
      </div>
      <Section title={t('storage.byCourse')} actions={<CsvButton name="storage-by-course" make={() => tableCsv(columns, report.byCourse)} />}>
        <DataTable caption={t('storage.byCourse')} columns={columns} rows={report.byCourse} rowKey={({ courseId }) => courseId ?? ''} testId="storage-courses" empty={<p className="field__hint">{t('storage.nothing')}</p>} />
      </Section>
    </>
  );
}

function QuotaOf({ courseId }: { courseId: string }) {
  const t = useTranslate();
  const { data } = useData(`quota ${courseId}`, (signal) => client.call<Schema.QuotaAnswer>(`/api/admin/courses/${encodeURIComponent(courseId)}/quota`, { signal }));
  if (!data) return <span aria-hidden="true">–</span>;
  return <>{data.effectiveBytes ? bytes(data.effectiveBytes, t) : t('storage.unlimited')}</>;
}

/** Looking comes first: what nobody needs is removed only after a report has named it. */
function Reconcile({ report, pending, onBegun }: { report: Schema.StorageAnswer; pending: boolean; onBegun: (reportId: string) => void }) {
  const t = useTranslate();
  const action = useAction();
  const begin = (dryRun: boolean): void =>
    void action.run(async () => {
      const { reportId } = await client.call<{ reportId: string }>('/api/admin/storage/reconcile', { method: 'POST', body: { dryRun } });
      onBegun(reportId);
    });
  const orphans = report.orphans?.objects ?? 0;
  return (
    <Section title={t('storage.reconcile')} lead={t('storage.reconcileLead')} testId="reconcile">
      <div className="panel form">
        <p role="status" data-testid="reconcile-state">
          {pending
            ? t('storage.running')
            : report.dryRun === false
              ? t('storage.removed', { count: report.orphans?.removed ?? 0 })
              : t('storage.found', { count: orphans, size: bytes(report.orphans?.bytes ?? 0, t) })}
        </p>
        {(report.orphans?.examples ?? []).length > 0 && (
          <ul className="plain-list">
            {report.orphans?.examples?.slice(0, 20).map((name) => (
              <li key={name}>
                <code className="long-words">{name}</code>
              </li>
            ))}
          </ul>
        )}
        <div className="bar-of-tools__end bar-of-tools__end--start">
          <button type="button" className="button" disabled={pending || action.busy} data-testid="dry-run" onClick={() => begin(true)}>
            {t('storage.look')}
          </button>
          <AskButton
            label={t('storage.remove')} title={t('storage.removeTitle')} text={t('storage.removeText', { count: orphans })} confirm={t('storage.remove')} testId="remove-orphans"
            disabled={pending || action.busy || report.dryRun !== true || orphans === 0} onConfirm={() => begin(false)}
          />
        </div>
        <Outcome action={action} />
      </div>
    </Section>
  );
}

function MissingList({ report }: { report: Schema.StorageAnswer }) {
  const t = useTranslate();
  const columns: Column<Schema.Missing>[] = [
    { id: 'video', title: t('storage.video'), heading: true, csv: ({ videoId }) => videoId, cell: ({ videoId }) => <Link to={paths.adminVideo(videoId)} className="text-link">{videoId}</Link> },
    { id: 'course', title: t('adminCommon.course'), csv: ({ courseId }) => courseId, cell: ({ courseId }) => courseId },
    { id: 'what', title: t('storage.what'), csv: ({ what }) => what, cell: ({ what, rendition }) => `${t(what === 'source' ? 'storage.sources' : kinds[what])}${rendition ? ` ${rendition}` : ''}` },
    { id: 'objects', title: t('storage.objects'), numeric: true, csv: ({ objects }) => objects, cell: ({ objects }) => count(objects) },
  ];
  return (
    <Section title={t('storage.missing')} lead={t('storage.missingLead')} actions={<CsvButton name="storage-missing" make={() => tableCsv(columns, report.missing)} />}>
      <DataTable caption={t('storage.missing')} columns={columns} rows={report.missing} rowKey={(row) => `${row.versionId} ${row.what} ${row.rendition ?? ''}`} />
    </Section>
  );
}
