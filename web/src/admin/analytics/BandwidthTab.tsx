import { useMemo } from 'react';
import type * as Schema from '../../api/schema';
import { useTranslate } from '../../i18n';
import { bytes, count } from '../../i18n/format';
import { Chart } from '../../ui/Chart';
import type { Column } from '../../ui/DataTable';
import type { Span } from './AnalyticsPage';
import { BARS, brief, FigureTable } from './FigureTable';

type Row = Schema.BandwidthFigures;

export function BandwidthTab({ span }: { span: Span }) {
  const t = useTranslate();
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'course', title: t('adminCommon.course'), heading: true, cell: (row) => <>{row.title ?? row.courseId}<small className="field__hint">{row.courseId}</small></> },
      { id: 'bytes', title: t('analytics.allBytes'), numeric: true, sort: 'bytes', fallingFirst: true, cell: (row) => bytes(row.bytes, t) },
      { id: 'streamed', title: t('analytics.streamed'), numeric: true, cell: (row) => bytes(row.streamedBytes, t) },
      { id: 'downloaded', title: t('analytics.downloaded'), numeric: true, cell: (row) => bytes(row.downloadedBytes, t) },
      { id: 'renditions', title: t('analytics.renditions'), cell: (row) => Object.entries(row.bytesByRendition).map(([name, value]) => `${name} ${bytes(value, t)}`).join(', ') || '–' },
      { id: 'cost', title: t('analytics.cost'), numeric: true, cell: (row) => count(row.cost, 2) },
    ],
    [t],
  );
  return (
    <FigureTable
      name="bandwidth" title={t('analytics.tabBandwidth')} lead={t('analytics.bandwidthLead')} columns={columns} rowKey={(row) => row.courseId} span={span} sort="-bytes"
      chart={(rows) => {
        const shown = rows.slice(0, BARS);
        return (
          <Chart
            kind="bar" stacked title={t('analytics.bytesByCourse')} axis={t('adminCommon.course')} csvName="bandwidth" labels={shown.map((row) => brief(row.title ?? row.courseId))} format={(value) => bytes(value, t)}
            series={[{ label: t('analytics.streamed'), values: shown.map((row) => row.streamedBytes) }, { label: t('analytics.downloaded'), values: shown.map((row) => row.downloadedBytes), tone: 'brass' }]}
          />
        );
      }}
    />
  );
}
