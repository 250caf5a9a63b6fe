import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { languages } from './index';
import { playerLanguage, playerTexts, playerTranslator } from './player';

/** Every literal that looks like a key, in what the frame and the package are made of. */
function usedKeys(): string[] {
  const pattern = new RegExp(`['"\`]((?:${Object.keys(languages.en.messages).join('|')})\\.[a-zA-Z0-9]+)['"\`]`, 'g');
  const folders = ['player', 'embed', 'package'].map((name) => join(import.meta.dirname, '..', name));
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /(?<!\.test)\.tsx?$/.test(name))
      .map((name) => join(folder, name)),
  );
  return [...new Set(files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(pattern)].map((match) => match[1] ?? '')))];
}

describe('the texts of the player alone', () => {
  it('hold every text that the player, the frame and the package say', () => {
    const used = usedKeys();
    expect(used).toContain('embed.tokenTitle');
    for (const code of ['en', 'ka'] as const) {
      const translate = playerTranslator(code);
      expect(used.filter((key) => translate(key) === key)).toEqual([]);
      expect(Object.keys(playerTexts[code])).toEqual(Object.keys(playerTexts.en));
    }
  });

  it('are in the language that is wished for, of those there are', () => {
    expect([playerLanguage('ka-GE'), playerLanguage('en-US'), playerLanguage('KA')]).toEqual(['ka', 'en', 'ka']);
    expect(playerLanguage('xx')).toBe('en');
    expect(playerTranslator('ka')).toBe(playerTranslator('ka'));
  });
});
