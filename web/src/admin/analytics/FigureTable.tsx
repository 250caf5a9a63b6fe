import type { ReactNode } from 'react';
import { pathOf } from '../../api/client';
import { client } from '../../app/auth';
import { useQuery } from '../../app/router';
import { useTranslate } from '../../i18n';
import { Problem } from '../../pages/Problem';
import { CsvButton } from '../../ui/CsvButton';
import { DataTable, readSort, writeSort, type Column } from '../../ui/DataTable';
import { Notice } from '../../ui/pieces';
import { usePages, type Page } from '../shared/hooks';
import { Section } from '../shared/parts';
import type { Span } from './AnalyticsPage';

interface FigureTableProps<Row> {
  /** The dashboard's name below /api/admin/analytics. */
  name: string;
  title: string;
  lead?: string;
  columns: Column<Row>[];
  rowKey: (row: Row) => string;
  span: Span;
  /** How it is sorted until the reader says otherwise. */
  sort: string;
  /** Further parameters of the call. */
  more?: Record<string, string>;
  /** Stands above the table, made of the rows that are there. */
  chart?: (rows: Row[]) => ReactNode;
}

/** A dashboard of the API: a chart of its first rows, the table behind it, and all of it as CSV. */
export function FigureTable<Row>({ name, title, lead, columns, rowKey, span, sort: usual, more: asked = {}, chart }: FigureTableProps<Row>) {
  const t = useTranslate();
  const [query, change] = useQuery();
  const sort = columns.some((column) => column.sort === readSort(query.get('sort') ?? '').key) ? (query.get('sort') ?? usual) : usual;
  const path = `/api/admin/analytics/${name}`;
  const filter = { ...span, ...asked, sort };
  const { rows, error, more, busy, reload } = usePages<Row>(pathOf(path, filter), (after, signal) => client.call<Page<Row>>(pathOf(path, { ...filter, after }), { signal }));
  if (error && !rows) return <Problem error={error} onRetry={reload} />;
  return (
    <>
      {rows && rows.length > 0 && chart?.(rows)}
      <Section title={title} lead={lead} actions={<CsvButton name={name} path={pathOf(path, { ...filter, format: 'csv' })} />}>
        <DataTable
          caption={title} columns={columns} rows={rows} rowKey={rowKey} more={more} busy={busy} testId={`figures-${name}`}
          sort={readSort(sort)} onSort={(chosen) => change({ sort: writeSort(chosen) }, { replace: true })}
          empty={<Notice icon="chart" title={t('analytics.emptyTitle')} text={t('analytics.emptyText')} />}
        />
      </Section>
    </>
  );
}

export const BARS = 12;

/** A name that fits under a bar. */
export const brief = (text: string): string => (text.length > 18 ? `${text.slice(0, 17)}…` : text);
