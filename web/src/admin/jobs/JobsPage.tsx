import { useMemo } from 'react';
import { pathOf } from '../../api/client';
import type * as Schema from '../../api/schema';
import type { VideoStatus } from '../../api/types';
import { client } from '../../app/auth';
import { Link, paths, useQuery } from '../../app/router';
import { useData } from '../../app/useData';
import { useTranslate, type Translate } from '../../i18n';
import { filmFailure } from '../../i18n/failures';
import { count, dateTime, duration, percent } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { CsvButton } from '../../ui/CsvButton';
import { DataTable, tableCsv, type Column } from '../../ui/DataTable';
import { Bar, Notice } from '../../ui/pieces';
import { useAction, type Action } from '../shared/hooks';
import { AdminPage, AskButton, Outcome, Section } from '../shared/parts';
import { JobDetail } from './JobDetail';
import { Workers } from './Workers';

const LIVE_MS = 3000;
const MOST = 200;
export const jobStates: Record<Schema.JobState, { label: string; chip: string }> = {
  waiting: { label: 'jobs.waiting', chip: '' },
  active: { label: 'jobs.active', chip: 'chip--brass' },
  delayed: { label: 'jobs.delayed', chip: 'chip--brass' },
  paused: { label: 'jobs.paused', chip: '' },
  completed: { label: 'jobs.completed', chip: 'chip--accent' },
  failed: { label: 'jobs.failed', chip: 'chip--danger' },
};

interface Row extends Schema.JobAnswer {
  film: Pick<VideoStatus, 'originalName' | 'chapterId'> | null;
}

interface Listed {
  jobs: Row[];
  counts: Schema.JobList['counts'];
}

/** The jobs, each with the name of its film; of a film that was deleted the id is all that is left. */
async function load(state: string, signal: AbortSignal): Promise<Listed> {
  const { jobs, counts } = await client.call<Schema.JobList>(pathOf('/api/admin/jobs', { state, limit: MOST }), { signal });
  const videoIds = [...new Set(jobs.map(({ videoId }) => videoId))];
  const films = new Map<string, VideoStatus>();
  if (videoIds.length > 0) {
    const { videos } = await client.call<{ videos: VideoStatus[] }>('/api/videos/batch-status', { method: 'POST', body: { videoIds }, signal });
    for (const video of videos) films.set(video.videoId, video);
  }
  return { jobs: jobs.map((job) => ({ ...job, film: films.get(job.videoId) ?? null })), counts };
}

export default function JobsPage() {
  const t = useTranslate();
  const [query, change] = useQuery();
  const state = query.get('state') ?? '';
  const open = query.get('job');
  const { data, error, reload } = useData(`jobs ${state}`, (signal) => load(state, signal), () => LIVE_MS);
  const action = useAction();
  const { run } = action;
  const columns = useMemo(() => columnsOf(t, run, reload, (job) => change({ job })), [t, run, reload, change]);
  return (
    <AdminPage title={t('jobs.title')} lead={t('jobs.lead')} testId="jobs-page">
      <Workers />
      <Section title={t('jobs.list')} actions={data && <CsvButton name="jobs" make={() => tableCsv(columns, data.jobs)} />}>
        <div className="chips" role="group" aria-label={t('jobs.filter')}>
          {['', ...Object.keys(jobStates)].map((name) => (
            <button key={name} type="button" className="button button--small" aria-pressed={state === name} data-testid={`state-${name || 'all'}`} onClick={() => change({ state: name })}>
              {name === '' ? t('jobs.all') : t(jobStates[name as Schema.JobState].label)}
              {name !== '' && data && <span className="chip">{count(data.counts[name as Schema.JobState] ?? 0)}</span>}
            </button>
          ))}
        </div>
        <Outcome action={action} />
        {error && !data ? (
          <Problem error={error} onRetry={reload} />
        ) : (
          <DataTable
            caption={t('jobs.list')} columns={columns} rows={data?.jobs ?? null} rowKey={({ id }) => id} testId="jobs"
            empty={<Notice icon="jobs" title={t('jobs.emptyTitle')} text={t('jobs.emptyText')} />}
          />
        )}
        {data && data.jobs.length >= MOST && <p className="field__hint">{t('jobs.newest', { count: MOST })}</p>}
      </Section>
      {open && <JobDetail key={open} jobId={open} onClose={() => change({ job: null })} />}
    </AdminPage>
  );
}

