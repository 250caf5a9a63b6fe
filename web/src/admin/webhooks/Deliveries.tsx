import { useMemo, useState } from 'react';
import { pathOf } from '../../api/client';
import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { useQuery } from '../../app/router';
import { useTranslate } from '../../i18n';
import { count, dateTimeExact } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { DataTable, type Column } from '../../ui/DataTable';
import { useAction, usePages, type LoadPage } from '../shared/hooks';
import { ListCsv } from '../shared/ListCsv';
import { Outcome, Section, SelectField, TextField } from '../shared/parts';

type Row = Schema.Delivery;
const LIVE_MS = 3000;
const chips: Record<Row['state'], string> = { pending: 'chip--brass', delivered: 'chip--accent', failed: 'chip--danger' };
const states: Record<Row['state'], string> = { pending: 'webhooks.pending', delivered: 'webhooks.delivered', failed: 'webhooks.failed' };

export function Deliveries({ webhook }: { webhook: Schema.Webhook }) {
  const t = useTranslate();
  const [query, change] = useQuery();
  const state = query.get('state') ?? '';
  const path = `/api/admin/webhooks/${encodeURIComponent(webhook.id)}`;
  const load = useMemo<LoadPage<Row>>(
    () => async (before, signal) => {
      const page = await client.call<Schema.DeliveryPage>(pathOf(`${path}/deliveries`, { state, before }), { signal });
      return { items: page.deliveries, next: page.next };
    },
    [path, state],
  );
  const { rows, error, more, busy, reload } = usePages<Row>(`${path} ${state}`, load, LIVE_MS);
  const action = useAction();
  const { run } = action;
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'at', title: t('webhooks.at'), heading: true, csv: ({ createdAt }) => createdAt, cell: ({ createdAt }) => dateTimeExact(createdAt) },
      { id: 'type', title: t('webhooks.event'), csv: ({ type }) => type, cell: ({ type, replay }) => <><code>{type}</code>{replay > 0 && <span className="chip">{t('webhooks.replayNumber', { number: replay })}</span>}</> },
      { id: 'state', title: t('webhooks.state'), csv: (row) => row.state, cell: (row) => <span className={`chip ${chips[row.state]}`} data-testid="delivery-state" data-state={row.state}>{t(states[row.state])}</span> },
      { id: 'attempts', title: t('webhooks.attempts'), csv: ({ attempts }) => attempts.length, cell: (row) => <Attempts row={row} /> },
      {
        id: 'replay', title: t('enrolments.actions'), titleHidden: true,
        cell: ({ id, state: now }) => (
          <button type="button" className="button button--small" disabled={now === 'pending' || !webhook.enabled} data-testid="delivery-replay" onClick={() => void run(() => client.call(`${path}/deliveries/${id}/replay`, { method: 'POST' }), t('webhooks.replayed', { count: 1 })).then(reload)}>
            {t('webhooks.replay')}
          </button>
        ),
      },
    ],
    [t, path, run, reload, webhook.enabled],
  );
  return (
    <Section title={t('webhooks.logOf', { url: webhook.url })} testId="deliveries" actions={<ListCsv name="deliveries" columns={columns} load={load} />}>
      <div className="panel form form--row">
        <SelectField label={t('webhooks.filter')} value={state} testId="delivery-filter" options={[['', t('jobs.all')], ['pending', t(states.pending)], ['delivered', t(states.delivered)], ['failed', t(states.failed)]]} onChange={(chosen) => change({ state: chosen })} />
        <ReplaySince disabled={!webhook.enabled || action.busy} onReplay={(since) => void run(() => client.call<Schema.Replayed>(pathOf(`${path}/replay`, { since }), { method: 'POST' }), t('webhooks.replayedSince')).then(reload)} />
      </div>
      <Outcome action={action} testId="delivery-outcome" />
      {error && !rows ? <Problem error={error} onRetry={reload} /> : (
        <DataTable caption={t('webhooks.log')} columns={columns} rows={rows} rowKey={({ id }) => id} more={more} busy={busy} testId="delivery-log" empty={<p className="panel form field__hint">{t('webhooks.noDeliveries')}</p>} />
      )}
    </Section>
  );
}

function ReplaySince({ disabled, onReplay }: { disabled: boolean; onReplay: (since: string) => void }) {
  const t = useTranslate();
  const [since, setSince] = useState('');
  return (
    <form className="form--row" onSubmit={(event) => { event.preventDefault(); if (since !== '') onReplay(new Date(since).toISOString()); }}>
      <TextField label={t('webhooks.since')} type="datetime-local" value={since} onChange={setSince} data-testid="replay-since" />
      <button type="submit" className="button" disabled={disabled || since === ''} data-testid="replay-all">
        {t('webhooks.replaySince')}
      </button>
    </form>
  );
}

/** What was answered each time, and when it is tried next. */
function Attempts({ row }: { row: Row }) {
  const t = useTranslate();
  if (row.attempts.length === 0) return <>{t('webhooks.noAttempt')}</>;
  const last = row.attempts[row.attempts.length - 1];
  return (
    <details className="attempts">
      <summary>
        {t('webhooks.attemptCount', { count: row.attempts.length })} · {last?.status ?? last?.problem ?? '–'}
      </summary>
      <ul className="plain-list">
        {row.attempts.map((attempt) => (
          <li key={attempt.at}>
            {dateTimeExact(attempt.at)} · {attempt.status ?? attempt.problem ?? '–'} · {t('webhooks.milliseconds', { value: count(attempt.durationMs) })}
            {attempt.answer && <pre className="excerpt" data-testid="delivery-answer">{attempt.answer}</pre>}
          </li>
        ))}
      </ul>
      {row.nextAttemptAt && <p className="field__hint">{t('webhooks.next', { at: dateTimeExact(row.nextAttemptAt) })}</p>}
    </details>
  );
}
