import type { ApiError } from '../api/errors';
import { Link, paths } from '../app/router';
import { useTranslate } from '../i18n';
import { Notice } from '../ui/pieces';

/** A page that could not be loaded: what happened, and the one thing to do next. */
export function Problem({ error, onRetry, whole }: { error: ApiError; onRetry: () => void; whole?: boolean }) {
  const t = useTranslate();
  if (error.status === 404 || error.status === 403) {
    const title = t(error.status === 404 ? 'error.goneTitle' : 'error.forbiddenTitle');
    const text = t(error.status === 404 ? 'error.goneText' : 'error.forbiddenText');
    return (
      <Notice icon="book" title={title} text={text} testId="page-problem" whole={whole}>
        <Link to={paths.courses()} className="button button--primary">
          {t('page.toCourses')}
        </Link>
      </Notice>
    );
  }
  const offline = error.status === 0;
  return (
    <Notice
      icon={offline ? 'cloudOff' : 'alert'}
      problem
      title={t(offline ? 'error.offlineTitle' : 'error.serverTitle')}
      text={t(offline ? 'error.network' : 'error.serverText')}
      code={offline ? undefined : t('common.code', { code: error.code })}
      testId="page-problem"
      whole={whole}
    >
      <button type="button" className="button button--primary" onClick={onRetry} data-testid="retry">
        {t('common.retry')}
      </button>
    </Notice>
  );
}
