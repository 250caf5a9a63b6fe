import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { bytes, count, dateTime } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { CsvButton } from '../../ui/CsvButton';
import { DataTable, tableCsv, type Column } from '../../ui/DataTable';
import { Skeleton } from '../../ui/pieces';
import { useAction } from '../shared/hooks';
import { AskButton, Figures, Outcome, Section } from '../shared/parts';

const states: Record<Schema.RotationAnswer['state'], string> = { running: 'storage.rotationRunning', done: 'storage.rotationDone', given_up: 'storage.rotationGivenUp' };

/** The keys that films are encrypted with, and the master key that those are wrapped by. */
export function Keys() {
  const t = useTranslate();
  const action = useAction();
  const { data, error, reload } = useData('keys', (signal) => client.call<Schema.KeyList>('/api/admin/keys', { signal }), (keys) => (keys.running > 0 ? 2000 : null));
  if (error && !data) return <Problem error={error} onRetry={reload} />;
  const rotate = (body: Schema.RotateRequest): void =>
    void action.run(() => client.call<Schema.RotateAnswer>('/api/admin/keys/rotate', { method: 'POST', body }), t('storage.rotationBegun')).then(reload);
  const rewrap = (): void => void action.run(() => client.call<Schema.RewrapAnswer>('/api/admin/keys/rewrap', { method: 'POST' }), t('storage.rewrapped')).then(reload);
  const columns: Column<Schema.RotationAnswer>[] = [
    { id: 'video', title: t('storage.video'), heading: true, csv: ({ videoId }) => videoId, cell: ({ videoId, epoch }) => <>{videoId}<small className="field__hint">{t('storage.epoch', { number: epoch })}</small></> },
    { id: 'state', title: t('storage.state'), csv: ({ state }) => state, cell: ({ state, error: why }) => <><span className={`chip ${state === 'given_up' ? 'chip--danger' : state === 'done' ? 'chip--accent' : 'chip--brass'}`}>{t(states[state])}</span>{why && <small className="field__hint">{why}</small>}</> },
    { id: 'reason', title: t('storage.reason'), csv: ({ reason }) => reason, cell: ({ reason }) => t(reason === 'schedule' ? 'storage.bySchedule' : 'storage.byCommand') },
    { id: 'size', title: t('storage.size'), numeric: true, csv: ({ bytes: size }) => size, cell: ({ bytes: size }) => bytes(size, t) },
    { id: 'since', title: t('storage.begun'), csv: ({ createdAt }) => createdAt, cell: ({ createdAt }) => dateTime(createdAt) },
    { id: 'until', title: t('storage.finished'), csv: ({ finishedAt }) => finishedAt, cell: ({ finishedAt }) => (finishedAt ? dateTime(finishedAt) : '–') },
  ];
  const oldWrapped = data ? Object.entries(data.wrappedBy).reduce((sum, [key, number]) => (key === data.masterKey ? sum : sum + number), 0) : 0;
  return (
    <Section
      title={t('storage.keys')} lead={t('storage.keysLead')} testId="keys"
      actions={
        <>
          <AskButton label={t('storage.rotateAll')} title={t('storage.rotateAllTitle')} text={t('storage.rotateAllText')} confirm={t('storage.rotateAll')} onConfirm={() => rotate({ everything: true })} disabled={!data || action.busy} />
          <button type="button" className="button button--small" disabled={!data || action.busy} data-testid="rotate-due" onClick={() => rotate({})}>
            {t('storage.rotateDue')}
          </button>
          <button type="button" className="button button--small" disabled={!data || action.busy} data-testid="rewrap" onClick={rewrap}>
            {t('storage.rewrap')}
          </button>
        </>
      }
    >
      <Outcome action={action} testId="keys-outcome" />
      {!data && <Skeleton height="6rem" />}
      {data && (
        <>
          <Figures
            items={[
              { label: t('storage.masterKey'), value: <span className="long-words">{data.masterKey}</span> },
              { label: t('storage.oldWrapped'), value: count(oldWrapped), hint: t(oldWrapped ? 'storage.oldWrappedHint' : 'storage.allWrapped'), tone: oldWrapped ? 'brass' : undefined },
              { label: t('storage.every'), value: data.rotationDays === null ? t('storage.neverRotated') : t('storage.everyDays', { count: data.rotationDays }) },
              { label: t('storage.due'), value: count(data.due), hint: t('storage.nowRunning', { count: data.running }) },
            ]}
          />
          <DataTable caption={t('storage.rotations')} captionShown columns={columns} rows={data.rotations} rowKey={(row) => `${row.videoId} ${row.epoch}`} empty={<p className="field__hint">{t('storage.noRotations')}</p>} />
          {data.rotations.length > 0 && <CsvButton name="rotations" make={() => tableCsv(columns, data.rotations)} />}
        </>
      )}
    </Section>
  );
}
