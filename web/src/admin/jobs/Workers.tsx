import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { count } from '../../i18n/format';
import { DataTable, type Column } from '../../ui/DataTable';
import { Bar, Notice } from '../../ui/pieces';
import { Problem } from '../../pages/Problem';
import { Section } from '../shared/parts';

/** Who encodes, and how much of what each can do at once is in hand. */
export function Workers() {
  const t = useTranslate();
  const { data, error, reload } = useData('workers', (signal) => client.call<Schema.WorkerList>('/api/admin/workers', { signal }), () => 5000);
  const columns: Column<Schema.WorkerAnswer>[] = [
    { id: 'id', title: t('jobs.worker'), heading: true, cell: ({ id }) => <span className="long-words">{id}</span> },
    { id: 'load', title: t('jobs.load'), cell: ({ busy, slots }) => <span className="job-progress"><Bar value={slots ? (100 * busy) / slots : 0} label={t('jobs.load')} /><small>{t('jobs.loadOf', { busy: count(busy), slots: slots ? count(slots) : '?' })}</small></span> },
    { id: 'encoder', title: t('jobs.encoder'), cell: ({ encoder }) => encoder ?? '–' },
    { id: 'drafts', title: t('jobs.transcribes'), cell: ({ transcribes }) => t(transcribes ? 'adminCommon.yes' : 'adminCommon.no') },
    {
      id: 'sandbox', title: t('jobs.sandbox'),
      cell: ({ sandbox }) => <span className="chips">{Object.entries(sandbox ?? {}).map(([wall, stands]) => <span key={wall} className={`chip ${stands ? 'chip--accent' : 'chip--danger'}`}>{wall}: {t(stands ? 'adminCommon.yes' : 'adminCommon.no')}</span>)}</span>,
    },
  ];
  return (
    <Section title={t('jobs.workers')} lead={t('jobs.workersLead')} testId="workers">
      {error && !data ? (
        <Problem error={error} onRetry={reload} />
      ) : (
        <DataTable
          caption={t('jobs.workers')} columns={columns} rows={data?.workers ?? null} rowKey={({ id }) => id}
          empty={<Notice icon="alert" problem title={t('jobs.noWorkersTitle')} text={t('jobs.noWorkersText')} />}
        />
      )}
    </Section>
  );
}
