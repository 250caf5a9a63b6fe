import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { count, dateTime } from '../../i18n/format';
import { DataTable, type Column } from '../../ui/DataTable';
import { Problem } from '../../pages/Problem';
import { useAction } from '../shared/hooks';
import { AskButton, Outcome, Section } from '../shared/parts';

/** What a student watches on, and what is open there now. Ending something here takes effect at its next request. */
export function StudentDevices({ userId }: { userId: string }) {
  const t = useTranslate();
  const action = useAction();
  const base = `/api/admin/users/${encodeURIComponent(userId)}`;
  const devices = useData(`devices ${userId}`, (signal) => client.call<Schema.Devices>(`${base}/devices`, { signal }));
  const sessions = useData(`sessions ${userId}`, (signal) => client.call<Schema.OpenSessions>(`${base}/sessions`, { signal }));
  const revoke = (body: Schema.Revocation): void =>
    void action
      .run(() => client.call<Schema.Revoked>('/api/admin/sessions/revoke', { method: 'POST', body }), t('students.ended'))
      .then(() => {
        devices.reload();
        sessions.reload();
      });

  const deviceColumns: Column<Schema.Device>[] = [
    { id: 'what', title: t('students.device'), heading: true, cell: ({ browser, system }) => `${browser} · ${system}` },
    { id: 'first', title: t('students.firstSeen'), cell: ({ firstSeenAt }) => dateTime(firstSeenAt) },
    { id: 'last', title: t('students.lastSeen'), cell: ({ lastSeenAt }) => dateTime(lastSeenAt) },
    { id: 'open', title: t('students.openSessions'), numeric: true, cell: ({ openSessions }) => count(openSessions) },
    {
      id: 'out', title: t('enrolments.actions'), titleHidden: true,
      cell: ({ id, openSessions }) => (
        <AskButton label={t('students.signOut')} title={t('students.signOutTitle')} text={t('students.signOutText')} confirm={t('students.signOut')} disabled={openSessions === 0} onConfirm={() => revoke({ userId, deviceId: id })} />
      ),
    },
  ];
  const sessionColumns: Column<Schema.OpenSession>[] = [
    { id: 'chapter', title: t('students.chapter'), heading: true, cell: ({ chapterId, courseId }) => <>{chapterId}<small className="field__hint">{courseId}</small></> },
    { id: 'state', title: t('students.state'), cell: ({ isActive }) => <span className={`chip ${isActive ? 'chip--accent' : ''}`}>{t(isActive ? 'students.watching' : 'students.idle')}</span> },
    { id: 'on', title: t('students.device'), cell: ({ browser, system }) => [browser, system].filter(Boolean).join(' · ') || '–' },
    { id: 'opened', title: t('students.openedAt'), cell: ({ openedAt }) => dateTime(openedAt) },
    {
      id: 'end', title: t('enrolments.actions'), titleHidden: true,
      cell: ({ id }) => <AskButton label={t('students.endSession')} title={t('students.endTitle')} text={t('students.endText')} confirm={t('students.endSession')} onConfirm={() => revoke({ sessionId: id })} />,
    },
  ];
  const broken = devices.error ?? sessions.error;
  if (broken && (!devices.data || !sessions.data)) return <Problem error={broken} onRetry={() => { devices.reload(); sessions.reload(); }} />;
  return (
    <>
      <Section title={t('students.devices')} lead={t('students.devicesLead')} testId="devices">
        <Outcome action={action} />
        <DataTable caption={t('students.devices')} columns={deviceColumns} rows={devices.data?.devices ?? null} rowKey={({ id }) => id} empty={<p className="field__hint">{t('students.noDevices')}</p>} />
      </Section>
      <Section
        title={t('students.sessions')}
        testId="sessions"
        actions={
          (sessions.data?.sessions.length ?? 0) > 0 && (
            <AskButton label={t('students.endAll')} title={t('students.endTitle')} text={t('students.endAllText', { user: userId })} confirm={t('students.endAll')} onConfirm={() => revoke({ userId })} />
          )
        }
      >
        <DataTable caption={t('students.sessions')} columns={sessionColumns} rows={sessions.data?.sessions ?? null} rowKey={({ id }) => id} empty={<p className="field__hint">{t('students.noSessions')}</p>} />
      </Section>
    </>
  );
}
