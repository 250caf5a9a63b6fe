import { client } from '../../app/auth';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { Loading, Notice, Skeleton } from '../../ui/pieces';
import { Icon } from '../../ui/Icon';
import { Problem } from '../../pages/Problem';
import { Workers } from '../jobs/Workers';
import { AdminPage, Section } from '../shared/parts';
import { meaningOf } from './meaning';

interface Health {
  status: 'ok' | 'unavailable';
  checks: Record<string, string>;
  sandbox: Record<string, boolean> | null;
}

/** The answer has the same shape whether all is well (200) or not (503). */
async function ask(signal: AbortSignal): Promise<Health> {
  const answer = await fetch(client.url('/health/ready'), { signal });
  return (await answer.json()) as Health;
}

export default function HealthPage() {
  const t = useTranslate();
  const { data, error, reload } = useData('health', ask, () => 10_000);
  const broken = Object.values(data?.checks ?? {}).filter((state) => state !== 'ok').length;
  return (
    <AdminPage title={t('health.title')} lead={t('health.lead')} testId="health-page" actions={<button type="button" className="button" onClick={reload}>{t('health.again')}</button>}>
      {error && !data && <Problem error={error} onRetry={reload} />}
      {!data && !error && (
        <Loading>
          <Skeleton height="14rem" />
        </Loading>
      )}
      {data && (
        <>
          <Notice
            icon={broken ? 'alert' : 'check'} problem={broken > 0} testId="health-summary"
            title={broken ? t('health.brokenTitle', { count: broken }) : t('health.fineTitle')}
            text={t(broken ? 'health.brokenText' : 'health.fineText')}
          />
          <Section title={t('health.parts')}>
            <ul className="stack" data-testid="health-parts">
              {Object.entries(data.checks).toSorted(([, one], [, other]) => Number(one === 'ok') - Number(other === 'ok')).map(([name, state]) => (
                <Part key={name} name={name} state={state} />
              ))}
            </ul>
          </Section>
          {data.sandbox && Object.keys(data.sandbox).length > 0 && <Sandbox walls={data.sandbox} />}
        </>
      )}
      <Workers />
    </AdminPage>
  );
}

function Part({ name, state }: { name: string; state: string }) {
  const t = useTranslate();
  const fine = state === 'ok';
  const { title, what, advice } = meaningOf(name);
  return (
    <li className="panel health-part" data-testid="health-part" data-part={name} data-state={fine ? 'ok' : 'broken'}>
      <span className="health-part__mark" data-fine={fine}>
        <Icon name={fine ? 'check' : 'alert'} />
      </span>
      <div>
        <h3>
          {title ? t(title) : name} <span className={`chip ${fine ? 'chip--accent' : 'chip--danger'}`}>{t(fine ? 'health.ok' : 'health.notOk')}</span>
        </h3>
        <p>{what ? t(what) : null} <small className="field__hint">{name}</small></p>
        {!fine && (
          <>
            <p>{t(advice)}</p>
            <code className="excerpt">{state}</code>
          </>
        )}
      </div>
    </li>
  );
}

function Sandbox({ walls }: { walls: Record<string, boolean> }) {
  const t = useTranslate();
  return (
    <Section title={t('health.sandbox')} lead={t('health.sandboxLead')}>
      <p className="chips">
        {Object.entries(walls).map(([wall, stands]) => (
          <span key={wall} className={`chip ${stands ? 'chip--accent' : 'chip--danger'}`}>
            {wall}: {t(stands ? 'health.stands' : 'health.standsNot')}
          </span>
        ))}
      </p>
    </Section>
  );
}
