/** One line of a transcript; times in seconds. */
export interface Cue {
  start: number;
  end: number;
  /** With the marks of WebVTT, as `cueParts` reads them. */
  text: string;
}

const TIMING = /^(?:(\d+):)?(\d{2}):(\d{2})[.,](\d{3})[ \t]+-->[ \t]+(?:(\d+):)?(\d{2}):(\d{2})[.,](\d{3})/;

/** Each block of a WebVTT file that has a timing, in their order; notes, styles and regions are passed over. */
export function cueBlocks(text: string): (Cue & { settings: string })[] {
  const blocks = text.replace(/\r\n?/g, '\n').split(/\n{2,}/);
  return blocks.flatMap((block) => {
    const lines = block.split('\n').filter((line) => line !== '');
    const at = /^(NOTE|STYLE|REGION)\b/.test(block.trimStart()) ? -1 : lines.findIndex((line) => TIMING.test(line));
    const timing = at < 0 ? null : TIMING.exec(lines[at]!);
    if (!timing) return [];
    const settings = lines[at]!.slice(timing[0].length).trim();
    return [{ start: seconds(timing, 1), end: seconds(timing, 5), settings, text: lines.slice(at + 1).join('\n') }];
  });
}

/** What is said in a WebVTT file; a cue without words says nothing. */
export function parseVtt(text: string): Cue[] {
  return cueBlocks(text)
    .map(({ start, end, text: said }) => ({ start, end, text: said.trim() }))
    .filter(({ text: said }) => said !== '');
}

function seconds(found: RegExpExecArray, first: number): number {
  const [h, m, s, ms] = [0, 1, 2, 3].map((offset) => Number(found[first + offset] ?? 0)) as [number, number, number, number];
  return h * 3600 + m * 60 + s + ms / 1000;
}

/** The place of the cue that is said at `position`, or was said last; -1 before the first. `cues` begin in order. */
export function cueAt(cues: readonly Cue[], position: number): number {
  let low = 0;
  let high = cues.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cues[middle]!.start <= position) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
