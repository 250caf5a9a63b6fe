import type { Me } from '../api/types';
import { languages, setLanguage, useLanguage, useTranslate, type Language } from '../i18n';
import { Icon } from '../ui/Icon';
import { isStaff, signOut } from './auth';
import { Link, navigate, paths, usePath } from './router';
import { toggleTheme, useTheme } from './theme';

export function Brand() {
  return (
    <span className="brand">
      <svg viewBox="0 0 32 32" aria-hidden="true" className="brand__mark">
        <rect width="32" height="32" rx="8" className="brand__ground" />
        <path d="M7 10.5 23.5 6l1.6 5.6L8.6 16.1z" className="brand__desk" />
        <path d="M14.6 15.6h3V24h4.4v2.5H10.2V24h4.4z" className="brand__stand" />
      </svg>
      <span className="brand__name">Lectern</span>
    </span>
  );
}

export function Preferences() {
  const t = useTranslate();
  const language = useLanguage();
  const theme = useTheme();
  return (
    <div className="preferences">
      <div className="languages" role="group" aria-label={t('header.language')}>
        {(Object.keys(languages) as Language[]).map((code) => (
          <button
            key={code}
            type="button"
            className="languages__one"
            lang={code}
            aria-label={`${languages[code].short}: ${languages[code].name}`}
            aria-pressed={code === language}
            data-testid={`language-${code}`}
            onClick={() => setLanguage(code)}
          >
            {languages[code].short}
          </button>
        ))}
      </div>
      <button
        type="button"
        className="button button--icon button--quiet"
        data-testid="theme-toggle"
        aria-label={t(theme === 'dark' ? 'header.toLight' : 'header.toDark')}
        title={t(theme === 'dark' ? 'header.toLight' : 'header.toDark')}
        onClick={toggleTheme}
      >
        <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
      </button>
    </div>
  );
}

export function Header({ me }: { me: Me }) {
  const t = useTranslate();
  const path = usePath();
  const inAdmin = path.startsWith('/admin');
  const leave = (): void => {
    signOut();
    navigate(paths.courses());
  };
  return (
    <header className="header">
      <div className="header__inner">
        <Link to={paths.courses()} className="header__home" aria-label={t('header.home')}>
          <Brand />
        </Link>
        {isStaff(me) && (
          <nav className="header__nav" aria-label={t('header.navigation')}>
            <Link to={paths.courses()} aria-current={inAdmin ? undefined : 'page'}>
              {t('header.courses')}
            </Link>
            <Link to={paths.admin()} aria-current={inAdmin ? 'page' : undefined} data-testid="nav-admin">
              {t('header.teaching')}
            </Link>
          </nav>
        )}
        <span className="header__spring" />
        <Preferences />
        <span className="header__me" title={me.email ?? undefined} data-testid="signed-in-as">
          {me.name ?? me.userId}
        </span>
        <button
          type="button"
          className="button button--icon button--quiet"
          data-testid="sign-out"
          aria-label={t('header.signOut')}
          title={t('header.signOut')}
          onClick={leave}
        >
          <Icon name="exit" />
        </button>
      </div>
    </header>
  );
}
