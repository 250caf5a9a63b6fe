import { useEffect } from 'react';
import { useTranslate } from '../../i18n';

export default function LibraryPage() {
  const t = useTranslate();
  useEffect(() => {
    document.title = `${t('library.title')} · Lectern`;
  }, [t]);
  return (
    <div className="page">
      <header className="page__head">
        <h1>{t('library.title')}</h1>
      </header>
    </div>
  );
}
