import { useTranslate } from '../i18n';
import { bytes, duration, percent } from '../i18n/format';
import { Icon } from '../ui/Icon';
import { Bar } from '../ui/pieces';
import { isActive, type UploadItem } from './item';
import { uploads } from './queue';

export interface Total {
  count: number;
  done: number;
  /** 0-100, by bytes. */
  share: number;
  /** Bytes per second, of all together. */
  speed: number;
  secondsLeft: number | null;
}

/** Of all that are under way, and those that have arrived beside them. */
export function totalOf(items: readonly UploadItem[]): Total {
  const counted = items.filter((item) => isActive(item) || item.state === 'paused' || item.state === 'accepted');
  const size = counted.reduce((sum, item) => sum + item.size, 0);
  const sent = counted.reduce((sum, item) => sum + Math.min(item.sent, item.size), 0);
  const speed = counted.reduce((sum, item) => sum + (item.state === 'sending' ? (item.speed ?? 0) : 0), 0);
  return {
    count: counted.length,
    done: counted.filter(({ state }) => state === 'accepted').length,
    share: size > 0 ? (sent / size) * 100 : 0,
    speed,
    secondsLeft: speed > 0 ? (size - sent) / speed : null,
  };
}

/** Several uploads as one: how far, how fast, and one button for all. */
export function UploadOverview({ items }: { items: readonly UploadItem[] }) {
  const t = useTranslate();
  const active = items.filter(isActive);
  const paused = items.filter(({ state }) => state === 'paused');
  if (active.length + paused.length < 2) return null;
  const { count, done, share, speed, secondsLeft } = totalOf(items);
  return (
    <section className="upload-total" data-testid="upload-total" aria-label={t('upload.total')}>
      <p className="upload-row__line">
        <span>{t('upload.totalOf', { done, count })}</span>
        <span className="upload-row__figures">
          {speed > 0 && <span>{t('upload.speed', { size: bytes(speed, t) })}</span>}
          {secondsLeft !== null && <span>{t('upload.left', { time: duration(Math.max(1, secondsLeft), t) })}</span>}
          <strong data-testid="upload-total-percent">{percent(share)}</strong>
        </span>
      </p>
      <Bar value={share} label={t('upload.total')} tone="accent" />
      <div className="upload-total__actions">
        {active.length > 0 && (
          <button type="button" className="button button--small" data-testid="upload-pause-all" onClick={() => active.forEach(({ id }) => uploads.pause(id))}>
            <Icon name="pause" />
            {t('upload.pauseAll')}
          </button>
        )}
        {paused.length > 0 && (
          <button type="button" className="button button--small" data-testid="upload-resume-all" onClick={() => paused.forEach(({ id }) => uploads.resume(id))}>
            <Icon name="play" />
            {t('upload.resumeAll')}
          </button>
        )}
        <button
          type="button"
          className="button button--small button--quiet"
          data-testid="upload-cancel-all"
          onClick={() => [...active, ...paused].forEach(({ id }) => uploads.cancel(id))}
        >
          {t('upload.cancelAll')}
        </button>
      </div>
    </section>
  );
}
