import { useState, type FormEvent } from 'react';
import type * as Schema from '../../api/schema';
import { useTranslate } from '../../i18n';
import { useAction } from '../shared/hooks';
import { Check, Outcome, TextField } from '../shared/parts';

type EventType = NonNullable<Schema.NewWebhook['types']>[number];

/** What an event is about, and what happened to it; together that is its type. */
const happenings = {
  video: { playable: 'webhooks.eventPlayable', ready: 'webhooks.eventReady', failed: 'webhooks.eventFailed', replaced: 'webhooks.eventReplaced', deleted: 'webhooks.eventDeleted' },
  chapter: { started: 'webhooks.eventStarted', completed: 'webhooks.eventCompleted' },
  course: { completed: 'webhooks.eventCourse' },
  progress: { suspicious: 'webhooks.eventSuspicious' },
};
const events = Object.entries(happenings).flatMap(([about, all]) => Object.entries(all).map(([what, label]) => [`${about}.${what}` as EventType, label] as const));
const isEvent = (name: string): name is EventType => events.some(([type]) => type === name);

interface WebhookFormProps {
  webhook?: Schema.Webhook;
  onSave: (body: Required<Pick<Schema.NewWebhook, 'url' | 'types' | 'description'>>) => Promise<void>;
}

export function WebhookForm({ webhook, onSave }: WebhookFormProps) {
  const t = useTranslate();
  const action = useAction();
  const [url, setUrl] = useState(webhook?.url ?? '');
  const [description, setDescription] = useState(webhook?.description ?? '');
  const [types, setTypes] = useState<EventType[]>(() => (webhook?.types ?? []).filter(isEvent));
  const [every, setEvery] = useState((webhook?.types.length ?? 0) === 0);
  const fits = url.trim() !== '' && (every || types.length > 0);
  const save = (event: FormEvent): void => {
    event.preventDefault();
    if (fits) void action.run(() => onSave({ url: url.trim(), types: every ? [] : types, description: description.trim() || null }), t('webhooks.saved'));
  };
  return (
    <form className="panel form" onSubmit={save} data-testid="webhook-form">
      <TextField label={t('webhooks.url')} hint={t('webhooks.urlHint')} type="url" required value={url} onChange={setUrl} data-testid="webhook-url" />
      <TextField label={t('webhooks.description')} value={description} maxLength={1000} onChange={setDescription} />
      <fieldset className="choices">
        <legend className="field__label">{t('webhooks.events')}</legend>
        <Check label={t('webhooks.allEvents')} hint={t('webhooks.allEventsHint')} checked={every} onChange={setEvery} testId="webhook-all" />
        {!every &&
          events.map(([type, label]) => (
            <Check
              key={type} label={t(label)} hint={type} checked={types.includes(type)} testId={`webhook-type-${type}`}
              onChange={(on) => setTypes(on ? [...types, type] : types.filter((one) => one !== type))}
            />
          ))}
      </fieldset>
      <div className="bar-of-tools__end">
        <button type="submit" className="button button--primary" disabled={!fits || action.busy} data-testid="webhook-save">
          {t(webhook ? 'adminCourses.save' : 'webhooks.create')}
        </button>
      </div>
      <Outcome action={action} />
    </form>
  );
}
