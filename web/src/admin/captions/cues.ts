/** The captions of a film as somebody edits them. Pure: how they look and where they go is elsewhere. */
import { cueBlocks } from '../../player/vtt';

/** Times are seconds. `id` tells the cue from others while it is edited, and is kept nowhere. */
export interface EditedCue {
  id: number;
  start: number;
  end: number;
  /** With the marks of WebVTT (`<i>`, `<v Name>`), everything else as it reads. */
  text: string;
  /** Place and size, as they stood in the file. */
  settings: string;
}

/** What is wrong with a cue; each keeps the whole from being saved. */
export type CueFault = 'noStart' | 'noEnd' | 'endsBeforeStart' | 'empty' | 'tooLate';

const TIME = /^(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?$/;
const MARK = /<\/?(?:b|i|u|ruby|rt|v|lang)(?:[ .][^<>]*)?>/g;
const LATEST = 24 * 3600;

let lastId = 0;
export const newId = (): number => (lastId += 1);

/** "1:02.5" -> 62.5; null for what is no time. */
export function readTime(text: string): number | null {
  const found = TIME.exec(text.trim());
  if (!found) return null;
  const [, h = '0', m = '0', s = '0', ms = '0'] = found;
  if (Number(s) > 59 || (found[1] !== undefined && Number(m) > 59)) return null;
  return Number(h) * 3600 + Number(m) * 60 + Number(s) + Number(ms.padEnd(3, '0')) / 1000;
}

const two = (value: number): string => String(value).padStart(2, '0');

function pieces(seconds: number): { h: number; m: number; s: number; rest: string } {
  const all = Math.max(0, Math.round(seconds * 1000));
  const h = Math.floor(all / 3_600_000);
  return { h, m: Math.floor(all / 60_000) % 60, s: Math.floor(all / 1000) % 60, rest: String(all % 1000).padStart(3, '0') };
}

/** 62.5 -> "1:02.500", 3725 -> "1:02:05.000". */
export function writeTime(seconds: number): string {
  const { h, m, s, rest } = pieces(seconds);
  return `${h ? `${h}:${two(m)}` : m}:${two(s)}.${rest}`;
}

/** The same as WebVTT wants it: "00:01:02.500". */
function fileTime(seconds: number): string {
  const { h, m, s, rest } = pieces(seconds);
  return `${two(h)}:${two(m)}:${two(s)}.${rest}`;
}

export function readCues(vtt: string): EditedCue[] {
  return cueBlocks(vtt).map(({ text, ...cue }) => ({ id: newId(), ...cue, text: plain(text) }));
}

export function writeCues(cues: readonly EditedCue[]): string {
  const blocks = sorted(cues).map(({ start, end, settings, text }) => `${fileTime(start)} --> ${fileTime(end)}${settings && ` ${settings}`}\n${escaped(text)}\n`);
  return ['WEBVTT\n', ...blocks].join('\n');
}

const entities: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&nbsp;': '\u00a0', '&lrm;': '\u200e', '&rlm;': '\u200f' };

function plain(text: string): string {
  return text.replace(/&(?:amp|lt|gt|nbsp|lrm|rlm);/g, (name) => entities[name]!);
}

/** The text of a cue as a file has it: known marks stay marks, every other `<`, `>` and `&` is what somebody wrote. */
export function escaped(text: string): string {
  // An empty line would end the cue.
  const said = text.trim().replace(/\n{2,}/g, '\n');
  const safe = (part: string): string => part.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  let written = '';
  let place = 0;
  for (const mark of said.matchAll(MARK)) {
    written += safe(said.slice(place, mark.index)) + mark[0];
    place = mark.index + mark[0].length;
  }
  return written + safe(said.slice(place));
}

export const sorted = (cues: readonly EditedCue[]): EditedCue[] => cues.toSorted((one, other) => one.start - other.start || one.end - other.end);

export function faultOf({ start, end, text }: EditedCue): CueFault | null {
  if (Number.isNaN(start)) return 'noStart';
  if (Number.isNaN(end)) return 'noEnd';
  if (end <= start) return 'endsBeforeStart';
  if (end > LATEST) return 'tooLate';
  return text.replace(MARK, '').trim() === '' ? 'empty' : null;
}

/** The cues that are shown at `position`. */
export const shownAt = (cues: readonly EditedCue[], position: number): EditedCue[] => cues.filter(({ start, end }) => start <= position && position < end);

/**
 * One cue as two, at the place `caret` of its text; in the middle where that is at an end. The time is shared by how
 * much is said in each.
 */
export function split(cues: readonly EditedCue[], id: number, caret: number): EditedCue[] {
  return cues.flatMap((cue) => {
    if (cue.id !== id) return [cue];
    const at = caret > 0 && caret < cue.text.length ? caret : middle(cue.text);
    const [first, second] = [cue.text.slice(0, at).trim(), cue.text.slice(at).trim()];
    const share = cue.text.length ? Math.min(0.9, Math.max(0.1, at / cue.text.length)) : 0.5;
    const border = Math.round((cue.start + (cue.end - cue.start) * share) * 1000) / 1000;
    return [
      { ...cue, end: border, text: first },
      { ...cue, id: newId(), start: border, text: second },
    ];
  });
}

/** The space nearest to the middle, so that no word is cut. */
function middle(text: string): number {
  const half = text.length / 2;
  const spaces = [...text.matchAll(/\s/g)].map(({ index }) => index);
  return spaces.length ? spaces.reduce((best, one) => (Math.abs(one - half) < Math.abs(best - half) ? one : best)) : Math.ceil(half);
}

/** A cue with the one after it as one. */
export function merge(cues: readonly EditedCue[], id: number): EditedCue[] {
  const at = cues.findIndex((cue) => cue.id === id);
  const [cue, next] = [cues[at], cues[at + 1]];
  if (!cue || !next) return [...cues];
  const one = { ...cue, end: Math.max(cue.end, next.end), text: [cue.text, next.text].map((text) => text.trim()).filter(Boolean).join('\n') };
  return cues.toSpliced(at, 2, one);
}

/** A new, empty cue at `position`, no longer than the gap it falls into. */
export function added(cues: readonly EditedCue[], position: number): { cues: EditedCue[]; id: number } {
  const start = Math.round(position * 1000) / 1000;
  const next = cues.find((cue) => cue.start > start);
  const cue = { id: newId(), start, end: Math.min(start + 3, next ? Math.max(next.start, start + 0.5) : Infinity), text: '', settings: '' };
  return { cues: sorted([...cues, cue]), id: cue.id };
}
