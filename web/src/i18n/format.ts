import type { Translate } from './index';

/** That of the page, which i18n/index.ts keeps; not by it, since the player without the app has neither it nor React. */
export function pageLanguage(): string {
  try {
    // A host may have written en_US, or anything at all.
    return Intl.getCanonicalLocales(document.documentElement.lang.replaceAll('_', '-'))[0] ?? 'en';
  } catch {
    return 'en';
  }
}

/** 72 -> "1:12", 3725 -> "1:02:05". The clock of a player, the same in every language. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  const s = String(whole % 60).padStart(2, '0');
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`;
}

/** A length for reading: "24 s", "12 min", "1 h 5 min". */
export function duration(seconds: number, t: Translate): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return t('unit.seconds', { value: whole });
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return t('unit.minutes', { value: minutes });
  const rest = minutes % 60;
  const hours = Math.floor(minutes / 60);
  return rest ? t('unit.hoursMinutes', { hours, minutes: rest }) : t('unit.hours', { value: hours });
}

export function bytes(size: number, t: Translate): string {
  const steps = ['unit.kilobytes', 'unit.megabytes', 'unit.gigabytes'] as const;
  let value = size / 1024;
  let step = 0;
  while (value >= 1024 && step < steps.length - 1) {
    value /= 1024;
    step += 1;
  }
  const digits = value < 10 && step > 0 ? 1 : 0;
  return t(steps[step] ?? 'unit.gigabytes', { value: Number(value.toFixed(digits)) });
}

export function percent(value: number): string {
  return `${Math.floor(Math.min(100, Math.max(0, value)))}%`;
}

// Chromium brings no Georgian calendar: Intl would write "2026 M09 3".
const georgianMonths = 'იანვარი თებერვალი მარტი აპრილი მაისი ივნისი ივლისი აგვისტო სექტემბერი ოქტომბერი ნოემბერი დეკემბერი'.split(' ');

/** A day for reading, on the reader's own clock: "3 September 2026", "3 სექტემბერი, 2026". */
export function longDate(iso: string, language: string): string {
  const when = new Date(iso);
  if (language === 'ka') return `${when.getDate()} ${georgianMonths[when.getMonth()] ?? ''}, ${when.getFullYear()}`;
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { dateStyle: 'long' }).format(when);
}

const kept = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

function formatter<T extends Intl.NumberFormat | Intl.DateTimeFormat>(name: string, make: (language: string) => T): T {
  const key = `${pageLanguage()} ${name}`;
  const made = (kept.get(key) as T | undefined) ?? make(pageLanguage());
  kept.set(key, made);
  return made;
}

/** 1234567 -> "1,234,567"; with `digits`, so many behind the point at most. */
export function count(value: number, digits = 0): string {
  return formatter(`number ${digits}`, (language) => new Intl.NumberFormat(language, { maximumFractionDigits: digits })).format(value);
}

/** A share of 0 to 1 -> "12.5%". */
export function share(value: number, digits = 1): string {
  return formatter(`share ${digits}`, (language) => new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: digits })).format(value);
}

/** Chromium brings no names of months for some languages (Georgian) and writes "M11"; figures say it as it is usual there. */
function dateLanguage(language: string): string {
  const month = new Intl.DateTimeFormat(language, { month: 'long', timeZone: 'UTC' }).format(Date.UTC(2026, 10, 1));
  return /\d/.test(month) ? 'de' : language;
}

/** An ISO 8601 time as day and minute, in the reader's own time zone. */
export function dateTime(iso: string): string {
  return formatter('time', (language) => new Intl.DateTimeFormat(dateLanguage(language), { dateStyle: 'medium', timeStyle: 'short' })).format(new Date(iso));
}

/** To the second, for what happens many times a minute. */
export function dateTimeExact(iso: string): string {
  return formatter('exact', (language) => new Intl.DateTimeFormat(dateLanguage(language), { dateStyle: 'short', timeStyle: 'medium' })).format(new Date(iso));
}

/** The day alone. A date without a time ("2026-01-31") is that day everywhere. */
export function day(iso: string): string {
  const whole = /^\d{4}-\d\d-\d\d$/.test(iso);
  return formatter(`day ${whole}`, (language) => new Intl.DateTimeFormat(dateLanguage(language), { dateStyle: 'medium', timeZone: whole ? 'UTC' : undefined })).format(new Date(iso));
}

/** An amount in a currency, to the cent; what is less than one, to four digits. */
export function money(value: number, currency: string): string {
  const digits = value > 0 && value < 1 ? 4 : 2;
  return formatter(`money ${currency} ${digits}`, (language) => new Intl.NumberFormat(language, { style: 'currency', currency, maximumFractionDigits: digits })).format(value);
}
