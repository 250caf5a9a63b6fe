import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { bytes, count, day, money } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { Chart } from '../../ui/Chart';
import { CsvButton } from '../../ui/CsvButton';
import { DataTable, tableCsv, type Column } from '../../ui/DataTable';
import { Loading, Skeleton } from '../../ui/pieces';
import { Section } from '../shared/parts';

const providers: Record<Schema.ProviderCosts['provider'], string> = { r2: 'Cloudflare R2', s3_cloudfront: 'S3 + CloudFront', s3: 'S3', local: 'analytics.ownDisk' };
const origins: Record<Schema.Input['origin'], string> = {
  given: 'analytics.originGiven',
  measured: 'analytics.originMeasured',
  setting: 'analytics.originSetting',
  assumed: 'analytics.originAssumed',
  derived: 'analytics.originDerived',
};

/** A month by list prices. A name of the API's inputs is the API's own word, so it is shown as it stands there. */
export function CostsTab() {
  const t = useTranslate();
  const { data, error, reload } = useData('costs', (signal) => client.call<Schema.CostsAnswer>('/api/admin/costs', { signal }));
  if (error && !data) return <Problem error={error} onRetry={reload} />;
  if (!data) {
    return (
      <Loading>
        <Skeleton height="18rem" />
      </Loading>
    );
  }
  const named = (provider: Schema.ProviderCosts['provider']): string => (provider === 'local' ? t(providers.local) : providers[provider]);
  const priced = (value: number): string => money(value, data.currency ?? 'USD');
  const figure = (id: 'storage' | 'operations' | 'egress' | 'total', title: string): Column<Schema.ProviderCosts> => ({ id, title, numeric: true, csv: (row) => row[id], cell: (row) => priced(row[id]) });
  const bill: Column<Schema.ProviderCosts>[] = [
    { id: 'provider', title: t('analytics.provider'), heading: true, csv: ({ provider }) => named(provider), cell: ({ provider }) => named(provider) },
    figure('storage', t('analytics.storage')), figure('operations', t('analytics.operations')), figure('egress', t('analytics.egress')), figure('total', t('analytics.total')),
  ];
  const courses: Column<Schema.CourseCosts>[] = [
    { id: 'course', title: t('adminCommon.course'), heading: true, csv: ({ courseId }) => courseId, cell: ({ courseId }) => courseId },
    { id: 'stored', title: t('analytics.stored'), numeric: true, csv: ({ storedBytes }) => storedBytes, cell: ({ storedBytes }) => bytes(storedBytes, t) },
    { id: 'sent', title: t('analytics.sent'), numeric: true, csv: ({ egressBytes }) => egressBytes, cell: ({ egressBytes }) => bytes(egressBytes, t) },
    ...data.providers.map(({ provider }): Column<Schema.CourseCosts> => {
      const total = (row: Schema.CourseCosts): number => row.providers.find((one) => one.provider === provider)?.total ?? 0;
      return { id: provider, title: named(provider), numeric: true, csv: total, cell: (row) => priced(total(row)) };
    }),
  ];
  const inputs: Column<Schema.Input>[] = [
    { id: 'name', title: t('analytics.input'), heading: true, csv: ({ name }) => name, cell: ({ name }) => <code>{name}</code> },
    { id: 'value', title: t('analytics.value'), numeric: true, csv: ({ value }) => value, cell: ({ value, unit }) => `${count(value, 2)} ${unit}` },
    { id: 'origin', title: t('analytics.origin'), csv: ({ origin }) => origin, cell: ({ origin }) => t(origins[origin]) },
  ];
  return (
    <>
      <Chart
        kind="bar" stacked title={t('analytics.monthlyCosts')} axis={t('analytics.provider')} csvName="costs" labels={data.providers.map(({ provider }) => named(provider))} format={priced}
        series={[
          { label: t('analytics.storage'), values: data.providers.map(({ storage }) => storage) },
          { label: t('analytics.operations'), values: data.providers.map(({ operations }) => operations), tone: 'danger' },
          { label: t('analytics.egress'), values: data.providers.map(({ egress }) => egress), tone: 'brass' },
        ]}
      />
      <Section title={t('analytics.bill')} lead={t('analytics.costsLead', { day: day(data.pricesAsOf) })} actions={<CsvButton name="costs" make={() => tableCsv(bill, data.providers)} />}>
        <DataTable caption={t('analytics.bill')} columns={bill} rows={data.providers} rowKey={({ provider }) => provider} testId="costs" />
      </Section>
      <Section title={t('analytics.costsByCourse')} actions={<CsvButton name="costs-by-course" make={() => tableCsv(courses, data.courses)} />}>
        <DataTable caption={t('analytics.costsByCourse')} columns={courses} rows={data.courses} rowKey={({ courseId }) => courseId} empty={<p className="field__hint">{t('analytics.emptyText')}</p>} />
      </Section>
      <Section title={t('analytics.inputs')} lead={t('analytics.inputsLead')} actions={<CsvButton name="cost-inputs" make={() => tableCsv(inputs, data.inputs)} />}>
        <DataTable caption={t('analytics.inputs')} columns={inputs} rows={data.inputs} rowKey={({ name }) => name} />
      </Section>
    </>
  );
}
