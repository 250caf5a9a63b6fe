import { useCallback, useMemo } from 'react';
import type * as Schema from '../../api/schema';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { bytes, clock, count, duration, share } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import type { Playback } from '../../player/playback';
import { Chart } from '../../ui/Chart';
import { Loading, Notice, Skeleton } from '../../ui/pieces';
import { api, type Details } from './api';
import { goTo, usePosition } from './position';

interface Found {
  retention: Schema.RetentionPage | null;
  experience: Schema.ExperienceFigures | null;
  figures: Schema.VideoFigures | null;
}

/** Who watched what of a film, along its own timeline, and how well it played. */
export function Insight({ film, playback }: { film: Details; playback: Playback | null }) {
  const t = useTranslate();
  const { videoId, courseId, status } = film;
  const watchable = status === 'ready' || status === 'playable';
  const { data, error, reload } = useData<Found>(`insight ${videoId} ${watchable}`, async (signal) => {
    const [retention, experience, figures] = await Promise.all([
      watchable ? api.retention(videoId, signal) : null,
      api.experience(videoId, courseId, signal),
      api.figures(videoId, courseId, signal),
    ]);
    return { retention, experience, figures };
  });
  if (error && !data) return <Problem error={error} onRetry={reload} />;
  if (!data) {
    return (
      <Loading>
        <Skeleton height="18rem" />
      </Loading>
    );
  }
  if (!data.retention || (data.retention.viewers === 0 && data.retention.sessions === 0)) {
    return <Notice icon="chart" title={t('videoPage.nobodyTitle')} text={t('videoPage.nobodyText')} />;
  }
  return (
    <>
      <Retention retention={data.retention} playback={playback} videoId={videoId} />
      <Experience {...data} />
    </>
  );
}

function Retention({ retention, playback, videoId }: { retention: Schema.RetentionPage; playback: Playback | null; videoId: string }) {
  const t = useTranslate();
  const { items, resolution } = retention;
  const position = usePosition(playback, resolution / 8);
  const labels = useMemo(() => items.map((step) => clock(step.from)), [items]);
  const series = useMemo(
    () => [
      { label: t('videoPage.viewers'), values: items.map(({ viewers }) => viewers) },
      { label: t('videoPage.rewinds'), values: items.map(({ rewinds }) => rewinds), tone: 'brass' as const },
    ],
    [items, t],
  );
  const pick = useCallback((index: number) => goTo(playback, items[index]?.from ?? 0), [playback, items]);
  return (
    <>
      <Chart
        kind="line"
        title={t('videoPage.retention')}
        axis={t('videoPage.place')}
        labels={labels}
        series={series}
        onPick={pick}
        marker={position === null ? null : position / resolution}
        csvName={`lectern-retention-${videoId}`}
      >
        <p className="video__hint">{t('videoPage.retentionHint')}</p>
      </Chart>
      <Places title={t('videoPage.rewatched')} steps={retention.rewatched} number={({ rewinds }) => rewinds} playback={playback} />
      <Places title={t('videoPage.abandoned')} steps={retention.abandoned} number={({ left }) => left} playback={playback} />
    </>
  );
}

interface PlacesProps {
  title: string;
  steps: Schema.RetentionStep[];
  number: (step: Schema.RetentionStep) => number;
  playback: Playback | null;
}

function Places({ title, steps, number, playback }: PlacesProps) {
  if (steps.length === 0) return null;
  return (
    <div className="panel video__box">
      <h2>{title}</h2>
      <ul className="video__places">
        {steps.map((step) => (
          <li key={step.from}>
            <button type="button" className="button button--small" onClick={() => goTo(playback, step.from)}>
              {clock(step.from)} <span className="chip">{count(number(step))}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Experience({ retention, experience, figures }: Found) {
  const t = useTranslate();
  const seconds = (value: number | null): string => (value === null ? '–' : t('unit.seconds', { value: count(value, 1) }));
  const facts: [string, string][] = [
    ['videoPage.viewersEver', count(retention?.viewers ?? 0)],
    ['videoPage.viewsLately', count(figures?.views ?? 0)],
    ['videoPage.averageWatched', figures ? duration(figures.averageWatchDuration, t) : '–'],
    ['videoPage.averageShare', figures ? share(figures.averageCompletionRate / 100, 0) : '–'],
    ['videoPage.startup', experience ? `${seconds(experience.startupP50)} / ${seconds(experience.startupP95)}` : '–'],
    ['videoPage.stalls', experience ? `${count(experience.stalls)} · ${share(experience.rebufferRatio, 2)}` : '–'],
    ['videoPage.errors', experience ? count(experience.errors) : '–'],
    ['videoPage.sent', figures ? bytes(figures.bandwidthUsed, t) : '–'],
  ];
  return (
    <dl className="facts panel" data-testid="experience">
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{t(label)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
