import type { Client } from '../api/client';

export type Cell = string | number | boolean | null | undefined;

// A spreadsheet takes what begins with one of these for a formula, and would run what somebody called a chapter.
const FORMULA = /^[=+\-@\t\r]/;
const MOST_PAGES = 100;

/** RFC 4180 as the API writes it: CRLF, quotes where they are needed, texts that look like formulas made plain. */
export function toCsv(header: string[], rows: Cell[][]): string {
  return [header, ...rows].map((cells) => `${cells.map(written).join(',')}\r\n`).join('');
}

function written(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell !== 'string') return String(cell);
  const harmless = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after this turn; a minute later it surely has.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export function saveCsv(name: string, text: string): void {
  // Spreadsheets read UTF-8 only behind a mark.
  saveFile(`${name}.csv`, new Blob(['\uFEFF', text], { type: 'text/csv;charset=utf-8' }));
}

/**
 * The API's own CSV of a list, whole: where an answer says that more follows (`Link`), that is fetched, too.
 *
 * @throws ApiError where a page is refused.
 */
export async function fetchCsv(client: Client, path: string): Promise<string> {
  let text = '';
  let next: string | null = path;
  for (let page = 0; next !== null && page < MOST_PAGES; page += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each page is named by the one before
    const answer = await client.answer(next, { accept: 'text/csv' });
    // oxlint-disable-next-line no-await-in-loop
    const part = await answer.text();
    // The line of names stands once; no name holds a line break.
    text += page === 0 ? part : part.slice(part.indexOf('\n') + 1);
    next = nextOf(answer.headers.get('Link'));
  }
  return text;
}

export function nextOf(link: string | null): string | null {
  return /<([^>]*)>\s*;\s*rel="next"/.exec(link ?? '')?.[1] ?? null;
}
