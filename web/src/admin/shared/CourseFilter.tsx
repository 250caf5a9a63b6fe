import { client } from '../../app/auth';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { SelectField } from './parts';

interface CourseFilterProps {
  value: string;
  onChange: (courseId: string) => void;
  /** Offers "all courses" as the first choice. */
  all?: boolean;
}

/** The courses that the reader teaches; admins see all. */
export function CourseFilter({ value, onChange, all }: CourseFilterProps) {
  const t = useTranslate();
  const { data } = useData('taught courses', (signal) => client.courses(signal));
  const taught = data?.courses.filter(({ isStaff }) => isStaff) ?? [];
  const first = [['', t(all ? 'adminCommon.allCourses' : 'adminCommon.chooseCourse')] as const];
  // What the address names is shown even while the list is on its way.
  const unknown = value !== '' && !taught.some(({ id }) => id === value) ? [[value, value] as const] : [];
  return (
    <SelectField label={t('adminCommon.course')} value={value} options={[...first, ...unknown, ...taught.map(({ id, title }) => [id, title] as const)]} onChange={onChange} testId="course-filter" />
  );
}
