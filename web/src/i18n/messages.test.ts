import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { languages } from './index';

type Tree = { [key: string]: string | Tree };

function flatten(tree: Tree, prefix = ''): Map<string, string> {
  const all = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    const path = prefix ? `${prefix}.${key}` : key;
    if (typeof value === 'string') all.set(path, value);
    else for (const [inner, text] of flatten(value, path)) all.set(inner, text);
  }
  return all;
}

const plural = /_(zero|one|two|few|many|other)$/;
const base = (key: string): string => key.replace(plural, '');
const placeholders = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? '').toSorted();

const messages = Object.fromEntries(Object.entries(languages).map(([code, { messages: tree }]) => [code, flatten(tree)]));
const english = messages['en']!;
const namespaces = Object.keys(languages.en.messages);

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$|^schema\.ts$/.test(entry.name) ? [path] : [];
  });
}

/** Every literal that looks like a key: all of them stand in the source whole, so that they can be found. */
function usedKeys(): Set<string> {
  const pattern = new RegExp(`['"\`]((?:${namespaces.join('|')})\\.[a-zA-Z0-9]+)['"\`]`, 'g');
  const folder = join(import.meta.dirname, '..');
  return new Set(sources(folder).flatMap((path) => [...readFileSync(path, 'utf8').matchAll(pattern)].map((match) => match[1] ?? '')));
}

describe('messages', () => {
  it.each(Object.keys(messages))('%s says everything English says, and nothing else', (code) => {
    const keys = new Set([...messages[code]!.keys()].map(base));
    expect([...keys].toSorted()).toEqual([...new Set([...english.keys()].map(base))].toSorted());
  });

  it.each(Object.keys(messages))('%s has the plural forms its grammar asks for', (code) => {
    const forms = new Intl.PluralRules(code).resolvedOptions().pluralCategories;
    const counted = [...english.keys()].filter((key) => plural.test(key)).map(base);
    const missing = counted.flatMap((key) => forms.map((form) => `${key}_${form}`)).filter((key) => !messages[code]!.has(key));
    expect(missing).toEqual([]);
  });

  it.each(Object.keys(messages))('%s fills in the same values as English, and leaves no text empty', (code) => {
    const wrong = [...messages[code]!].filter(([key, text]) => {
      const original = english.get(key);
      return text.trim() === '' || (original !== undefined && placeholders(text).join() !== placeholders(original).join());
    });
    expect(wrong).toEqual([]);
  });

  it('has a text for every key the code uses, and no text that nothing uses', () => {
    const used = usedKeys();
    const known = new Set([...english.keys()].map(base));
    expect({ missing: [...used].filter((key) => !known.has(key)), unused: [...known].filter((key) => !used.has(key)) }).toEqual({ missing: [], unused: [] });
  });
});
