import { useAuth } from '../../app/auth';
import { paths, useQuery } from '../../app/router';
import { useTranslate } from '../../i18n';
import { CourseFilter } from '../shared/CourseFilter';
import { AdminPage, Tabs, TextField } from '../shared/parts';
import { BandwidthTab } from './BandwidthTab';
import { ChaptersTab } from './ChaptersTab';
import { CostsTab } from './CostsTab';
import { ExperienceTab } from './ExperienceTab';
import { VideosTab } from './VideosTab';

/** What every tab is filtered by; empty where nothing was chosen. */
export interface Span {
  courseId: string;
  from: string;
  to: string;
}

const tabs = ['videos', 'chapters', 'experience', 'bandwidth', 'costs'] as const;
const labels: Record<(typeof tabs)[number], string> = {
  videos: 'analytics.tabVideos',
  chapters: 'analytics.tabChapters',
  experience: 'analytics.tabExperience',
  bandwidth: 'analytics.tabBandwidth',
  costs: 'analytics.tabCosts',
};

export default function AnalyticsPage() {
  const t = useTranslate();
  const isAdmin = useAuth().me?.role === 'admin';
  const [query, change] = useQuery();
  const offered = tabs.filter((name) => name !== 'costs' || isAdmin);
  const tab = offered.find((name) => name === query.get('tab')) ?? 'videos';
  const span: Span = { courseId: query.get('course') ?? '', from: query.get('from') ?? '', to: query.get('to') ?? '' };
  const to = (name: string): string => {
    const left = new URLSearchParams(query);
    left.set('tab', name);
    left.delete('sort');
    return `${paths.adminAnalytics()}?${left}`;
  };
  return (
    <AdminPage title={t('analytics.title')} lead={t('analytics.lead')} testId="analytics-page">
      <Tabs label={t('analytics.title')} current={tab} tabs={offered.map((id) => ({ id, label: t(labels[id]), to: to(id) }))} />
      {tab !== 'costs' && (
        <div className="panel form form--row">
          <CourseFilter all value={span.courseId} onChange={(course) => change({ course })} />
          <TextField label={t('analytics.from')} type="date" value={span.from} max={span.to || undefined} onChange={(from) => change({ from }, { replace: true })} />
          <TextField label={t('analytics.to')} type="date" value={span.to} min={span.from || undefined} onChange={(until) => change({ to: until }, { replace: true })} />
        </div>
      )}
      {tab === 'videos' && <VideosTab span={span} />}
      {tab === 'chapters' && <ChaptersTab span={span} />}
      {tab === 'experience' && <ExperienceTab span={span} />}
      {tab === 'bandwidth' && <BandwidthTab span={span} />}
      {tab === 'costs' && <CostsTab />}
    </AdminPage>
  );
}
