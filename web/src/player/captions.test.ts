import { describe, expect, it } from 'vitest';
import { defaultPrefs } from './prefs';
import { cueParts, firstChoice, nextChoice, type CaptionTrack } from './captions';

const tracks: CaptionTrack[] = [
  { language: 'ka', label: 'ქართული', isDefault: true },
  { language: 'en', label: 'English', isDefault: false },
  { language: 'pt-BR', label: 'Português', isDefault: false },
];
const prefs = defaultPrefs;

describe('which captions are shown', () => {
  it('begins with what the film begins with, until the viewer chose', () => {
    expect(firstChoice(tracks, prefs)).toBe('ka');
    expect(firstChoice(tracks.slice(1), prefs)).toBeNull();
    expect(firstChoice(tracks, { ...prefs, captionsOn: false, captions: 'en' })).toBeNull();
    expect(firstChoice(tracks, { ...prefs, captionsOn: true, captions: 'pt-PT' })).toBe('pt-BR');
    expect(firstChoice(tracks, { ...prefs, captionsOn: true, captions: 'fr' })).toBe('ka');
  });

  it('brings back the last language, or that of the page', () => {
    expect(nextChoice(tracks, { ...prefs, captions: 'en' }, 'ka')).toBe('en');
    expect(nextChoice(tracks, prefs, 'en')).toBe('en');
    expect(nextChoice(tracks, prefs, 'fr')).toBe('ka');
    expect(nextChoice([], prefs, 'ka')).toBeNull();
  });
});

describe('the text of a cue', () => {
  it('is a tree of known tags', () => {
    expect(cueParts('a <b>b <i>c</b> d')).toEqual(['a ', { tag: 'b', parts: ['b ', { tag: 'i', parts: ['c'] }] }, ' d']);
    expect(cueParts('<v Ana Maria>hi</v>')).toEqual([{ tag: 'span', speaker: 'Ana Maria', parts: ['hi'] }]);
    expect(cueParts('&lt;b&gt; &amp;amp; &what;')).toEqual(['<b> &amp; &what;']);
  });

  it('drops what it does not know', () => {
    expect(cueParts('<c.red>x</c><00:01.000>y</u><img src=x onerror=y>z')).toEqual(['x', 'y', 'z']);
  });
});
