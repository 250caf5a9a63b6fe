import { useMemo, useState } from 'react';
import type * as Schema from '../../api/schema';
import { useAuth } from '../../app/auth';
import { useData } from '../../app/useData';
import { useTranslate, type Translate } from '../../i18n';
import { filmFailure, requestFailure } from '../../i18n/failures';
import { count, dateTime, dateTimeExact, duration, percent } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { DataTable, type Column } from '../../ui/DataTable';
import { Icon } from '../../ui/Icon';
import type { IconName } from '../../ui/icons';
import { Bar, ConfirmDialog, Loading, Notice, Skeleton } from '../../ui/pieces';
import { Failure, StateChip } from '../../upload/ProcessingStatus';
import { useAction } from '../useAction';
import { api, type Details } from './api';

const EVERY_MS = 3_000;
type JobState = Schema.JobDetail['state'];
type Step = 'pause' | 'resume' | 'cancel' | 'retry';

const states: Record<JobState, string> = {
  waiting: 'videoPage.jobWaiting',
  active: 'videoPage.jobActive',
  delayed: 'videoPage.jobDelayed',
  paused: 'videoPage.jobPaused',
  completed: 'videoPage.jobCompleted',
  failed: 'videoPage.jobFailed',
};
const steps: Record<JobState, Step[]> = {
  waiting: ['pause', 'cancel'],
  active: ['pause', 'cancel'],
  delayed: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  completed: ['retry'],
  failed: ['retry'],
};
const buttons: Record<Step, { label: string; icon: IconName }> = {
  pause: { label: 'videoPage.pause', icon: 'pause' },
  resume: { label: 'videoPage.resume', icon: 'play' },
  cancel: { label: 'videoPage.cancel', icon: 'cross' },
  retry: { label: 'videoPage.makeAgain', icon: 'replay' },
};
/** How a job's history calls what happened (docs/api.md); what is not here is shown as it is written there. */
const events: Record<string, string> = {
  entered: 'videoPage.eventEntered',
  planned: 'videoPage.eventPlanned',
  started: 'videoPage.eventStarted',
  finished: 'videoPage.eventFinished',
  done: 'videoPage.eventDone',
  failed: 'videoPage.eventFailed',
  paused: 'videoPage.eventPaused',
  resumed: 'videoPage.eventResumed',
  'to be tried again': 'videoPage.eventTryAgain',
  'lease expired': 'videoPage.eventLost',
  'begun anew': 'videoPage.eventAnew',
  'to be made again': 'videoPage.eventMakeAgain',
  'asked for by a viewer': 'videoPage.eventWished',
};

