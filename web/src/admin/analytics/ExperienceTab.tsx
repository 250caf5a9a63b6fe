import { useMemo } from 'react';
import type * as Schema from '../../api/schema';
import { useQuery } from '../../app/router';
import { useTranslate, type Translate } from '../../i18n';
import { count, day, share } from '../../i18n/format';
import { Chart } from '../../ui/Chart';
import type { Column } from '../../ui/DataTable';
import { SelectField } from '../shared/parts';
import type { Span } from './AnalyticsPage';
import { BARS, brief, FigureTable } from './FigureTable';

type Row = Schema.ExperienceFigures;
type By = 'day' | 'course' | 'video';

const seconds = (value: number | null, t: Translate): string => (value === null ? '–' : t('unit.seconds', { value: count(value, 2) }));
const listed = (parts: Record<string, number>, write: (value: number) => string): string =>
  Object.entries(parts).toSorted(([, one], [, other]) => other - one).map(([name, value]) => `${name} ${write(value)}`).join(', ') || '–';

export function ExperienceTab({ span }: { span: Span }) {
  const t = useTranslate();
  const [query, change] = useQuery();
  const by: By = query.get('by') === 'course' ? 'course' : query.get('by') === 'video' ? 'video' : 'day';
  const names: Record<By, string> = { day: t('adminCommon.day'), course: t('adminCommon.course'), video: t('analytics.video') };
  const keyName = names[by];
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'key', title: keyName, heading: true, sort: 'key', cell: (row) => (by === 'day' ? day(row.key) : row.key) },
      { id: 'sessions', title: t('analytics.sessions'), numeric: true, sort: 'sessions', fallingFirst: true, cell: (row) => count(row.sessions) },
      { id: 'p50', title: t('analytics.startP50'), numeric: true, cell: (row) => seconds(row.startupP50, t) },
      { id: 'p95', title: t('analytics.startP95'), numeric: true, sort: 'startupP95', fallingFirst: true, cell: (row) => seconds(row.startupP95, t) },
      { id: 'stalls', title: t('analytics.stalls'), numeric: true, cell: (row) => count(row.stalls) },
      { id: 'ratio', title: t('analytics.rebuffer'), numeric: true, sort: 'rebufferRatio', fallingFirst: true, cell: (row) => share(row.rebufferRatio, 2) },
      { id: 'errors', title: t('analytics.errors'), numeric: true, cell: (row) => (row.errors ? `${count(row.errors)} (${listed(row.errorsByCode, count)})` : '0') },
      { id: 'renditions', title: t('analytics.renditions'), cell: (row) => listed(row.renditionShare, (value) => share(value, 0)) },
      { id: 'devices', title: t('analytics.devices'), cell: (row) => listed(row.devices, count) },
    ],
    [t, by, keyName],
  );
  const chart = (rows: Row[]) => {
    const shown = by === 'day' ? rows.toSorted((one, other) => one.key.localeCompare(other.key)) : rows.slice(0, BARS);
    const common = { kind: by === 'day' ? ('line' as const) : ('bar' as const), axis: keyName, labels: shown.map(({ key }) => (by === 'day' ? day(key) : brief(key))) };
    return (
      <div className="charts">
        <Chart
          {...common} title={t('analytics.startTitle')} csvName="start-up" format={(value) => seconds(value, t)}
          series={[{ label: t('analytics.startP50'), values: shown.map((row) => row.startupP50) }, { label: t('analytics.startP95'), values: shown.map((row) => row.startupP95) }]}
        />
        <Chart {...common} title={t('analytics.rebufferTitle')} csvName="stalls" format={(value) => share(value, 2)} series={[{ label: t('analytics.rebuffer'), values: shown.map((row) => row.rebufferRatio), tone: 'danger' }]} />
      </div>
    );
  };
  return (
    <>
      <div className="form--row">
        <SelectField label={t('analytics.by')} value={by} options={[['day', names.day], ['course', names.course], ['video', names.video]]} onChange={(chosen) => change({ by: chosen, sort: null })} />
      </div>
      <FigureTable name="experience" title={t('analytics.tabExperience')} lead={t('analytics.experienceLead')} columns={columns} rowKey={(row) => row.key} span={span} sort="key" more={{ by }} chart={chart} />
    </>
  );
}
