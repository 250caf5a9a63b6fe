import i18next from 'i18next';
import { common as enCommon, embed as enEmbed, failure as enFailure, film as enFilm, player as enPlayer, unit as enUnit } from './en.json';
import { common as kaCommon, embed as kaEmbed, failure as kaFailure, film as kaFilm, player as kaPlayer, unit as kaUnit } from './ka.json';
import type { Translate } from './index';

/** What the player says, without the app around it: for the frame and for the package. A test finds what is missing. */
export const playerTexts = {
  en: { common: enCommon, embed: enEmbed, failure: enFailure, film: enFilm, player: enPlayer, unit: enUnit },
  ka: { common: kaCommon, embed: kaEmbed, failure: kaFailure, film: kaFilm, player: kaPlayer, unit: kaUnit },
};
export type PlayerLanguage = keyof typeof playerTexts;

const instance = i18next.createInstance();
void instance.init({
  lng: 'en',
  fallbackLng: 'en',
  initAsync: false,
  resources: Object.fromEntries(Object.entries(playerTexts).map(([code, translation]) => [code, { translation }])),
  interpolation: { escapeValue: false },
  returnNull: false,
});

/** The language for a wish such as `ka-GE`; without one that of the page, else of the browser. */
export function playerLanguage(wish?: string | null): PlayerLanguage {
  // A server has no page; what it renders of the player has no words.
  const around = globalThis.document ? [document.documentElement.lang, ...navigator.languages] : [];
  const wishes = wish ? [wish] : around;
  const known = wishes.map((one) => one.toLowerCase().split('-')[0] ?? '').find((code) => Object.hasOwn(playerTexts, code));
  return (known as PlayerLanguage | undefined) ?? 'en';
}

const made = new Map<PlayerLanguage, Translate>();

/** The same function each time for the same language. */
export function playerTranslator(language: PlayerLanguage): Translate {
  let translate = made.get(language);
  if (!translate) {
    const fixed = instance.getFixedT(language);
    translate = (key, values) => fixed(key, values ?? {});
    made.set(language, translate);
  }
  return translate;
}