/** How the film was, or is being, made: of the newest version first, for admins step by step. */
export function Processing({ film, changed }: { film: Details; changed: () => void }) {
  const t = useTranslate();
  const { me } = useAuth();
  const [chosen, setChosen] = useState<string | null>(null);
  const version = film.versions.find(({ versionId }) => versionId === chosen) ?? film.versions[0];
  if (!version) return null;
  return (
    <>
      {film.versions.length > 1 && (
        <div className="panel video__box">
          <label className="field">
            <span className="field__label">{t('videoPage.version')}</span>
            <select className="field__input" value={version.versionId} onChange={(event) => setChosen(event.target.value)}>
              {film.versions.map((one) => (
                <option key={one.versionId} value={one.versionId}>
                  {one.number}. {one.originalName} · {dateTime(one.createdAt)}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
      {version.jobId && <Job key={version.jobId} id={version.jobId} changed={changed} />}
      {!version.jobId && (
        <div className="panel video__box">
          <p>
            <StateChip state={version.status} />
          </p>
          <p className="video__hint">{t(me?.role === 'admin' ? 'videoPage.noJob' : 'videoPage.jobForAdmins')}</p>
        </div>
      )}
    </>
  );
}

function Job({ id, changed }: { id: string; changed: () => void }) {
  const t = useTranslate();
  const { data: job, error, reload } = useData(`job ${id}`, (signal) => api.job(id, signal), ({ state }) => (state === 'completed' || state === 'failed' ? null : EVERY_MS));
  const columns = useMemo(() => columnsOf(t), [t]);
  if (error?.status === 404) return <Notice icon="jobs" title={t('videoPage.noJob')} />;
  if (error && !job) return <Problem error={error} onRetry={reload} />;
  if (!job) {
    return (
      <Loading>
        <Skeleton height="12rem" />
      </Loading>
    );
  }
  return (
    <>
      <JobHead
        job={job}
        changed={() => {
          reload();
          changed();
        }}
      />
      <DataTable caption={t('videoPage.timeline')} captionShown columns={columns} rows={job.timeline} rowKey={(line) => `${line.at} ${line.event} ${line.chunk}`} testId="job-timeline" />
    </>
  );
}

function JobHead({ job, changed }: { job: Schema.JobDetail; changed: () => void }) {
  const t = useTranslate();
  const [asking, setAsking] = useState<Step | null>(null);
  const { run, busy, refused } = useAction();
  const act = async (step: Step): Promise<void> => {
    setAsking(null);
    if (await run(() => api.changeJob(job.id, step))) changed();
  };
  const inHand = job.state === 'active';
  return (
    <div className="panel video__box" data-testid="job" data-state={job.state}>
      <p className="summary__facts">
        <strong>{t(states[job.state])}</strong>
        <span>{t('videoPage.chunks', { done: count(job.chunksDone), total: count(job.chunks) })}</span>
        <span>{t('videoPage.encodeTime', { time: duration(job.encodeSeconds, t) })}</span>
        {inHand && job.speed !== null && <span>{t('videoPage.speed', { value: count(job.speed, 1) })}</span>}
        {inHand && job.eta !== null && <span>{t('film.timeLeft', { time: duration(job.eta, t) })}</span>}
        <span>{percent(job.percent)}</span>
      </p>
      <Bar value={job.percent} label={t('videoPage.doneShare')} tone={job.state === 'completed' ? 'done' : undefined} />
      {job.state === 'failed' && <Failure message={filmFailure({ code: job.errorCode ?? '', message: job.errorMessage ?? '' }, t)} code={job.errorCode ?? undefined} />}
      {job.errorDetail && <pre className="video__detail">{job.errorDetail}</pre>}
      <div className="video__actions">
        {steps[job.state].map((step) => (
          <button
            key={step}
            type="button"
            className={`button button--small ${step === 'cancel' ? 'button--danger' : ''}`}
            disabled={busy}
            data-testid={`job-${step}`}
            onClick={() => (step === 'pause' || step === 'resume' ? void act(step) : setAsking(step))}
          >
            <Icon name={buttons[step].icon} />
            {t(buttons[step].label)}
          </button>
        ))}
      </div>
      {refused && <Failure message={requestFailure(refused, t)} code={refused.code} />}
      {asking && (
        <ConfirmDialog
          title={t(asking === 'cancel' ? 'videoPage.cancelTitle' : 'videoPage.makeAgainTitle')}
          text={t(asking === 'cancel' ? 'videoPage.cancelText' : 'videoPage.makeAgainText')}
          confirm={t(buttons[asking].label)}
          onConfirm={() => void act(asking)}
          onCancel={() => setAsking(null)}
        />
      )}
    </div>
  );
}

function columnsOf(t: Translate): Column<Schema.EventAnswer>[] {
  const named = (event: string): string => (Object.hasOwn(events, event) ? t(events[event]!) : event);
  return [
    { id: 'at', title: t('videoPage.when'), cell: ({ at }) => dateTimeExact(at) },
    { id: 'event', title: t('videoPage.what'), heading: true, cell: ({ event }) => named(event) },
    { id: 'chunk', title: t('videoPage.piece'), cell: ({ chunk }) => chunk ?? '' },
    { id: 'why', title: t('videoPage.why'), cell: ({ message, code }) => [message, code && `(${code})`].filter(Boolean).join(' ') },
    { id: 'attempt', title: t('videoPage.attempt'), numeric: true, cell: ({ attempt }) => (attempt === null ? '' : count(attempt)) },
    { id: 'worker', title: t('videoPage.who'), cell: ({ worker }) => <span className="video__worker">{worker ?? ''}</span> },
  ];
}
