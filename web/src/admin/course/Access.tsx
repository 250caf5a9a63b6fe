import { useState } from 'react';
import { pathOf } from '../../api/client';
import type * as Schema from '../../api/schema';
import type { Course } from '../../api/types';
import { client } from '../../app/auth';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { bytes, dateTime } from '../../i18n/format';
import { Icon } from '../../ui/Icon';
import { Bar, Skeleton } from '../../ui/pieces';
import { useAction } from '../shared/hooks';
import { AskButton, Outcome, Secret, Section, SelectField, TextField } from '../shared/parts';
import { isId } from './draft';

const GB = 1024 ** 3;
const at = encodeURIComponent;

/** Who teaches a course, how much it may take up, and the links by which others may send it a film. */
export function CourseAccess({ course, isAdmin, onChange }: { course: Course; isAdmin: boolean; onChange: () => void }) {
  return (
    <div className="stack">
      {isAdmin && <Instructors course={course} onChange={onChange} />}
      {isAdmin && <CourseQuota courseId={course.id} />}
      <UploadLinks course={course} />
    </div>
  );
}

function Instructors({ course, onChange }: { course: Course; onChange: () => void }) {
  const t = useTranslate();
  const action = useAction();
  const [id, setId] = useState('');
  const path = (user: string): string => `/api/admin/courses/${at(course.id)}/instructors/${at(user)}`;
  const add = (): Promise<void> =>
    action.run(() => client.call(path(id), { method: 'PUT' }), t('adminCourses.instructorAdded', { user: id })).then((done) => {
      if (!done) return;
      setId('');
      onChange();
    });
  const people = course.instructors ?? [];
  return (
    <Section title={t('adminCourses.instructors')} lead={t('adminCourses.instructorsLead')} testId="instructors">
      <div className="panel form">
        {people.length === 0 && <p className="field__hint">{t('adminCourses.noInstructors')}</p>}
        <ul className="plain-list">
          {people.map((user) => (
            <li key={user} className="line">
              <span className="long-words">{user}</span>
              <AskButton
                label={t('adminCourses.instructorRemove')} title={t('adminCourses.instructorRemoveTitle')} text={t('adminCourses.instructorRemoveText', { user })} confirm={t('adminCourses.instructorRemove')}
                onConfirm={() => void action.run(() => client.call(path(user), { method: 'DELETE' })).then(onChange)}
              />
            </li>
          ))}
        </ul>
        <form className="form--row" onSubmit={(event) => { event.preventDefault(); if (isId(id)) void add(); }}>
          <TextField label={t('adminCourses.instructorId')} value={id} onChange={setId} data-testid="instructor-id" />
          <button type="submit" className="button" disabled={!isId(id) || action.busy} data-testid="instructor-add">
            {t('adminCourses.instructorAdd')}
          </button>
        </form>
        <Outcome action={action} />
      </div>
    </Section>
  );
}

function CourseQuota({ courseId }: { courseId: string }) {
  const t = useTranslate();
  const action = useAction();
  const path = `/api/admin/courses/${at(courseId)}/quota`;
  const { data, error, set } = useData(`quota ${courseId}`, (signal) => client.call<Schema.QuotaAnswer>(path, { signal }));
  const [typed, setTyped] = useState<string | null>(null);
  const own = data?.quotaBytes === null || data === null ? '' : String(Math.round((data.quotaBytes / GB) * 100) / 100);
  const value = typed ?? own;
  const wrong = value !== '' && !(Number(value) >= 0);
  const save = async (): Promise<void> => {
    const body = { quotaBytes: value === '' ? null : Math.round(Number(value) * GB) };
    const kept = await client.call<Schema.QuotaAnswer>(path, { method: 'PUT', body });
    set(() => kept);
    setTyped(null);
  };
  return (
    <Section title={t('adminCourses.quota')} lead={t('adminCourses.quotaLead')} testId="quota">
      <div className="panel form">
        {error && !data && <p className="field__error">{t('error.serverText')}</p>}
        {!data && !error && <Skeleton height="2rem" />}
        {data && (
          <>
            <p>{data.effectiveBytes ? t('adminCourses.quotaUsed', { used: bytes(data.usedBytes, t), of: bytes(data.effectiveBytes, t) }) : t('adminCourses.quotaUnlimited', { used: bytes(data.usedBytes, t) })}</p>
            {data.effectiveBytes > 0 && <Bar value={(100 * data.usedBytes) / data.effectiveBytes} label={t('adminCourses.quota')} />}
          </>
        )}
        <form className="form--row" onSubmit={(event) => { event.preventDefault(); void action.run(save, t('adminCourses.quotaSaved')); }}>
          <TextField label={t('adminCourses.quotaGb')} hint={t('adminCourses.quotaHint')} type="number" min={0} step="any" value={value} onChange={setTyped} />
          <button type="submit" className="button" disabled={typed === null || wrong || action.busy}>
            {t('adminCourses.quotaSave')}
          </button>
        </form>
        <Outcome action={action} />
      </div>
    </Section>
  );
}

