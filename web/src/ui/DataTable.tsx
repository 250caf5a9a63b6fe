import { Fragment, type ReactNode } from 'react';
import { useTranslate } from '../i18n';
import { toCsv, type Cell } from './csv';
import { Icon } from './Icon';
import { Skeleton } from './pieces';
import './table.css';

/** What a list is sorted by; in addresses and in the API "-name" is falling, "name" rising. */
export interface Sort {
  key: string;
  falling: boolean;
}

export const readSort = (text: string): Sort => ({ key: text.replace(/^-/, ''), falling: text.startsWith('-') });
export const writeSort = ({ key, falling }: Sort): string => (falling ? `-${key}` : key);

export interface Column<Row> {
  id: string;
  title: string;
  cell: (row: Row) => ReactNode;
  /** What a CSV made here says; a column without it stands in no CSV. */
  csv?: (row: Row) => Cell;
  /** Set to the end, with figures of one width. */
  numeric?: boolean;
  /** Names the row to those who hear the table. One column of a table. */
  heading?: boolean;
  /** By what the API sorts this column; without it the header is no button. */
  sort?: string;
  /** The first press sorts falling: for figures, of which the largest matter. */
  fallingFirst?: boolean;
  /** The title is read but not seen: for pictures and buttons. */
  titleHidden?: boolean;
}

interface DataTableProps<Row> {
  /** Names the table; read always, seen with `captionShown`. */
  caption: string;
  captionShown?: boolean;
  columns: Column<Row>[];
  /** Null while the first page is on its way. */
  rows: Row[] | null;
  rowKey: (row: Row) => string;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  /** Stands where no row does. */
  empty?: ReactNode;
  /** Asks for the next page; null on the last. */
  more?: (() => void) | null;
  busy?: boolean;
  testId?: string;
  /** Inside another focusable box, or unseen: then it is no box of its own. */
  bare?: boolean;
}

export function DataTable<Row>({ caption, captionShown, columns, rows, rowKey, sort, onSort, empty, more, busy, testId, bare }: DataTableProps<Row>) {
  const t = useTranslate();
  if (rows?.length === 0 && empty) return <Fragment>{empty}</Fragment>;
  const table = (
    <table className="table" data-testid={testId} aria-busy={rows === null}>
      <caption className={captionShown ? 'table__caption' : 'visually-hidden'}>{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <Header key={column.id} column={column} sort={sort} onSort={onSort} />
          ))}
        </tr>
      </thead>
      <tbody>
        {rows === null
          ? [0, 1, 2, 3, 4].map((row) => <SkeletonRow key={row} columns={columns.length} />)
          : rows.map((row) => <BodyRow key={rowKey(row)} columns={columns} row={row} />)}
      </tbody>
    </table>
  );
  if (bare) return table;
  return (
    <div className="table-block">
      {/* Focusable, so that the arrows can move what does not fit. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="table-box panel" role="region" aria-label={caption} tabIndex={0}>
        {table}
      </div>
      {rows === null && (
        <span className="visually-hidden" role="status" data-testid="loading">
          {t('common.loading')}
        </span>
      )}
      {more && (
        <button type="button" className="button table__more" disabled={busy} data-testid="more-rows" onClick={more}>
          {t(busy ? 'common.loading' : 'table.more')}
        </button>
      )}
    </div>
  );
}

function Header<Row>({ column, sort, onSort }: { column: Column<Row>; sort?: Sort; onSort?: (sort: Sort) => void }) {
  const { id, title, numeric, titleHidden } = column;
  const by = column.sort;
  const isOn = by !== undefined && sort?.key === by;
  const direction = isOn && (sort.falling ? 'descending' : 'ascending');
  return (
    <th scope="col" className={numeric ? 'table__number' : undefined} aria-sort={direction || undefined} data-column={id}>
      {by === undefined || !onSort ? (
        <span className={titleHidden ? 'visually-hidden' : undefined}>{title}</span>
      ) : (
        <button type="button" className="table__sort" onClick={() => onSort({ key: by, falling: isOn ? !sort.falling : Boolean(column.fallingFirst) })}>
          {title}
          <Icon name={direction ? (direction === 'descending' ? 'down' : 'up') : 'sort'} />
        </button>
      )}
    </th>
  );
}

function BodyRow<Row>({ columns, row }: { columns: Column<Row>[]; row: Row }) {
  return (
    <tr>
      {columns.map(({ id, cell, numeric, heading }) =>
        heading ? (
          <th key={id} scope="row">
            {cell(row)}
          </th>
        ) : (
          <td key={id} className={numeric ? 'table__number' : undefined}>
            {cell(row)}
          </td>
        ),
      )}
    </tr>
  );
}

function SkeletonRow({ columns }: { columns: number }) {
  return (
    <tr>
      {Array.from({ length: columns }, (_, column) => (
        <td key={column}>
          <Skeleton height="1.25rem" />
        </td>
      ))}
    </tr>
  );
}

/** The rows that are here, as a CSV under the columns' titles. */
export function tableCsv<Row>(columns: Column<Row>[], rows: Row[]): string {
  const told = columns.flatMap(({ title, csv }) => (csv ? [{ title, csv }] : []));
  return toCsv(
    told.map(({ title }) => title),
    rows.map((row) => told.map(({ csv }) => csv(row))),
  );
}
