import { useMemo } from 'react';
import { pathOf } from '../../api/client';
import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { useQuery } from '../../app/router';
import { useTranslate } from '../../i18n';
import { count, dateTimeExact } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { DataTable, type Column } from '../../ui/DataTable';
import { usePages, type LoadPage } from '../shared/hooks';
import { ListCsv } from '../shared/ListCsv';
import { Section, SelectField, TextField } from '../shared/parts';

type Row = Schema.Entry;

/** Words of the API (docs/api.md, the audit log): they are what one searches for, so they stand as they are. */
const actions = [
  'sign_in', 'token_issue', 'token_spend', 'session_renew', 'session_end', 'device_sign_out', 'key', 'playlist', 'segment', 'beat', 'api_key_create', 'api_key_revoke',
  'user_export', 'user_erase', 'webhook_create', 'webhook_change', 'webhook_delete', 'webhook_secret', 'call',
];

export function AuditLog() {
  const t = useTranslate();
  const [query, change] = useQuery();
  const filter = { userId: query.get('user') ?? '', action: query.get('action') ?? '', decision: query.get('decision') ?? '', code: query.get('code') ?? '' };
  const key = pathOf('/api/admin/audit', filter);
  const load = useMemo<LoadPage<Row>>(
    () => async (cursor, signal) => {
      const page = await client.call<Schema.AuditPage>(cursor === null ? key : `${key}${key.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`, { signal });
      return { items: page.entries, next: page.nextCursor };
    },
    [key],
  );
  const { rows, error, more, busy, reload } = usePages(key, load);
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'at', title: t('access.at'), heading: true, csv: ({ at }) => at, cell: ({ at }) => dateTimeExact(at) },
      { id: 'action', title: t('access.action'), csv: ({ action }) => action, cell: ({ action }) => <code>{action}</code> },
      { id: 'decision', title: t('access.decision'), csv: ({ decision }) => decision, cell: ({ decision, code }) => <><span className={`chip ${decision === 'granted' ? 'chip--accent' : 'chip--danger'}`}>{t(decision === 'granted' ? 'access.granted' : 'access.refused')}</span>{code && <small className="field__hint">{code}</small>}</> },
      { id: 'code', title: t('access.code'), csv: ({ code }) => code, cell: ({ count: times }) => (times > 1 ? t('access.times', { count: times, shown: count(times) }) : '–') },
      { id: 'who', title: t('access.who'), csv: ({ actorId }) => actorId, cell: ({ actorId, role, apiKeyId }) => actorId ?? apiKeyId ?? role ?? '–' },
      { id: 'user', title: t('access.about'), csv: ({ userId }) => userId, cell: ({ userId }) => userId ?? '–' },
      { id: 'video', title: t('access.film'), csv: ({ videoId }) => videoId, cell: ({ chapterId, videoId }) => chapterId ?? videoId ?? '–' },
      { id: 'ip', title: t('access.from'), csv: ({ clientIp }) => clientIp, cell: ({ clientIp }) => clientIp ?? '–' },
    ],
    [t],
  );
  return (
    <Section title={t('access.tabAudit')} lead={t('access.auditLead')} actions={<ListCsv name="audit" columns={columns} load={load} />}>
      <div className="panel form form--row">
        <TextField label={t('access.user')} value={filter.userId} onChange={(user) => change({ user }, { replace: true })} />
        <SelectField label={t('access.action')} value={filter.action} options={[['', t('jobs.all')], ...actions.map((name) => [name, name] as const)]} onChange={(action) => change({ action })} />
        <SelectField label={t('access.decision')} value={filter.decision} options={[['', t('jobs.all')], ['granted', t('access.granted')], ['refused', t('access.refused')]]} onChange={(decision) => change({ decision })} />
        <TextField label={t('access.codeField')} value={filter.code} onChange={(code) => change({ code }, { replace: true })} />
      </div>
      {error && !rows ? <Problem error={error} onRetry={reload} /> : <DataTable caption={t('access.tabAudit')} columns={columns} rows={rows} rowKey={({ id }) => id} more={more} busy={busy} testId="audit" empty={<p className="panel form field__hint">{t('access.nothing')}</p>} />}
    </Section>
  );
}
