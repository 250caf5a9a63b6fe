import { useState, type FormEvent } from 'react';
import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { dateTime } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { CsvButton } from '../../ui/CsvButton';
import { DataTable, tableCsv, type Column } from '../../ui/DataTable';
import { Notice } from '../../ui/pieces';
import { useAction } from '../shared/hooks';
import { AskButton, Check, Outcome, Secret, Section, TextField } from '../shared/parts';

type Row = Schema.ApiKeyAnswer;
const PATH = '/api/admin/api-keys';
const DAY_MS = 86_400_000;
const scopes: Record<Schema.Scope, string> = {
  tokens: 'access.scopeTokens',
  courses: 'access.scopeCourses',
  enrollments: 'access.scopeEnrollments',
  videos: 'access.scopeVideos',
  progress: 'access.scopeProgress',
  '*': 'access.scopeAll',
};

export function ApiKeys() {
  const t = useTranslate();
  const { data, error, reload } = useData('api keys', (signal) => client.call<Schema.ApiKeyList>(PATH, { signal }));
  const action = useAction();
  // A key that is over is a fact of the moment in which the list came.
  const [now] = useState(() => Date.now());
  const stateOf = (key: Row): [label: string, chip: string] => {
    if (key.revokedAt) return [t('access.revoked'), 'chip--danger'];
    if (key.expiresAt && Date.parse(key.expiresAt) <= now) return [t('access.expired'), ''];
    return [t('access.good'), 'chip--accent'];
  };
  const columns: Column<Row>[] = [
    { id: 'name', title: t('access.name'), heading: true, csv: ({ name }) => name, cell: ({ name, id }) => <>{name}<small className="field__hint">{id}</small></> },
    { id: 'state', title: t('access.state'), csv: (key) => stateOf(key)[0], cell: (key) => <span className={`chip ${stateOf(key)[1]}`} data-testid="key-state">{stateOf(key)[0]}</span> },
    { id: 'scopes', title: t('access.scopes'), csv: (key) => key.scopes.join(' '), cell: (key) => <span className="chips">{key.scopes.map((scope) => <span key={scope} className="chip">{scope}</span>)}</span> },
    { id: 'used', title: t('access.lastUsed'), csv: ({ lastUsedAt }) => lastUsedAt, cell: ({ lastUsedAt }) => (lastUsedAt ? dateTime(lastUsedAt) : t('access.neverUsed')) },
    { id: 'until', title: t('access.expires'), csv: ({ expiresAt }) => expiresAt, cell: ({ expiresAt }) => (expiresAt ? dateTime(expiresAt) : t('access.noEnd')) },
    { id: 'by', title: t('access.madeBy'), csv: ({ createdBy }) => createdBy, cell: ({ createdBy, createdAt }) => <>{createdBy}<small className="field__hint">{dateTime(createdAt)}</small></> },
    {
      id: 'revoke', title: t('enrolments.actions'), titleHidden: true,
      cell: (key) => !key.revokedAt && (
        <AskButton label={t('access.revoke')} title={t('access.revokeTitle')} text={t('access.revokeText', { name: key.name })} confirm={t('access.revoke')} testId="key-revoke"
          onConfirm={() => void action.run(() => client.call(`${PATH}/${encodeURIComponent(key.id)}`, { method: 'DELETE' })).then(reload)} />
      ),
    },
  ];
  return (
    <>
      <NewKey onMade={reload} />
      <Section title={t('access.keys')} actions={data && <CsvButton name="api-keys" make={() => tableCsv(columns, data.apiKeys)} />}>
        <Outcome action={action} />
        {error && !data ? <Problem error={error} onRetry={reload} /> : (
          <DataTable caption={t('access.keys')} columns={columns} rows={data?.apiKeys ?? null} rowKey={({ id }) => id} testId="api-keys" empty={<Notice icon="lock" title={t('access.noKeysTitle')} text={t('access.noKeysText')} />} />
        )}
      </Section>
    </>
  );
}

function NewKey({ onMade }: { onMade: () => void }) {
  const t = useTranslate();
  const action = useAction();
  const [name, setName] = useState('');
  const [days, setDays] = useState('365');
  const [chosen, setChosen] = useState<Schema.Scope[]>([]);
  const [made, setMade] = useState<Schema.MadeApiKey | null>(null);
  const fits = name.trim() !== '' && chosen.length > 0 && (days === '' || Number(days) > 0);
  const make = (event: FormEvent): void => {
    event.preventDefault();
    if (!fits) return;
    const body: Schema.NewApiKey = { name: name.trim(), scopes: chosen, expiresAt: days === '' ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString() };
    void action.run(async () => {
      setMade(await client.call<Schema.MadeApiKey>(PATH, { method: 'POST', body }));
      setName('');
      setChosen([]);
      onMade();
    });
  };
  return (
    <Section title={t('access.newKey')} lead={t('access.newKeyLead')}>
      <form className="panel form" onSubmit={make} data-testid="new-key">
        <div className="form__pair">
          <TextField label={t('access.name')} hint={t('access.nameHint')} value={name} onChange={setName} maxLength={100} data-testid="key-name" />
          <TextField label={t('access.days')} hint={t('access.daysHint')} type="number" min={1} value={days} onChange={setDays} />
        </div>
        <fieldset className="choices">
          <legend className="field__label">{t('access.scopes')}</legend>
          {(Object.keys(scopes) as Schema.Scope[]).map((scope) => (
            <Check key={scope} label={t(scopes[scope])} hint={scope} checked={chosen.includes(scope)} testId={`scope-${scope}`} onChange={(on) => setChosen(on ? [...chosen, scope] : chosen.filter((one) => one !== scope))} />
          ))}
        </fieldset>
        <div className="bar-of-tools__end">
          <button type="submit" className="button button--primary" disabled={!fits || action.busy} data-testid="key-make">
            {t('access.make')}
          </button>
        </div>
        <Outcome action={action} />
      </form>
      {made && (
        <div className="panel form" data-testid="key-made">
          <p role="status">{t('access.made', { name: made.name })}</p>
          <Secret label={t('access.key')} value={made.key} testId="api-key" />
        </div>
      )}
    </Section>
  );
}
