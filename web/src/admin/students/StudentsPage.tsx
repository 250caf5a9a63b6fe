import { useState } from 'react';
import { navigate, paths, useQuery } from '../../app/router';
import { useTranslate } from '../../i18n';
import { Notice } from '../../ui/pieces';
import { isId } from '../course/draft';
import { CourseFilter } from '../shared/CourseFilter';
import { AdminPage, Tabs, TextField } from '../shared/parts';
import { Matrix } from './Matrix';
import { StrugglingList } from './StrugglingList';

export default function StudentsPage() {
  const t = useTranslate();
  const [query, change] = useQuery();
  const course = query.get('course') ?? '';
  const tab = query.get('tab') === 'struggling' ? 'struggling' : 'matrix';
  const to = (name: string): string => {
    const left = new URLSearchParams({ ...(course && { course }), ...(name === 'struggling' && { tab: name }) }).toString();
    return paths.adminStudents() + (left && `?${left}`);
  };
  return (
    <AdminPage title={t('students.title')} lead={t('students.lead')} testId="students-page">
      <div className="panel form form--row">
        <CourseFilter value={course} all={tab === 'struggling'} onChange={(chosen) => change({ course: chosen })} />
        <FindStudent />
      </div>
      <Tabs
        label={t('students.title')}
        current={tab}
        tabs={[
          { id: 'matrix', label: t('students.tabMatrix'), to: to('matrix') },
          { id: 'struggling', label: t('students.tabStruggling'), to: to('struggling') },
        ]}
      />
      {tab === 'struggling' && <StrugglingList courseId={course} />}
      {tab === 'matrix' && course !== '' && <Matrix key={course} courseId={course} />}
      {tab === 'matrix' && course === '' && <Notice icon="people" title={t('students.chooseTitle')} text={t('students.chooseText')} />}
    </AdminPage>
  );
}

function FindStudent() {
  const t = useTranslate();
  const [id, setId] = useState('');
  return (
    <form className="form--row" onSubmit={(event) => { event.preventDefault(); if (isId(id.trim())) navigate(paths.adminStudent(id.trim())); }}>
      <TextField label={t('students.findLabel')} value={id} onChange={setId} data-testid="find-student" />
      <button type="submit" className="button" disabled={!isId(id.trim())}>
        {t('students.find')}
      </button>
    </form>
  );
}
