/** A chapter that a film may go to. */
export interface Place {
  id: string;
  title: string;
  /** The film that stands there already. */
  videoId: string | null;
}

/**
 * Which chapter each file is probably for: the one whose title or number its name has, else the next without a film.
 * null where nothing is left. No chapter is suggested twice, nor one of `taken`.
 */
export function suggestChapters(names: readonly string[], chapters: readonly Place[], taken: ReadonlySet<string> = new Set()): (string | null)[] {
  const free = new Set(chapters.filter(({ id }) => !taken.has(id)).map(({ id }) => id));
  const take = (place: Place | undefined): string | null => {
    if (place) free.delete(place.id);
    return place?.id ?? null;
  };
  const open = (): Place[] => chapters.filter(({ id }) => free.has(id));
  const byName = names.map((name) => take(open().find(({ title }) => hasTitle(name, title))));
  const byNumber = names.map((name, i) => byName[i] ?? take(atNumber(name, chapters, free)));
  return byNumber.map((found) => found ?? take(open().find(({ videoId }) => !videoId)));
}

function plain(text: string): string {
  return text.toLocaleLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
}

function hasTitle(name: string, title: string): boolean {
  const wanted = plain(title);
  return wanted.length > 2 && ` ${plain(name.replace(/\.[^.]+$/, ''))} `.includes(` ${wanted} `);
}

/** "03 - forces.mp4" is for the third chapter, while that has no film. */
function atNumber(name: string, chapters: readonly Place[], free: ReadonlySet<string>): Place | undefined {
  const number = Number(/^\D{0,12}0*(\d{1,3})(?!\d)/.exec(name)?.[1] ?? 0);
  const place = chapters[number - 1];
  return place && free.has(place.id) && !place.videoId ? place : undefined;
}
