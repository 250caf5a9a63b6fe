import { useEffect, useRef, type ReactNode } from 'react';
import type { Me } from '../api/types';
import { Link, paths, usePath } from '../app/router';
import { useTranslate } from '../i18n';
import { Icon } from '../ui/Icon';
import type { IconName } from '../ui/icons';
import './layout.css';

interface Section {
  name: string;
  to: string;
  icon: IconName;
  label: string;
  /** The API answers it to admins alone. */
  adminOnly?: boolean;
  /** Addresses that belong to it beside its own and those below. */
  also?: string;
}

const sections: Section[] = [
  { name: 'videos', to: paths.adminVideos(), icon: 'library', label: 'adminNav.library' },
  { name: 'courses', to: paths.admin(), icon: 'book', label: 'adminNav.courses', also: '/admin/courses' },
  { name: 'analytics', to: paths.adminAnalytics(), icon: 'chart', label: 'adminNav.analytics' },
  { name: 'students', to: paths.adminStudents(), icon: 'people', label: 'adminNav.students' },
  { name: 'jobs', to: paths.adminJobs(), icon: 'jobs', label: 'adminNav.jobs', adminOnly: true },
  { name: 'storage', to: paths.adminStorage(), icon: 'disk', label: 'adminNav.storage', adminOnly: true },
  { name: 'webhooks', to: paths.adminWebhooks(), icon: 'hook', label: 'adminNav.webhooks', adminOnly: true },
  { name: 'access', to: paths.adminAccess(), icon: 'lock', label: 'access.nav', adminOnly: true },
  { name: 'health', to: paths.adminHealth(), icon: 'pulse', label: 'adminNav.health', adminOnly: true },
];

function isIn(path: string, { to, also }: Section): boolean {
  const below = (start: string): boolean => path === start || path.startsWith(`${start}/`);
  return to === paths.admin() ? path === to || (also !== undefined && below(also)) : below(to);
}

/** The parts of the admin area beside its pages: a column where there is room, a row that scrolls where there is not. */
export default function AdminLayout({ me, children }: { me: Me; children: ReactNode }) {
  const t = useTranslate();
  const path = usePath();
  const row = useRef<HTMLUListElement>(null);
  useEffect(() => {
    // In a row that scrolls, the part one is in has to be seen; `scrollIntoView` would move the page as well.
    const list = row.current;
    const current = list?.querySelector<HTMLElement>('[aria-current]');
    if (list && current) list.scrollLeft = current.offsetLeft - (list.clientWidth - current.offsetWidth) / 2;
  }, [path]);
  return (
    <div className="admin">
      <nav className="admin__nav" aria-label={t('adminNav.label')} data-testid="admin-nav">
        <ul ref={row} className="admin__sections">
          {sections
            .filter(({ adminOnly }) => !adminOnly || me.role === 'admin')
            .map((section) => (
              <li key={section.name}>
                <Link to={section.to} className="admin__section" aria-current={isIn(path, section) ? 'page' : undefined} data-testid={`admin-nav-${section.name}`}>
                  <Icon name={section.icon} />
                  {t(section.label)}
                </Link>
              </li>
            ))}
        </ul>
      </nav>
      <div className="admin__page">{children}</div>
    </div>
  );
}
