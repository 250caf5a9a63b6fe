import type { VideoState, VideoStatus } from '../api/types';
import { useTranslate } from '../i18n';
import { filmFailure } from '../i18n/failures';
import { duration, percent } from '../i18n/format';
import { Bar } from '../ui/pieces';
import { Icon } from '../ui/Icon';

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

/** What the transcoder is doing with a film, for a person who waits for it. */
export function ProcessingStatus({ status }: { status: VideoStatus }) {
  const t = useTranslate();
  const { replacing } = status;
  const busy = status.status === 'processing' || status.status === 'uploading' || status.status === 'playable';
  return (
    <div className="processing" aria-live="polite">
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
      {status.status === 'failed' && <Failure message={filmFailure(status.error, t)} code={status.error?.code} />}
      {replacing && replacing.status !== 'failed' && replacing.status !== 'ready' && (
        <Making value={replacing.percent} text={t('film.replacing')} eta={replacing.eta} />
      )}
      {replacing?.status === 'failed' && (
        <Failure message={`${t('film.replacingFailed')} ${filmFailure(replacing.error, t)}`} code={replacing.error?.code} />
      )}
    </div>
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
          {text}
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
