import i18next, { type i18n } from 'i18next';
import { useSyncExternalStore } from 'react';
import en from './en.json';
import ka from './ka.json';

/** Another language is one JSON file, and its name here and in player.ts. */
export const languages = { ka: { name: 'ქართული', short: 'ქარ', messages: ka }, en: { name: 'English', short: 'EN', messages: en } } as const;
export type Language = keyof typeof languages;
export type Translate = (key: string, values?: Record<string, unknown>) => string;

const STORAGE_KEY = 'lectern.language';

function remembered(): Language {
  try {
    const stored = localStorage.getItem(STORAGE_KEY);
    if (stored && stored in languages) return stored as Language;
  } catch {
    // Forbidden storage: the browser's own language decides.
  }
  const wishes = navigator.languages.map((one) => one.toLowerCase().split('-')[0] ?? '');
  return (wishes.find((code) => code in languages) as Language | undefined) ?? 'en';
}

const instance: i18n = i18next.createInstance();

void instance.init({
  lng: remembered(),
  fallbackLng: 'en',
  initAsync: false,
  resources: Object.fromEntries(Object.entries(languages).map(([code, { messages }]) => [code, { translation: messages }])),
  // React escapes what it renders, and the player only ever sets textContent.
  interpolation: { escapeValue: false },
  returnNull: false,
});
function tellPage(language: string): void {
  document.documentElement.lang = language;
  document.documentElement.dir = instance.dir(language);
}

tellPage(instance.language);

export function currentLanguage(): Language {
  return instance.language as Language;
}

export function setLanguage(language: Language): void {
  // First, since formats ask the page.
  tellPage(language);
  void instance.changeLanguage(language);
  try {
    localStorage.setItem(STORAGE_KEY, language);
  } catch {
    // The choice then lasts for this page only.
  }
}

export const translate: Translate = (key, values) => instance.t(key, values ?? {});

function subscribe(listener: () => void): () => void {
  instance.on('languageChanged', listener);
  return () => instance.off('languageChanged', listener);
}

/** Rerenders on a language change; the returned function is a new one per language, so it may stand in dependency lists. */
export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, currentLanguage);
}

const translators = new Map<Language, Translate>();

export function useTranslate(): Translate {
  const language = useLanguage();
  let translator = translators.get(language);
  if (!translator) {
    const fixed = instance.getFixedT(language);
    translator = (key, values) => fixed(key, values ?? {});
    translators.set(language, translator);
  }
  return translator;
}