function columnsOf(t: Translate, run: Action['run'], reload: () => void, show: (job: string) => void): Column<Row>[] {
  const ask = (job: Row, what: string, method = 'POST', body?: unknown): void => void run(() => client.call(`/api/admin/jobs/${job.id}/${what}`, { method, body })).then(reload);
  return [
    {
      id: 'film', title: t('jobs.film'), heading: true, csv: ({ film, videoId }) => film?.originalName ?? videoId,
      cell: ({ film, videoId }) => (
        <>
          {film ? <Link to={paths.adminVideo(videoId)} className="text-link">{film.originalName ?? videoId}</Link> : t('jobs.deleted')}
          <small className="field__hint">{film?.chapterId ?? videoId}</small>
        </>
      ),
    },
    {
      id: 'state', title: t('jobs.state'), csv: ({ state }) => state,
      cell: (job) => (
        <span data-testid="job-state" data-state={job.state}>
          <span className={`chip ${jobStates[job.state].chip}`}>{t(jobStates[job.state].label)}</span>
          {job.state === 'failed' && <small className="field__hint">{filmFailure({ code: job.errorCode ?? undefined, message: job.errorMessage ?? undefined }, t)}</small>}
        </span>
      ),
    },
    {
      id: 'percent', title: t('jobs.progress'), csv: ({ percent: done }) => done,
      cell: (job) => (
        <span className="job-progress">
          <Bar value={job.percent} label={t('jobs.progress')} tone={job.state === 'completed' ? 'done' : undefined} />
          <small>{percent(job.percent)}{job.eta !== null && ` · ${t('jobs.eta', { time: duration(job.eta, t) })}`}{job.speed !== null && ` · ${count(job.speed, 1)}×`}</small>
        </span>
      ),
    },
    { id: 'chunks', title: t('jobs.chunks'), numeric: true, csv: ({ chunksDone }) => chunksDone, cell: (job) => `${job.chunksDone} / ${job.chunks}` },
    {
      id: 'priority', title: t('jobs.priority'), csv: ({ priority }) => priority,
      cell: (job) => (
        <span className="row-actions">
          {isOver(job) ? count(job.priority) : (
            <>
              <button type="button" className="button button--small" aria-label={t('jobs.sooner')} title={t('jobs.sooner')} data-testid="sooner" onClick={() => ask(job, 'priority', 'PUT', { priority: job.priority - 1 })}>−</button>
              <span data-testid="priority">{count(job.priority)}</span>
              <button type="button" className="button button--small" aria-label={t('jobs.later')} title={t('jobs.later')} onClick={() => ask(job, 'priority', 'PUT', { priority: job.priority + 1 })}>+</button>
            </>
          )}
        </span>
      ),
    },
    { id: 'created', title: t('jobs.created'), csv: ({ createdAt }) => createdAt, cell: ({ createdAt }) => dateTime(createdAt) },
    {
      id: 'actions', title: t('enrolments.actions'), titleHidden: true,
      cell: (job) => (
        <span className="row-actions">
          <button type="button" className="button button--small" data-testid="job-open" onClick={() => show(job.id)}>{t('jobs.details')}</button>
          {job.state === 'failed' && <button type="button" className="button button--small button--primary" data-testid="job-retry" onClick={() => ask(job, 'retry', 'POST', {})}>{t('jobs.retry')}</button>}
          {!isOver(job) && job.state !== 'paused' && <button type="button" className="button button--small" data-testid="job-pause" onClick={() => ask(job, 'pause')}>{t('jobs.pause')}</button>}
          {job.state === 'paused' && <button type="button" className="button button--small" data-testid="job-resume" onClick={() => ask(job, 'resume')}>{t('jobs.resume')}</button>}
          {!isOver(job) && <AskButton label={t('jobs.cancel')} title={t('jobs.cancelTitle')} text={t('jobs.cancelText')} confirm={t('jobs.cancelYes')} testId="job-cancel" onConfirm={() => ask(job, 'cancel')} />}
        </span>
      ),
    },
  ];
}

const isOver = ({ state }: Schema.JobAnswer): boolean => state === 'completed' || state === 'failed';
