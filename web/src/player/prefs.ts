import type { QualityChoice } from './types';

export const captionSizes = [0.75, 1, 1.5, 2] as const;
export const captionColours = ['white', 'yellow'] as const;
export const captionBacks = ['dark', 'solid', 'none'] as const;

export interface CaptionStyle {
  /** Times the size that fits the player. */
  size: (typeof captionSizes)[number];
  colour: (typeof captionColours)[number];
  back: (typeof captionBacks)[number];
}

/** What the viewer likes, remembered per browser. Nothing here is needed to play. */
export interface Prefs {
  volume: number;
  muted: boolean;
  rate: number;
  quality: QualityChoice;
  /** The language of captions that was chosen last. */
  captions: string | null;
  /** Whether captions were turned on or off; null until the viewer did either. */
  captionsOn: boolean | null;
  captionStyle: CaptionStyle;
  transcript: boolean;
}

const KEY = 'lectern.player';
export const defaultPrefs: Prefs = {
  volume: 1,
  muted: false,
  rate: 1,
  quality: 'auto',
  captions: null,
  captionsOn: null,
  captionStyle: { size: 1, colour: 'white', back: 'dark' },
  transcript: false,
};

export function readPrefs(): Prefs {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Prefs>;
    return { ...defaultPrefs, ...stored, captionStyle: { ...defaultPrefs.captionStyle, ...stored.captionStyle } };
  } catch {
    return { ...defaultPrefs };
  }
}

export function writePrefs(change: Partial<Prefs>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...readPrefs(), ...change }));
  } catch {
    // Private windows may forbid storage; the choice then lasts for this film.
  }
}
