import { useState } from 'react';
import { ApiError } from '../../api/errors';
import type { Course } from '../../api/types';
import { client } from '../../app/auth';
import { useTranslate } from '../../i18n';
import { ConfirmDialog } from '../../ui/pieces';
import { useAction } from '../shared/hooks';
import { Check, Outcome, Section, SelectField, TextField } from '../shared/parts';
import { changesOf, draftOf, inputOf, isSame, type Change, type ChangeKind, type Draft } from './draft';
import { ChapterList } from './ChapterList';
import { useUnsaved } from './useUnsaved';

const said: Record<ChangeKind, string> = {
  rules: 'adminCourses.changeRules',
  added: 'adminCourses.changeAdded',
  removed: 'adminCourses.changeRemoved',
  changed: 'adminCourses.changeChanged',
  moved: 'adminCourses.changeMoved',
};

/** A save replaces the whole course, so all of it is edited here first and sent at once. */
export function CourseEditor({ course, onSaved }: { course: Course; onSaved: () => void }) {
  const t = useTranslate();
  const [base, setBase] = useState<Draft>(() => draftOf(course));
  const [draft, setDraft] = useState<Draft>(base);
  const action = useAction();
  const changes = changesOf(base, draft);
  const dirty = changes.length > 0;
  const leaving = useUnsaved(dirty);
  const change = (part: Partial<Draft>): void => {
    action.clear();
    setDraft({ ...draft, ...part });
  };
  const incomplete = draft.title.trim() === '' || draft.chapters.some(({ title }) => title.trim() === '');

  async function save(): Promise<void> {
    const path = `/api/courses/${encodeURIComponent(course.id)}`;
    const fresh = draftOf(await client.call<Course>(path));
    // Somebody else's work is not overwritten unseen.
    if (!isSame(fresh, base)) throw new ApiError(409, { code: 'changed_meanwhile' });
    await client.call(`/api/admin/courses/${encodeURIComponent(course.id)}`, { method: 'PUT', body: inputOf(draft) });
    const kept = draftOf(await client.call<Course>(path));
    setBase(kept);
    setDraft(kept);
    onSaved();
  }

  return (
    <div className="stack" data-testid="course-editor" data-dirty={dirty}>
      <Rules draft={draft} change={change} />
      <ChapterList draft={draft} withFilm={new Set(course.chapters.filter(({ videoId }) => videoId).map(({ id }) => id))} onChange={(chapters) => change({ chapters })} />
      <div className="save-bar panel" data-testid="save-bar">
        <Changes changes={changes} />
        <Outcome action={action} testId="course-outcome" />
        <div className="bar-of-tools__end">
          <button type="button" className="button" disabled={!dirty || action.busy} data-testid="discard" onClick={() => { action.clear(); setDraft(base); }}>
            {t('adminCourses.discard')}
          </button>
          <button
            type="button"
            className="button button--primary"
            disabled={!dirty || incomplete || action.busy}
            data-testid="save"
            onClick={() => void action.run(save, t('adminCourses.saved'))}
          >
            {t('adminCourses.save')}
          </button>
        </div>
        {action.error?.code === 'changed_meanwhile' && (
          <button type="button" className="button button--small" onClick={() => location.reload()}>
            {t('adminCourses.reload')}
          </button>
        )}
      </div>
      {leaving.to !== null && (
        <ConfirmDialog title={t('adminCourses.leaveTitle')} text={t('adminCourses.leaveText')} confirm={t('adminCourses.leaveYes')} onConfirm={leaving.leave} onCancel={leaving.stay} />
      )}
    </div>
  );
}

function Changes({ changes }: { changes: Change[] }) {
  const t = useTranslate();
  if (changes.length === 0) return <p className="field__hint">{t('adminCourses.noChanges')}</p>;
  return (
    <ul className="save-bar__changes" aria-label={t('adminCourses.changes')}>
      {changes.map(({ kind, title }, index) => (
        <li key={index} className={`chip ${kind === 'removed' ? 'chip--danger' : 'chip--brass'}`}>
          {t(said[kind], { title })}
        </li>
      ))}
    </ul>
  );
}

function Rules({ draft, change }: { draft: Draft; change: (part: Partial<Draft>) => void }) {
  const t = useTranslate();
  return (
    <Section title={t('adminCourses.rules')}>
      <div className="panel form">
        <TextField label={t('adminCourses.courseTitle')} value={draft.title} required maxLength={500} data-testid="course-title" onChange={(title) => change({ title })} />
        <div className="form__pair">
          <TextField
            label={t('adminCourses.completion')}
            hint={t('adminCourses.completionHint')}
            type="number"
            min={1}
            max={100}
            value={String(draft.completionPercentage)}
            onChange={(value) => change({ completionPercentage: Math.min(100, Math.max(1, Number(value) || 1)) })}
          />
          <SelectField
            label={t('adminCourses.downloads')}
            value={draft.downloads}
            options={[['off', t('adminCourses.downloadsOff')], ['enrolled', t('adminCourses.downloadsEnrolled')]]}
            onChange={(value) => change({ downloads: value === 'enrolled' ? 'enrolled' : 'off' })}
          />
        </div>
        <Check label={t('adminCourses.sequential')} hint={t('adminCourses.sequentialHint')} checked={draft.isSequential} testId="course-sequential" onChange={(isSequential) => change({ isSequential })} />
        <Check label={t('adminCourses.mayComplete')} hint={t('adminCourses.mayCompleteHint')} checked={draft.studentsMayComplete} onChange={(studentsMayComplete) => change({ studentsMayComplete })} />
      </div>
    </Section>
  );
}
