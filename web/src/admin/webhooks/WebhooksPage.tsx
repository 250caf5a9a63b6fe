import { useState } from 'react';
import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { useQuery } from '../../app/router';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { Problem } from '../../pages/Problem';
import { Icon } from '../../ui/Icon';
import { Loading, Notice, Skeleton } from '../../ui/pieces';
import { AdminPage, Secret } from '../shared/parts';
import { Deliveries } from './Deliveries';
import { WebhookCard } from './WebhookCard';
import { WebhookForm } from './WebhookForm';

/** Where the platform is told what happens: who is told, whether it arrives, and how it is sent again. */
export default function WebhooksPage() {
  const t = useTranslate();
  const [query, change] = useQuery();
  const open = query.get('webhook');
  const { data, error, reload } = useData('webhooks', (signal) => client.call<Schema.WebhookList>('/api/admin/webhooks', { signal }));
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Schema.MadeWebhook | null>(null);
  const shown = data?.webhooks.find(({ id }) => id === open);
  return (
    <AdminPage
      title={t('webhooks.title')} lead={t('webhooks.lead')} testId="webhooks-page"
      actions={
        <button type="button" className="button button--primary" aria-expanded={making} data-testid="new-webhook" onClick={() => setMaking(!making)}>
          <Icon name={making ? 'cross' : 'plus'} />
          {t(making ? 'common.cancel' : 'webhooks.new')}
        </button>
      }
    >
      {making && (
        <WebhookForm
          onSave={async (body) => {
            setMade(await client.call<Schema.MadeWebhook>('/api/admin/webhooks', { method: 'POST', body }));
            setMaking(false);
            reload();
          }}
        />
      )}
      {made && (
        <div className="panel form" data-testid="webhook-made">
          <p role="status">{t('webhooks.made', { url: made.url })}</p>
          <Secret label={t('webhooks.secret')} value={made.secret} testId="webhook-secret" />
        </div>
      )}
      {error && !data && <Problem error={error} onRetry={reload} />}
      {!data && !error && (
        <Loading>
          <Skeleton height="8rem" />
        </Loading>
      )}
      {data?.webhooks.length === 0 && !making && <Notice icon="hook" title={t('webhooks.emptyTitle')} text={t('webhooks.emptyText')} />}
      <ul className="stack">
        {data?.webhooks.map((webhook) => (
          <li key={webhook.id}>
            <WebhookCard webhook={webhook} open={webhook.id === open} onOpen={(id) => change({ webhook: id, state: null })} onChange={reload} />
          </li>
        ))}
      </ul>
      {shown && <Deliveries key={shown.id} webhook={shown} />}
    </AdminPage>
  );
}
