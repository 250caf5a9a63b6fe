import { useState } from 'react';
import { client } from '../app/auth';
import { useTranslate } from '../i18n';
import { Icon } from './Icon';
import { fetchCsv, saveCsv } from './csv';

type Source = { path: string; make?: undefined } | { make: () => string; path?: undefined };

/** Saves a list as `name`.csv: the API's own (`path`), else one made here (`make`). */
export function CsvButton({ name, disabled, ...source }: Source & { name: string; disabled?: boolean }) {
  const t = useTranslate();
  const [state, setState] = useState<'idle' | 'busy' | 'failed'>('idle');

  async function save(): Promise<void> {
    setState('busy');
    try {
      saveCsv(name, source.path === undefined ? source.make() : await fetchCsv(client, source.path));
      setState('idle');
    } catch {
      setState('failed');
    }
  }

  return (
    <span className="csv">
      <button type="button" className="button button--small" disabled={disabled || state === 'busy'} data-testid="csv" onClick={() => void save()}>
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
