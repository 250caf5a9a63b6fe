import { lazy, Suspense, useId, useMemo, useState, type ReactNode } from 'react';
import { useTheme } from '../app/theme';
import { useTranslate } from '../i18n';
import { count } from '../i18n/format';
import { saveCsv } from './csv';
import { DataTable, tableCsv, type Column } from './DataTable';
import { Icon } from './Icon';
import { Skeleton } from './pieces';
import './chart.css';

// chart.js is fetched with the first chart.
const ChartCanvas = lazy(() => import('./ChartCanvas'));

export type Tone = 'accent' | 'brass' | 'danger';

export interface Series {
  label: string;
  /** One for each of the chart's labels; null leaves a gap. */
  values: (number | null)[];
  tone?: Tone;
}

export interface ChartProps {
  kind: 'line' | 'bar';
  /** What the chart shows; also the name of its table and of its CSV. */
  title: string;
  /** What the labels are: "Day", "Place in the film". */
  axis: string;
  labels: string[];
  series: Series[];
  /** How a value is written, in the chart and in its table. */
  format?: (value: number) => string;
  /** The highest value of the axis, where it is known beforehand (100 for percent). */
  max?: number;
  stacked?: boolean;
  /** A label was clicked, by its index. The same is offered in the table. */
  onPick?: (index: number) => void;
  /** A line across the chart at this place among the labels (may lie between two). */
  marker?: number | null;
  csvName?: string;
  children?: ReactNode;
}

/** A chart for the eyes, and a table of the same figures for everybody: shown on demand, and always there to be heard. */
export function Chart(props: ChartProps) {
  const { title, csvName = 'lectern', children } = props;
  const t = useTranslate();
  const theme = useTheme();
  const headingId = useId();
  const [asTable, setAsTable] = useState(false);
  const table = useFigures(props);
  return (
    <figure className="chart panel" aria-labelledby={headingId} data-testid="chart">
      <figcaption className="chart__head">
        <h2 id={headingId}>{title}</h2>
        <div className="chart__actions">
          <button type="button" className="button button--small button--quiet" aria-pressed={asTable} data-testid="chart-as-table" onClick={() => setAsTable(!asTable)}>
            <Icon name={asTable ? 'chart' : 'table'} />
            {t(asTable ? 'charts.asChart' : 'charts.asTable')}
          </button>
          <button type="button" className="button button--small button--quiet" data-testid="csv" onClick={() => saveCsv(csvName, tableCsv(table.columns, table.rows))}>
            <Icon name="download" />
            {t('table.csv')}
          </button>
        </div>
      </figcaption>
      {children}
      {asTable ? (
        <div className="chart__table">
          <DataTable caption={title} columns={table.columns} rows={table.rows} rowKey={(row) => String(row)} />
        </div>
      ) : (
        <>
          <div className="chart__canvas" aria-hidden="true">
            <Suspense fallback={<Skeleton height="100%" />}>
              <ChartCanvas {...props} theme={theme} />
            </Suspense>
          </div>
          <div className="visually-hidden">
            <DataTable bare caption={title} columns={table.columns.filter(({ id }) => id !== 'pick')} rows={table.rows} rowKey={(row) => String(row)} />
          </div>
        </>
      )}
    </figure>
  );
}

/** The figures as rows: each the index of a label. */
function useFigures({ axis, labels, series, format = count, onPick }: ChartProps): { columns: Column<number>[]; rows: number[] } {
  const t = useTranslate();
  return useMemo(() => {
    const figure = ({ label, values }: Series, number: number): Column<number> => ({
      id: String(number),
      title: label,
      numeric: true,
      cell: (row) => {
        const value = values[row] ?? null;
        return value === null ? '–' : format(value);
      },
      csv: (row) => values[row],
    });
    const heading: Column<number> = { id: 'axis', title: axis, heading: true, cell: (row) => labels[row], csv: (row) => labels[row] };
    const columns = [heading, ...series.map(figure)];
    if (onPick) {
      const pick = (row: number) => (
        <button type="button" className="button button--small button--quiet" onClick={() => onPick(row)}>
          <Icon name="play" />
          {t('charts.goTo', { place: labels[row] })}
        </button>
      );
      columns.push({ id: 'pick', title: t('charts.place'), titleHidden: true, cell: pick });
    }
    return { columns, rows: labels.map((_, row) => row) };
  }, [axis, labels, series, format, onPick, t]);
}
