import { useMemo } from 'react';
import type * as Schema from '../../api/schema';
import { Link, paths } from '../../app/router';
import { useTranslate } from '../../i18n';
import { bytes, count, duration, percent } from '../../i18n/format';
import { Chart } from '../../ui/Chart';
import type { Column } from '../../ui/DataTable';
import type { Span } from './AnalyticsPage';
import { BARS, brief, FigureTable } from './FigureTable';

type Row = Schema.VideoFigures;

export function VideosTab({ span }: { span: Span }) {
  const t = useTranslate();
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'video', title: t('analytics.video'), heading: true, cell: (row) => <><Link to={paths.adminVideo(row.videoId)} className="text-link">{row.title ?? row.chapterId}</Link><small className="field__hint">{row.courseId}</small></> },
      { id: 'views', title: t('analytics.views'), numeric: true, sort: 'views', fallingFirst: true, cell: (row) => count(row.views) },
      { id: 'sessions', title: t('analytics.sessions'), numeric: true, sort: 'sessions', fallingFirst: true, cell: (row) => count(row.sessions) },
      { id: 'completed', title: t('analytics.playedThrough'), numeric: true, cell: (row) => count(row.completed) },
      { id: 'time', title: t('analytics.watchTime'), numeric: true, sort: 'watchDuration', fallingFirst: true, cell: (row) => duration(row.watchDuration, t) },
      { id: 'average', title: t('analytics.averageTime'), numeric: true, sort: 'averageWatchDuration', fallingFirst: true, cell: (row) => duration(row.averageWatchDuration, t) },
      { id: 'rate', title: t('analytics.averageRate'), numeric: true, sort: 'averageCompletionRate', fallingFirst: true, cell: (row) => percent(row.averageCompletionRate) },
      { id: 'bytes', title: t('analytics.sent'), numeric: true, sort: 'bandwidthUsed', fallingFirst: true, cell: (row) => bytes(row.bandwidthUsed, t) },
    ],
    [t],
  );
  return (
    <FigureTable
      name="videos" title={t('analytics.tabVideos')} lead={t('analytics.videosLead')} columns={columns} rowKey={(row) => row.videoId} span={span} sort="-views"
      chart={(rows) => {
        const shown = rows.slice(0, BARS);
        return (
          <Chart
            kind="bar" title={t('analytics.viewsByVideo')} axis={t('analytics.video')} csvName="views" labels={shown.map((row) => brief(row.title ?? row.chapterId))}
            series={[{ label: t('analytics.views'), values: shown.map((row) => row.views) }, { label: t('analytics.playedThrough'), values: shown.map((row) => row.completed) }]}
          />
        );
      }}
    />
  );
}
