import { useState } from 'react';
import { useTranslate } from '../../i18n';
import { saveCsv } from '../../ui/csv';
import { tableCsv, type Column } from '../../ui/DataTable';
import { Icon } from '../../ui/Icon';
import { allRows, type LoadPage } from './hooks';

/** Saves the whole of a list of which the API makes no CSV itself, page after page. */
export function ListCsv<Row>({ name, columns, load }: { name: string; columns: Column<Row>[]; load: LoadPage<Row> }) {
  const t = useTranslate();
  const [state, setState] = useState<'idle' | 'busy' | 'failed'>('idle');
  async function save(): Promise<void> {
    setState('busy');
    try {
      saveCsv(name, tableCsv(columns, await allRows(load)));
      setState('idle');
    } catch {
      setState('failed');
    }
  }
  return (
    <span className="csv">
      <button type="button" className="button button--small" disabled={state === 'busy'} data-testid="csv" onClick={() => void save()}>
        <Icon name="download" />
        {t('table.csv')}
      </button>
      {state === 'failed' && (
        <span className="field__error" role="alert">
          {t('table.csvFailed')}
        </span>
      )}
    </span>
  );
}
