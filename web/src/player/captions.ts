import type { Prefs } from './prefs';

/** A language that the film has captions in. */
export interface CaptionTrack {
  language: string;
  label: string;
  /** Shown unless the viewer chooses. */
  isDefault: boolean;
}

/** What is shown now: WebVTT cue text, and whether its author put it at the top. */
export interface ShownCue {
  text: string;
  top: boolean;
}

/** Which language to begin with: what this viewer chose last, where the film has it; else what the film begins with. */
export function firstChoice(tracks: readonly CaptionTrack[], { captions, captionsOn }: Prefs): string | null {
  if (captionsOn === false) return null;
  const chosen = captionsOn ? tracks.find(({ language }) => sameLanguage(language, captions)) : undefined;
  return (chosen ?? tracks.find(({ isDefault }) => isDefault))?.language ?? null;
}

/** The language that the key C brings back: the last one, that of the page, the default, or whatever there is. */
export function nextChoice(tracks: readonly CaptionTrack[], { captions }: Prefs, page: string): string | null {
  const found =
    tracks.find(({ language }) => language === captions) ??
    tracks.find(({ language }) => sameLanguage(language, page)) ??
    tracks.find(({ isDefault }) => isDefault) ??
    tracks[0];
  return found?.language ?? null;
}

/** Whoever reads Portuguese reads that of Brazil. */
function sameLanguage(one: string, other: string | null): boolean {
  return one.split('-')[0] === other?.split('-')[0];
}

export type CuePart = string | { tag: 'b' | 'i' | 'u' | 'ruby' | 'rt' | 'span'; language?: string; speaker?: string; parts: CuePart[] };

const token = /<(\/?)([a-z]*)([^<>]*)>/g;
const plainTags = new Set(['b', 'i', 'u', 'ruby', 'rt']);
const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', nbsp: '\u00a0', lrm: '\u200e', rlm: '\u200f' };

/** Cue text as a tree of what is known of WebVTT; nothing of it is ever given to a page as markup. */
export function cueParts(text: string): CuePart[] {
  const root: CuePart[] = [];
  const open: { name: string; parts: CuePart[] }[] = [];
  const here = (): CuePart[] => open.at(-1)?.parts ?? root;
  let place = 0;
  const say = (until: number): void => {
    const said = text.slice(place, until).replace(/&([a-z]+);/g, (all, name: string) => entities[name] ?? all);
    if (said) here().push(said);
  };
  for (const found of text.matchAll(token)) {
    const [all, end, name = '', rest = ''] = found;
    say(found.index);
    place = found.index + all.length;
    if (end) {
      const at = open.findLastIndex((one) => one.name === name);
      if (at >= 0) open.length = at;
      continue;
    }
    const part = opened(name, rest.trim());
    if (!part) continue;
    here().push(part);
    open.push({ name, parts: part.parts });
  }
  say(text.length);
  return root;
}

function opened(name: string, said: string): Exclude<CuePart, string> | null {
  if (plainTags.has(name)) return { tag: name as 'b', parts: [] };
  if (name === 'v') return { tag: 'span', speaker: said, parts: [] };
  if (name === 'lang') return { tag: 'span', language: said, parts: [] };
  return null;
}
