import { paths, useQuery } from '../../app/router';
import { useTranslate } from '../../i18n';
import { AdminPage, Tabs } from '../shared/parts';
import { ApiKeys } from './ApiKeys';
import { AuditLog } from './AuditLog';

/** What a back end may do here, and what was decided about access. */
export default function AccessPage() {
  const t = useTranslate();
  const [query] = useQuery();
  const tab = query.get('tab') === 'audit' ? 'audit' : 'keys';
  return (
    <AdminPage title={t('access.title')} lead={t('access.lead')} testId="access-page">
      <Tabs
        label={t('access.title')} current={tab}
        tabs={[
          { id: 'keys', label: t('access.tabKeys'), to: paths.adminAccess() },
          { id: 'audit', label: t('access.tabAudit'), to: `${paths.adminAccess()}?tab=audit` },
        ]}
      />
      {tab === 'keys' ? <ApiKeys /> : <AuditLog />}
    </AdminPage>
  );
}
