import { useMemo, useState } from 'react';
import { pathOf } from '../../api/client';
import type * as Schema from '../../api/schema';
import { client } from '../../app/auth';
import { Link, paths } from '../../app/router';
import { useTranslate } from '../../i18n';
import { dateTime } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { DataTable, type Column } from '../../ui/DataTable';
import { Notice } from '../../ui/pieces';
import { useAction, usePages, type LoadPage } from '../shared/hooks';
import { ListCsv } from '../shared/ListCsv';
import { AskButton, Outcome, Section, TextField } from '../shared/parts';
import { pastedIds } from './draft';

type Row = Schema.ListedEnrollment;
const MOST = 10_000;

const loader =
  (courseId: string): LoadPage<Row> =>
  async (after, signal) => {
    const page = await client.call<Schema.EnrollmentPage>(pathOf('/api/admin/enrollments', { courseId, after }), { signal });
    return { items: page.enrollments, next: page.next };
  };

/** Who is enrolled in a course: many at once by pasting their ids, one by one by a button. */
export function Enrolments({ courseId }: { courseId: string }) {
  const t = useTranslate();
  const load = useMemo(() => loader(courseId), [courseId]);
  const { rows, error, more, busy, reload } = usePages(`enrolments ${courseId}`, load);
  const action = useAction();
  const { run } = action;
  const columns = useMemo<Column<Row>[]>(() => {
    const time = (value: string | null): string => (value === null ? '–' : dateTime(value));
    return [
      {
        id: 'user', title: t('enrolments.student'), heading: true, csv: ({ userId }) => userId,
        cell: ({ userId }) => <Link to={paths.adminStudent(userId)} className="text-link">{userId}</Link>,
      },
      { id: 'state', title: t('enrolments.state'), csv: ({ isRunning }) => isRunning, cell: ({ isRunning }) => <span className={`chip ${isRunning ? 'chip--accent' : ''}`}>{t(isRunning ? 'enrolments.running' : 'enrolments.notRunning')}</span> },
      { id: 'from', title: t('enrolments.from'), csv: ({ startsAt }) => startsAt, cell: ({ startsAt }) => time(startsAt) },
      { id: 'until', title: t('enrolments.until'), csv: ({ endsAt }) => endsAt, cell: ({ endsAt }) => time(endsAt) },
      { id: 'since', title: t('enrolments.since'), csv: ({ createdAt }) => createdAt, cell: ({ createdAt }) => time(createdAt) },
      {
        id: 'withdraw', title: t('enrolments.actions'), titleHidden: true,
        cell: ({ userId }) => (
          <AskButton
            label={t('enrolments.withdraw')} title={t('enrolments.withdrawTitle')} text={t('enrolments.withdrawText', { user: userId })} confirm={t('enrolments.withdraw')}
            onConfirm={() => void run(() => client.call(`/api/admin/enrollments/${encodeURIComponent(courseId)}/${encodeURIComponent(userId)}`, { method: 'DELETE' }), t('enrolments.withdrawn', { count: 1 })).then(reload)}
          />
        ),
      },
    ];
  }, [t, courseId, run, reload]);
  return (
    <div className="stack" data-testid="enrolments">
      <Paste courseId={courseId} onDone={reload} />
      <Section title={t('enrolments.title')} actions={<ListCsv name={`enrolments-${courseId}`} columns={columns} load={load} />}>
        <Outcome action={action} />
        {error && !rows ? (
          <Problem error={error} onRetry={reload} />
        ) : (
          <DataTable
            caption={t('enrolments.title')} columns={columns} rows={rows} rowKey={({ userId }) => userId} more={more} busy={busy} testId="enrolment-table"
            empty={<Notice icon="people" title={t('enrolments.emptyTitle')} text={t('enrolments.emptyText')} />}
          />
        )}
      </Section>
    </div>
  );
}

interface Told {
  text: string;
  refused: Schema.RefusedRow[];
}

function Paste({ courseId, onDone }: { courseId: string; onDone: () => void }) {
  const t = useTranslate();
  const action = useAction();
  const [text, setText] = useState('');
  const [starts, setStarts] = useState('');
  const [ends, setEnds] = useState('');
  const [told, setTold] = useState<Told | null>(null);
  const { ids, wrong } = pastedIds(text);
  const moment = (local: string): string | null => (local === '' ? null : new Date(local).toISOString());

  async function enrol(): Promise<void> {
    const rows = ids.map((userId) => ({ courseId, userId, startsAt: moment(starts), endsAt: moment(ends) }));
    const { enrolled, errors } = await client.call<Schema.Enrolled>('/api/admin/enrollments', { method: 'POST', body: rows });
    setTold({ text: t('enrolments.enrolled', { count: enrolled }), refused: errors });
    if (errors.length === 0) setText('');
  }
  async function withdraw(): Promise<void> {
    const rows = ids.map((userId) => ({ courseId, userId }));
    const { withdrawn, errors } = await client.call<Schema.Withdrawn>('/api/admin/enrollments/withdraw', { method: 'POST', body: rows });
    setTold({ text: t('enrolments.withdrawn', { count: withdrawn }), refused: errors });
    if (errors.length === 0) setText('');
  }
  const ready = ids.length > 0 && ids.length <= MOST && !action.busy;
  return (
    <Section title={t('enrolments.addTitle')} lead={t('enrolments.addLead')}>
      <div className="panel form">
        <label className="field">
          <span className="field__label">{t('enrolments.ids')}</span>
          <textarea className="field__input" rows={4} value={text} data-testid="enrol-ids" spellCheck={false} onChange={({ target }) => setText(target.value)} />
          <span className="field__hint" role="status">
            {ids.length > 0 && t('enrolments.read', { count: ids.length })} {ids.length > MOST && t('adminError.tooManyRows')}
          </span>
        </label>
        {wrong.length > 0 && <p className="field__error">{t('enrolments.wrong', { words: wrong.slice(0, 5).join(', ') })}</p>}
        <div className="form__pair">
          <TextField label={t('enrolments.from')} hint={t('enrolments.fromHint')} type="datetime-local" value={starts} onChange={setStarts} />
          <TextField label={t('enrolments.until')} hint={t('enrolments.untilHint')} type="datetime-local" value={ends} onChange={setEnds} />
        </div>
        <div className="bar-of-tools__end">
          <AskButton
            label={t('enrolments.withdrawThese')} title={t('enrolments.withdrawTitle')} text={t('enrolments.withdrawManyText', { count: ids.length })} confirm={t('enrolments.withdraw')}
            disabled={!ready} onConfirm={() => void action.run(withdraw).then(onDone)}
          />
          <button type="button" className="button button--primary button--small" disabled={!ready} data-testid="enrol" onClick={() => void action.run(enrol).then(onDone)}>
            {t('enrolments.enrol')}
          </button>
        </div>
        <Outcome action={action} />
        <div role="status" data-testid="enrol-outcome">
          {told && <p>{told.text}</p>}
          {told && told.refused.length > 0 && (
            <ul className="plain-list">
              {told.refused.slice(0, 20).map(({ index, code, detail }) => (
                <li key={index} className="field__error">
                  {ids[index]}: {detail} <small>{t('common.code', { code })}</small>
                </li>
              ))}
            </ul>
          )}
        </div>
      </div>
    </Section>
  );
}
