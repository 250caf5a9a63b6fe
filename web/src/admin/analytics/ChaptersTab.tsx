import { useMemo } from 'react';
import type * as Schema from '../../api/schema';
import { useTranslate } from '../../i18n';
import { count, share } from '../../i18n/format';
import { Chart } from '../../ui/Chart';
import type { Column } from '../../ui/DataTable';
import type { Span } from './AnalyticsPage';
import { BARS, brief, FigureTable } from './FigureTable';

type Row = Schema.ChapterFigures;

export function ChaptersTab({ span }: { span: Span }) {
  const t = useTranslate();
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'chapter', title: t('analytics.chapter'), heading: true, cell: (row) => <>{row.title ?? row.chapterId}<small className="field__hint">{row.courseId}</small></> },
      { id: 'started', title: t('analytics.started'), numeric: true, sort: 'started', fallingFirst: true, cell: (row) => count(row.started) },
      { id: 'completed', title: t('analytics.completed'), numeric: true, sort: 'completed', fallingFirst: true, cell: (row) => count(row.completed) },
      { id: 'share', title: t('analytics.completionShare'), numeric: true, sort: 'completionShare', fallingFirst: true, cell: (row) => share(row.completionShare) },
    ],
    [t],
  );
  return (
    <FigureTable
      name="chapters" title={t('analytics.tabChapters')} lead={t('analytics.chaptersLead')} columns={columns} rowKey={(row) => row.chapterId} span={span} sort="-completed"
      chart={(rows) => {
        const shown = rows.slice(0, BARS);
        return (
          <Chart
            kind="bar" title={t('analytics.startedAndCompleted')} axis={t('analytics.chapter')} csvName="chapters" labels={shown.map((row) => brief(row.title ?? row.chapterId))}
            series={[{ label: t('analytics.started'), values: shown.map((row) => row.started), tone: 'brass' }, { label: t('analytics.completed'), values: shown.map((row) => row.completed), tone: 'accent' }]}
          />
        );
      }}
    />
  );
}