function UploadLinks({ course }: { course: Course }) {
  const t = useTranslate();
  const action = useAction();
  const { data, error, reload } = useData(`links ${course.id}`, (signal) => client.call<Schema.LinkList>(pathOf('/api/upload-links', { courseId: course.id }), { signal }));
  const [chapterId, setChapterId] = useState(course.chapters[0]?.id ?? '');
  const [days, setDays] = useState('7');
  const [made, setMade] = useState<Schema.NewLink | null>(null);
  const chapter = course.chapters.find(({ id }) => id === chapterId);
  const named = (link: Schema.LinkAnswer): string =>
    course.chapters.find(({ id, videoId }) => id === link.chapterId || (videoId !== null && videoId === link.videoId))?.title ?? link.chapterId ?? link.videoId ?? '';
  const make = async (): Promise<void> => {
    const what = chapter?.videoId ? { videoId: chapter.videoId } : { chapterId };
    setMade(await client.call<Schema.NewLink>('/api/upload-links', { method: 'POST', body: { ...what, expiresIn: Math.round(Number(days) * 86_400) } }));
    reload();
  };
  return (
    <Section title={t('adminCourses.links')} lead={t('adminCourses.linksLead')} testId="upload-links">
      <div className="panel form">
        {course.chapters.length > 0 && (
          <form className="form--row" onSubmit={(event) => { event.preventDefault(); void action.run(make); }}>
            <SelectField label={t('adminCourses.linkFor')} value={chapterId} options={course.chapters.map(({ id, title, videoId }) => [id, videoId ? t('adminCourses.linkReplaces', { title }) : title] as const)} onChange={setChapterId} />
            <TextField label={t('adminCourses.linkDays')} type="number" min={1} max={90} value={days} onChange={setDays} />
            <button type="submit" className="button" disabled={action.busy || !(Number(days) > 0)} data-testid="link-make">
              <Icon name="plus" />
              {t('adminCourses.linkMake')}
            </button>
          </form>
        )}
        {made && (
          <>
            <Secret label={t('adminCourses.linkMade', { until: dateTime(made.expiresAt) })} value={made.formUrl} shown testId="link-url" />
            <Secret label={t('adminCourses.linkTus')} value={made.tusUrl} shown testId="link-tus" />
          </>
        )}
        <Outcome action={action} />
        {error && !data && <p className="field__error">{t('error.serverText')}</p>}
        {data?.links.length === 0 && <p className="field__hint">{t('adminCourses.noLinks')}</p>}
        <ul className="plain-list">
          {data?.links.map((link) => (
            <li key={link.linkId} className="line">
              <span>
                {named(link)} <small className="field__hint">{t('adminCourses.linkUntil', { until: dateTime(link.expiresAt), user: link.createdBy })}</small>
              </span>
              <AskButton
                label={t('adminCourses.linkRevoke')} title={t('adminCourses.linkRevokeTitle')} text={t('adminCourses.linkRevokeText')} confirm={t('adminCourses.linkRevoke')}
                onConfirm={() => void action.run(() => client.call(`/api/upload-links/${at(link.linkId)}`, { method: 'DELETE' })).then(reload)}
              />
            </li>
          ))}
        </ul>
      </div>
    </Section>
  );
}
