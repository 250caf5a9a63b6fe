import { useState } from 'react';
import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { useTranslate } from '../../i18n';
import { dateTime } from '../../i18n/format';
import { useAction } from '../shared/hooks';
import { AskButton, Outcome, Secret } from '../shared/parts';
import { WebhookForm } from './WebhookForm';

interface WebhookCardProps {
  webhook: Schema.Webhook;
  open: boolean;
  onOpen: (id: string | null) => void;
  onChange: () => void;
}

export function WebhookCard({ webhook, open, onOpen, onChange }: WebhookCardProps) {
  const t = useTranslate();
  const action = useAction();
  const [editing, setEditing] = useState(false);
  const [secret, setSecret] = useState<Schema.WebhookSecret | null>(null);
  const path = `/api/admin/webhooks/${encodeURIComponent(webhook.id)}`;
  const patch = (body: Schema.WebhookChange): Promise<unknown> => client.call(path, { method: 'PATCH', body });
  const asked = (work: Promise<Schema.WebhookSecret>): Promise<void> => work.then(setSecret);
  return (
    <article className="panel form" data-testid="webhook" data-webhook={webhook.id}>
      <div className="bar-of-tools">
        <div>
          <h2 className="long-words webhook__url">{webhook.url}</h2>
          {webhook.description && <p className="field__hint">{webhook.description}</p>}
        </div>
        <span className={`chip ${webhook.enabled ? 'chip--accent' : 'chip--danger'}`} data-testid="webhook-state">
          {t(webhook.enabled ? 'webhooks.enabled' : 'webhooks.disabled')}
        </span>
      </div>
      {webhook.disabledReason && <p className="field__error">{t('webhooks.disabledReason', { reason: webhook.disabledReason })}</p>}
      <p className="chips">
        {webhook.types.length === 0 ? <span className="chip">{t('webhooks.allEvents')}</span> : webhook.types.map((type) => <span key={type} className="chip">{type}</span>)}
      </p>
      <div className="row-actions">
        <button type="button" className="button button--small" aria-expanded={open} data-testid="webhook-log" onClick={() => onOpen(open ? null : webhook.id)}>
          {t(open ? 'webhooks.hideLog' : 'webhooks.log')}
        </button>
        <button
          type="button" className="button button--small" disabled={!webhook.enabled || action.busy} data-testid="webhook-test"
          onClick={() => void action.run(() => client.call(`${path}/test`, { method: 'POST' }), t('webhooks.tested')).then(() => onOpen(webhook.id))}
        >
          {t('webhooks.test')}
        </button>
        <button type="button" className="button button--small" aria-expanded={editing} onClick={() => setEditing(!editing)}>
          {t(editing ? 'common.cancel' : 'webhooks.edit')}
        </button>
        <button type="button" className="button button--small" disabled={action.busy} data-testid="webhook-toggle" onClick={() => void action.run(() => patch({ enabled: !webhook.enabled })).then(onChange)}>
          {t(webhook.enabled ? 'webhooks.disable' : 'webhooks.enable')}
        </button>
        <button type="button" className="button button--small" disabled={action.busy} onClick={() => void action.run(() => asked(client.call(`${path}/secret`)))}>
          {t('webhooks.showSecret')}
        </button>
        <AskButton label={t('webhooks.rotate')} title={t('webhooks.rotateTitle')} text={t('webhooks.rotateText')} confirm={t('webhooks.rotate')} testId="webhook-rotate" onConfirm={() => void action.run(() => asked(client.call(`${path}/rotate-secret`, { method: 'POST' })), t('webhooks.rotated')).then(onChange)} />
        <AskButton label={t('webhooks.delete')} title={t('webhooks.deleteTitle')} text={t('webhooks.deleteText', { url: webhook.url })} confirm={t('webhooks.delete')} testId="webhook-delete" onConfirm={() => void action.run(() => client.call(path, { method: 'DELETE' })).then(onChange)} />
      </div>
      <Outcome action={action} />
      {secret && <Secret key={secret.secret} label={t('webhooks.secret')} value={secret.secret} testId="secret" />}
      {secret?.previousSecretUntil && <p className="field__hint">{t('webhooks.bothUntil', { until: dateTime(secret.previousSecretUntil) })}</p>}
      {editing && (
        <WebhookForm
          webhook={webhook}
          onSave={async (body) => {
            await patch(body);
            setEditing(false);
            onChange();
          }}
        />
      )}
    </article>
  );
}
