import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { clock, count, dateTimeExact } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { CsvButton } from '../../ui/CsvButton';
import { DataTable, tableCsv, type Column } from '../../ui/DataTable';
import { Skeleton } from '../../ui/pieces';
import { useAction } from '../shared/hooks';
import { Outcome, Section } from '../shared/parts';

const ended = new Set<Schema.JobState>(['completed', 'failed']);

/** A job's pieces, each of which may be tried again alone, and what happened to it line by line. */
export function JobDetail({ jobId, onClose }: { jobId: string; onClose: () => void }) {
  const t = useTranslate();
  const path = `/api/admin/jobs/${encodeURIComponent(jobId)}`;
  const { data, error, reload } = useData(`job ${jobId}`, (signal) => client.call<Schema.JobDetail>(path, { signal }), (job) => (ended.has(job.state) ? null : 3000));
  const action = useAction();
  const retry = (body: Schema.RetryRequest): void => void action.run(() => client.call(`${path}/retry`, { method: 'POST', body }), t('jobs.retried')).then(reload);
  const chunks: Column<Schema.ChunkAnswer>[] = [
    { id: 'chunk', title: t('jobs.chunk'), heading: true, csv: ({ id }) => id, cell: ({ index, kind }) => `${kind} ${index + 1}` },
    { id: 'state', title: t('jobs.state'), csv: ({ state }) => state, cell: ({ state, errorMessage, errorCode }) => <>{state}{errorCode && <small className="field__hint">{errorMessage ?? errorCode}</small>}</> },
    { id: 'of', title: t('jobs.renditions'), csv: ({ renditions }) => renditions.join(' '), cell: ({ renditions }) => renditions.join(', ') || '–' },
    { id: 'length', title: t('jobs.length'), numeric: true, csv: ({ seconds }) => seconds, cell: ({ seconds }) => clock(seconds) },
    { id: 'attempts', title: t('jobs.attempts'), numeric: true, csv: ({ attempts }) => attempts, cell: ({ attempts }) => count(attempts) },
    { id: 'worker', title: t('jobs.worker'), csv: ({ worker }) => worker, cell: ({ worker }) => worker ?? '–' },
    {
      id: 'again', title: t('enrolments.actions'), titleHidden: true,
      cell: ({ id, state }) => (state === 'done' || state === 'failed') && <button type="button" className="button button--small" disabled={action.busy} onClick={() => retry({ chunkId: id })}>{t('jobs.retryChunk')}</button>,
    },
  ];
  const events: Column<Schema.EventAnswer & { place?: number }>[] = [
    { id: 'at', title: t('jobs.at'), heading: true, csv: ({ at }) => at, cell: ({ at }) => dateTimeExact(at) },
    { id: 'event', title: t('jobs.event'), csv: ({ event }) => event, cell: ({ event }) => <code>{event}</code> },
    { id: 'chunk', title: t('jobs.chunk'), csv: ({ chunk }) => chunk, cell: ({ chunk }) => chunk ?? '–' },
    { id: 'worker', title: t('jobs.worker'), csv: ({ worker }) => worker, cell: ({ worker }) => worker ?? '–' },
    { id: 'why', title: t('jobs.why'), csv: ({ message }) => message, cell: ({ message, code }) => message ?? code ?? '–' },
  ];
  return (
    <Section title={t('jobs.detailOf', { id: jobId })} testId="job-detail" actions={<button type="button" className="button button--small" onClick={onClose}>{t('common.close')}</button>}>
      {error && !data && <Problem error={error} onRetry={reload} />}
      {!data && !error && <Skeleton height="12rem" />}
      {data && (
        <>
          {data.errorDetail && <pre className="panel excerpt">{data.errorDetail}</pre>}
          <Outcome action={action} />
          <DataTable caption={t('jobs.chunks')} captionShown columns={chunks} rows={data.chunkList} rowKey={({ id }) => id} />
          <DataTable caption={t('jobs.timeline')} captionShown columns={events} rows={data.timeline.map((event, place) => ({ ...event, place }))} rowKey={({ place }) => String(place)} />
          <CsvButton name={`job-${jobId}`} make={() => tableCsv(events, data.timeline)} />
        </>
      )}
    </Section>
  );
}
