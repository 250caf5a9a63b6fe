/** What the viewer likes, remembered per browser. Nothing here is needed to play. */
export interface Prefs {
  volume: number;
  muted: boolean;
  rate: number;
  /** The language of captions that was chosen last. */
  captions: string | null;
  /** Whether captions were turned on or off; null until the viewer did either. */
  captionsOn: boolean | null;
}

const KEY = 'lectern.player';
const defaults: Prefs = { volume: 1, muted: false, rate: 1, captions: null, captionsOn: null };

export function readPrefs(): Prefs {
  try {
    return { ...defaults, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Prefs>) };
  } catch {
    return { ...defaults };
  }
}

export function writePrefs(change: Partial<Prefs>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...readPrefs(), ...change }));
  } catch {
    // Private windows may forbid storage; the choice then lasts for this film.
  }
}
