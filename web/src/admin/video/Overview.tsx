import { useMemo } from 'react';
import { useTranslate, type Translate } from '../../i18n';
import { bytes, clock, count, dateTime, percent } from '../../i18n/format';
import { requestFailure } from '../../i18n/failures';
import type { VideoStatus } from '../../api/types';
import { DataTable, type Column } from '../../ui/DataTable';
import { Failure } from '../../upload/ProcessingStatus';
import { useAction } from '../useAction';
import { api, type Details } from './api';

type Rendition = Details['renditions'][number];

/** What a film is: its file, what was made of it, and who may take it home. */
export function Overview({ film, status, changed }: { film: Details; status: VideoStatus | null; changed: () => void }) {
  const t = useTranslate();
  const done = useMemo(() => new Map(status?.renditions.map(({ name, percent: made }) => [name, made])), [status]);
  const columns = useMemo(() => columnsOf(t, done), [t, done]);
  return (
    <>
      <Facts film={film} />
      {film.renditions.length > 0 && <DataTable caption={t('video.renditions')} captionShown columns={columns} rows={film.renditions} rowKey={({ name }) => name} testId="renditions" />}
      <Policy film={film} changed={changed} />
    </>
  );
}

function Facts({ film }: { film: Details }) {
  const t = useTranslate();
  const shown = film.versions.find(({ isCurrent }) => isCurrent) ?? film.versions[0];
  const facts: [string, string | null | undefined][] = [
    ['video.length', film.duration === null ? null : clock(film.duration)],
    ['video.picture', film.width === null ? null : `${film.width}×${film.height}${film.fps ? ` · ${t('film.fps', { value: Math.round(film.fps * 100) / 100 })}` : ''}`],
    ['video.source', film.sourceBytes ? bytes(film.sourceBytes, t) : t('video.sourceGone')],
    ['video.made', film.renditionBytes ? bytes(film.renditionBytes, t) : null],
    ['video.viewsLately', count(film.views)],
    ['video.uploadedAt', shown && dateTime(shown.createdAt)],
    ['video.container', shown?.container],
    ['video.checksum', shown?.sourceSha256],
  ];
  return (
    <dl className="facts panel" data-testid="video-facts">
      {facts.map(([label, value]) =>
        value ? (
          <div key={label} className={label === 'video.checksum' ? 'facts__wide' : undefined}>
            <dt>{t(label)}</dt>
            <dd>{value}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}

function columnsOf(t: Translate, done: ReadonlyMap<string, number>): Column<Rendition>[] {
  const rate = (bits: number): string => t('video.rate', { value: count(bits / 1_000_000, 2) });
  return [
    { id: 'name', title: t('video.quality'), heading: true, cell: ({ name }) => name },
    { id: 'percent', title: t('video.doneShare'), numeric: true, cell: ({ name }) => percent(done.get(name) ?? 100) },
    { id: 'picture', title: t('video.picture'), numeric: true, cell: ({ width, height }) => (width === null ? '–' : `${width}×${height}`) },
    { id: 'average', title: t('video.averageRate'), numeric: true, cell: ({ averageBandwidth }) => (averageBandwidth === null ? '–' : rate(averageBandwidth)) },
    { id: 'peak', title: t('video.peakRate'), numeric: true, cell: ({ bandwidth }) => rate(bandwidth) },
    { id: 'size', title: t('video.size'), numeric: true, cell: (one) => (one.bytes === null ? '–' : bytes(one.bytes, t)) },
    { id: 'codecs', title: t('video.codecs'), cell: ({ codecs }) => <code>{codecs}</code> },
  ];
}

const policies: Record<Details['downloadPolicy'], string> = { inherit: 'video.policyInherit', off: 'video.policyOff', enrolled: 'video.policyEnrolled' };

function Policy({ film, changed }: { film: Details; changed: () => void }) {
  const t = useTranslate();
  const { run, busy, refused } = useAction();
  const set = (policy: string): void => void run(() => api.setPolicy(film.videoId, policy as Details['downloadPolicy'])).then(changed);
  return (
    <div className="panel video__box">
      <label className="field">
        <span className="field__label">{t('video.policy')}</span>
        <select className="field__input" value={film.downloadPolicy} disabled={busy} data-testid="download-policy" onChange={(event) => set(event.target.value)}>
          {Object.entries(policies).map(([name, label]) => (
            <option key={name} value={name}>
              {t(label)}
            </option>
          ))}
        </select>
      </label>
      {refused && <Failure message={requestFailure(refused, t)} code={refused.code} />}
    </div>
  );
}
