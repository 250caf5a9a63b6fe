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
      {film.renditions.length > 0 && <DataTable caption={t('videoPage.renditions')} captionShown columns={columns} rows={film.renditions} rowKey={({ name }) => name} testId="renditions" />}
      <Policy film={film} changed={changed} />
    </>
  );
}

function Facts({ film }: { film: Details }) {
  const t = useTranslate();
  const shown = film.versions.find(({ isCurrent }) => isCurrent) ?? film.versions[0];
  const facts: [string, string | null | undefined][] = [
    ['videoPage.length', film.duration === null ? null : clock(film.duration)],
    ['videoPage.picture', film.width === null ? null : `${film.width}×${film.height}${film.fps ? ` · ${t('film.fps', { value: Math.round(film.fps * 100) / 100 })}` : ''}`],
    ['videoPage.source', film.sourceBytes ? bytes(film.sourceBytes, t) : t('videoPage.sourceGone')],
    ['videoPage.made', film.renditionBytes ? bytes(film.renditionBytes, t) : null],
    ['videoPage.viewsLately', count(film.views)],
    ['videoPage.uploadedAt', shown && dateTime(shown.createdAt)],
    ['videoPage.container', shown?.container],
    ['videoPage.checksum', shown?.sourceSha256],
  ];
  return (
    <dl className="facts panel" data-testid="video-facts">
      {facts.map(([label, value]) =>
        value ? (
          <div key={label} className={label === 'videoPage.checksum' ? 'facts__wide' : undefined}>
            <dt>{t(label)}</dt>
            <dd>{value}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}

function columnsOf(t: Translate, done: ReadonlyMap<string, number>): Column<Rendition>[] {
  const rate = (bits: number): string => t('videoPage.rate', { value: count(bits / 1_000_000, 2) });
  return [
    { id: 'name', title: t('videoPage.quality'), heading: true, cell: ({ name }) => name },
    { id: 'percent', title: t('videoPage.doneShare'), numeric: true, cell: ({ name }) => percent(done.get(name) ?? 100) },
    { id: 'picture', title: t('videoPage.picture'), numeric: true, cell: ({ width, height }) => (width === null ? '–' : `${width}×${height}`) },
    { id: 'average', title: t('videoPage.averageRate'), numeric: true, cell: ({ averageBandwidth }) => (averageBandwidth === null ? '–' : rate(averageBandwidth)) },
    { id: 'peak', title: t('videoPage.peakRate'), numeric: true, cell: ({ bandwidth }) => rate(bandwidth) },
    { id: 'size', title: t('videoPage.size'), numeric: true, cell: (one) => (one.bytes === null ? '–' : bytes(one.bytes, t)) },
    { id: 'codecs', title: t('videoPage.codecs'), cell: ({ codecs }) => <code>{codecs}</code> },
  ];
}

const policies: Record<Details['downloadPolicy'], string> = { inherit: 'videoPage.policyInherit', off: 'videoPage.policyOff', enrolled: 'videoPage.policyEnrolled' };

function Policy({ film, changed }: { film: Details; changed: () => void }) {
  const t = useTranslate();
  const { run, busy, refused } = useAction();
  const set = (policy: string): void => void run(() => api.setPolicy(film.videoId, policy as Details['downloadPolicy'])).then(changed);
  return (
    <div className="panel video__box">
      <label className="field">
        <span className="field__label">{t('videoPage.policy')}</span>
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
