import { useState } from 'react';
import type { Client } from '../api/client';
import { asApiError, type ApiError } from '../api/errors';
import type { VideoState, VideoStatus } from '../api/types';
import { useTranslate } from '../i18n';
import { filmFailure, requestFailure } from '../i18n/failures';
import { clock, duration, percent } from '../i18n/format';
import { Bar } from '../ui/pieces';
import { Icon } from '../ui/Icon';
import { followAgain, useStills } from './useVideoStatus';

export const stateNames: Record<VideoState, string> = {
  uploading: 'film.uploading',
  processing: 'film.processing',
  playable: 'film.playable',
  ready: 'film.ready',
  failed: 'film.failed',
};

const tones: Record<VideoState, string> = { uploading: 'brass', processing: 'brass', playable: 'accent', ready: 'accent', failed: 'danger' };

export function StateChip({ state }: { state: VideoState }) {
  const t = useTranslate();
  return (
    <span className={`chip chip--${tones[state]}`} data-testid="film-state" data-state={state}>
      {t(stateNames[state])}
    </span>
  );
}

/** What the transcoder is doing with a film, for a person who waits for it. With a `client` its pictures come, too. */
export function ProcessingStatus({ status, client }: { status: VideoStatus; client?: Client }) {
  const t = useTranslate();
  const { replacing } = status;
  const busy = status.status === 'processing' || status.status === 'uploading' || status.status === 'playable';
  return (
    <div className="processing">
      {busy && <Making value={status.percent} text={t(whatIsDone(status))} eta={status.eta} />}
      {busy && status.renditions.length > 0 && (
        <ul className="processing__renditions">
          {status.renditions.map(({ name, percent: done }) => (
            <li key={name} className={`chip ${done >= 100 ? 'chip--accent' : ''}`}>
              {done >= 100 && <Icon name="check" />}
              {name} {done >= 100 ? '' : percent(done)}
            </li>
          ))}
        </ul>
      )}
      <Stills status={status} client={client} />
      {status.status === 'failed' && <Failure message={filmFailure(status.error, t)} code={status.error?.code} />}
      {status.status === 'failed' && client && <Retry status={status} client={client} />}
      {replacing && replacing.status !== 'failed' && replacing.status !== 'ready' && (
        <Making value={replacing.percent} text={t('film.replacing')} eta={replacing.eta} />
      )}
      {replacing?.status === 'failed' && (
        <Failure message={`${t('film.replacingFailed')} ${filmFailure(replacing.error, t)}`} code={replacing.error?.code} />
      )}
    </div>
  );
}

const STILLS_SHOWN = 8;

/** Pictures of the film, a few of them, as soon as they are made. */
function Stills({ status, client }: { status: VideoStatus; client?: Client }) {
  const t = useTranslate();
  const stills = useStills(client, status);
  if (stills.length === 0) return null;
  const step = Math.max(1, stills.length / STILLS_SHOWN);
  const shown = Array.from({ length: Math.min(STILLS_SHOWN, stills.length) }, (_, i) => stills[Math.floor(i * step)]).filter((still) => still !== undefined);
  return (
    <ul className="stills" aria-label={t('upload.stills')} data-testid="stills">
      {shown.map(({ time, url, width, height }) => (
        <li key={time}>
          <img src={client ? client.url(url) : url} width={width} height={height} alt={t('upload.stillAt', { time: clock(time) })} />
        </li>
      ))}
    </ul>
  );
}

/** What the machine is to blame for; a film that is at fault itself fails again. */
const machineFaults = new Set(
  'encoder_failed stalled out_of_memory cpu_limit file_limit disk_budget disk_full codec_mismatch storage_unavailable processing_failed cancelled'.split(' '),
);

function Retry({ status: { error, jobId, videoId }, client }: { status: VideoStatus; client: Client }) {
  const t = useTranslate();
  const [refused, setRefused] = useState<ApiError | null>(null);
  if (!jobId || !machineFaults.has(error?.code ?? '')) return null;
  const retry = (): void => {
    client.retryJob(jobId).then(
      () => followAgain(videoId),
      (caught: unknown) => setRefused(asApiError(caught)),
    );
  };
  return (
    <>
      <button type="button" className="button button--small processing__retry" data-testid="retry-processing" onClick={retry}>
        <Icon name="replay" />
        {t('upload.processAgain')}
      </button>
      {refused && <Failure message={requestFailure(refused, t)} code={refused.code} />}
    </>
  );
}

function whatIsDone({ stage, status }: VideoStatus): string {
  if (stage === 'paused') return 'film.paused';
  return status === 'playable' ? 'film.makingMore' : 'film.making';
}

/** `eta` is in seconds; of the last few nothing is said. */
function Making({ value, text, eta }: { value: number; text: string; eta: number | null }) {
  const t = useTranslate();
  return (
    <div className="processing__making">
      <p className="processing__line">
        <span>
          {/* What is going on is read out when it changes; how far it is may be asked for */}
          <span aria-live="polite">{text}</span>
          {eta !== null && eta > 5 && <small className="processing__left"> · {t('film.timeLeft', { time: duration(eta, t) })}</small>}
        </span>
        <strong data-testid="progress-percent">{percent(value)}</strong>
      </p>
      <Bar value={value} label={text} />
    </div>
  );
}

export function Failure({ message, code }: { message: string; code?: string }) {
  const t = useTranslate();
  return (
    <p className="failure" data-testid="failure-reason">
      <Icon name="alert" />
      <span>
        {message}
        {code && <small> {t('common.code', { code })}</small>}
      </span>
    </p>
  );
}
