import { pathOf } from '../../api/client';
import type * as Schema from '../../api/schema';
import { client, useAuth } from '../../app/auth';
import { paths } from '../../app/router';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { count, day, duration } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { Chart } from '../../ui/Chart';
import { Loading, Skeleton } from '../../ui/pieces';
import { AdminPage, Figures } from '../shared/parts';
import { PersonalData } from './PersonalData';
import { StudentChapters } from './StudentChapters';
import { StudentDevices } from './StudentDevices';

/** One student: what they watched, when, on what, and what can be done for them. */
export default function StudentPage({ userId }: { userId: string }) {
  const t = useTranslate();
  const isAdmin = useAuth().me?.role === 'admin';
  return (
    <AdminPage title={userId} lead={t('students.oneLead')} back={{ to: paths.adminStudents(), label: t('students.title') }} testId="student-page">
      {isAdmin && <Overview userId={userId} />}
      <StudentChapters userId={userId} />
      {isAdmin && <StudentDevices userId={userId} />}
      {isAdmin && <PersonalData userId={userId} />}
    </AdminPage>
  );
}

function Overview({ userId }: { userId: string }) {
  const t = useTranslate();
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const { data, error, reload } = useData(`stats ${userId}`, (signal) => client.call<Schema.Stats>(pathOf('/api/progress/stats', { userId, tz: zone }), { signal }));
  if (error && !data) return <Problem error={error} onRetry={reload} />;
  if (!data) {
    return (
      <Loading>
        <Skeleton height="5rem" />
        <Skeleton height="18rem" />
      </Loading>
    );
  }
  const days = data.days.toSorted((one, other) => one.date.localeCompare(other.date));
  return (
    <>
      <Figures
        items={[
          { label: t('students.watchTime'), value: duration(data.totalWatchTime, t) },
          { label: t('students.chaptersDone'), value: count(data.chaptersCompleted) },
          { label: t('students.courses'), value: t('students.coursesOf', { done: data.coursesCompleted, begun: data.coursesStarted }) },
          { label: t('students.streak'), value: t('students.days', { count: data.currentStreak }), hint: t('students.longest', { count: data.longestStreak }) },
        ]}
      />
      {days.length > 0 && (
        <Chart
          kind="bar" title={t('students.daysTitle')} axis={t('adminCommon.day')} csvName={`watching-${userId}`}
          labels={days.map(({ date }) => day(date))}
          series={[{ label: t('students.minutes'), values: days.map(({ seconds }) => Math.round(seconds / 6) / 10) }]}
          format={(value) => count(value, 1)}
        />
      )}
    </>
  );
}
