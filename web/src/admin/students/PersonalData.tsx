import { useState } from 'react';
import { pathOf } from '../../api/client';
import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { useTranslate } from '../../i18n';
import { count } from '../../i18n/format';
import { saveFile } from '../../ui/csv';
import { Icon } from '../../ui/Icon';
import { useAction } from '../shared/hooks';
import { Outcome, Section, TypedConfirm } from '../shared/parts';

/** All pages of an export as one document. */
async function exported(userId: string): Promise<Schema.UserExport> {
  const path = `/api/admin/users/${encodeURIComponent(userId)}/export`;
  const whole = await client.call<Schema.UserExport>(path);
  let next = whole.nextPage;
  while (next !== null) {
    // oxlint-disable-next-line no-await-in-loop -- each page is named by the one before
    const page: Schema.UserExport = await client.call<Schema.UserExport>(pathOf(path, { page: next }));
    for (const [schema, tables] of Object.entries(page.data)) {
      const kept = (whole.data[schema] ??= {});
      for (const [table, rows] of Object.entries(tables)) (kept[table] ??= []).push(...rows);
    }
    next = page.nextPage;
  }
  return { ...whole, nextPage: null };
}

/** A person's right to a copy, and to be forgotten. */
export function PersonalData({ userId }: { userId: string }) {
  const t = useTranslate();
  const action = useAction();
  const [asking, setAsking] = useState(false);
  const [erased, setErased] = useState<Schema.UserErasure | null>(null);

  const save = async (): Promise<void> => {
    const document = await exported(userId);
    saveFile(`${userId}.json`, new Blob([JSON.stringify(document, null, 2)], { type: 'application/json' }));
  };
  const erase = async (): Promise<void> => {
    setErased(await client.call<Schema.UserErasure>(`/api/admin/users/${encodeURIComponent(userId)}`, { method: 'DELETE' }));
  };
  const rows = erased?.services.reduce((sum, { tables }) => sum + Object.values(tables).reduce((some, number) => some + number, 0), 0) ?? 0;
  return (
    <Section title={t('students.personal')} lead={t('students.personalLead')} testId="personal-data">
      <div className="panel form">
        <div className="bar-of-tools__end bar-of-tools__end--start">
          <button type="button" className="button" disabled={action.busy} data-testid="export" onClick={() => void action.run(save, t('students.exported'))}>
            <Icon name="download" />
            {t('students.export')}
          </button>
          <button type="button" className="button button--danger" disabled={action.busy} data-testid="erase" onClick={() => setAsking(true)}>
            <Icon name="trash" />
            {t('students.erase')}
          </button>
        </div>
        <Outcome action={action} />
        {erased && (
          <p role="status" data-testid="erased">
            {t('students.erased', { rows: count(rows), pseudonym: erased.pseudonym })}
          </p>
        )}
      </div>
      {asking && (
        <TypedConfirm
          title={t('students.eraseTitle')} text={t('students.eraseText')} word={userId} confirm={t('students.erase')}
          onCancel={() => setAsking(false)}
          onConfirm={() => {
            setAsking(false);
            void action.run(erase);
          }}
        />
      )}
    </Section>
  );
}
