import { useId } from 'react';
import { currentLanguage, useTranslate } from '../../i18n';

const common = ['ka', 'en', 'ru', 'uk', 'de', 'fr', 'es', 'tr', 'hy', 'az'];

/** A language by its tag; the ones that are common have names to choose by. */
export function LanguageField({ value, onChange }: { value: string; onChange: (language: string) => void }) {
  const t = useTranslate();
  const list = useId();
  const names = new Intl.DisplayNames([currentLanguage(), 'en'], { type: 'language' });
  const named = (tag: string): string => {
    try {
      return names.of(tag) ?? tag;
    } catch {
      return '';
    }
  };
  return (
    <label className="field">
      <span className="field__label">{t('captionEditor.language')}</span>
      <input className="field__input" value={value} list={list} maxLength={35} autoComplete="off" spellCheck={false} data-testid="captions-language" onChange={(event) => onChange(event.target.value.trim())} />
      <datalist id={list}>
        {common.map((tag) => (
          <option key={tag} value={tag}>
            {named(tag)}
          </option>
        ))}
      </datalist>
      <span className="field__hint">{named(value)}</span>
    </label>
  );
}
