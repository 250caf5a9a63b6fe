import type * as Schema from '../../api/schema';
import type { Course } from '../../api/types';

export interface DraftChapter {
  id: string;
  title: string;
  isFree: boolean;
  firstWatchRestricted: boolean;
  /** Null where what the course says counts. */
  completionPercentage: number | null;
}

/** A course as it is being edited: all that a save replaces. */
export interface Draft {
  title: string;
  isSequential: boolean;
  completionPercentage: number;
  studentsMayComplete: boolean;
  downloads: 'off' | 'enrolled';
  chapters: DraftChapter[];
}

export type ChangeKind = 'rules' | 'added' | 'removed' | 'changed' | 'moved';

export interface Change {
  kind: ChangeKind;
  /** Of the chapter it is about; the course's own for `rules`. */
  title: string;
}

export function draftOf(course: Course): Draft {
  return {
    title: course.title,
    isSequential: course.isSequential,
    completionPercentage: course.completionPercentage,
    studentsMayComplete: course.studentsMayComplete,
    downloads: course.downloads === 'enrolled' ? 'enrolled' : 'off',
    chapters: course.chapters.map(({ id, title, isFree, firstWatchRestricted, completionPercentage }) => ({
      id,
      title,
      isFree,
      firstWatchRestricted,
      // The API answers what counts. What equals the course's follows it, or a change of the course would miss the chapter.
      completionPercentage: completionPercentage === course.completionPercentage ? null : completionPercentage,
    })),
  };
}

/** The body of the save. Instructors are left out, so that they stay. */
export function inputOf(draft: Draft): Schema.CourseInput {
  const { chapters, ...course } = draft;
  return {
    ...course,
    title: course.title.trim(),
    chapters: chapters.map((chapter, index) => ({ ...chapter, title: chapter.title.trim(), position: index + 1 })),
  };
}

/** Whether two drafts would be saved alike. */
export function isSame(one: Draft, other: Draft): boolean {
  return JSON.stringify(inputOf(one)) === JSON.stringify(inputOf(other));
}

export function moved(draft: Draft, from: number, to: number): Draft {
  const chapters = [...draft.chapters];
  const [taken] = chapters.splice(from, 1);
  if (!taken || to < 0 || to > chapters.length) return draft;
  chapters.splice(to, 0, taken);
  return { ...draft, chapters };
}

/** What a save would change, in the order in which it stands on the page. */
export function changesOf(base: Draft, draft: Draft): Change[] {
  const changes: Change[] = [];
  const { chapters: before, ...rules } = base;
  const { chapters: after, ...newRules } = draft;
  if (JSON.stringify(rules) !== JSON.stringify(newRules)) changes.push({ kind: 'rules', title: draft.title });
  const known = new Map(before.map((chapter) => [chapter.id, chapter]));
  const left = new Set(after.map(({ id }) => id));
  // Without what came or went, a chapter has moved if it stands among others than before.
  const stayed = before.filter(({ id }) => left.has(id)).map(({ id }) => id);
  const order = after.filter(({ id }) => known.has(id)).map(({ id }) => id);
  const still = longestCommon(stayed, order);
  for (const chapter of after) {
    const old = known.get(chapter.id);
    if (!old) changes.push({ kind: 'added', title: chapter.title });
    else {
      if (JSON.stringify(old) !== JSON.stringify(chapter)) changes.push({ kind: 'changed', title: chapter.title });
      if (!still.has(chapter.id)) changes.push({ kind: 'moved', title: chapter.title });
    }
  }
  for (const chapter of before) if (!left.has(chapter.id)) changes.push({ kind: 'removed', title: chapter.title });
  return changes;
}

/** The ids that keep their order between two lists of the same ids: as many as can be. */
function longestCommon(before: string[], after: string[]): Set<string> {
  const place = new Map(before.map((id, index) => [id, index]));
  const best: { length: number; previous: number }[] = [];
  let end = -1;
  after.forEach((id, index) => {
    let found = { length: 1, previous: -1 };
    for (let earlier = 0; earlier < index; earlier += 1) {
      const candidate = best[earlier]!;
      if (place.get(after[earlier]!)! < place.get(id)! && candidate.length >= found.length) found = { length: candidate.length + 1, previous: earlier };
    }
    best.push(found);
    if (end < 0 || found.length > best[end]!.length) end = index;
  });
  const kept = new Set<string>();
  for (let index = end; index >= 0; index = best[index]!.previous) kept.add(after[index]!);
  return kept;
}

const ID = /^[A-Za-z0-9._:-]{1,128}$/;

export const isId = (text: string): boolean => ID.test(text);

/** Ids out of whatever was pasted: a column, a list with commas, lines with quotes. Each once, in order. */
export function pastedIds(text: string): { ids: string[]; wrong: string[] } {
  const words = text.split(/[\s,;]+/).map((word) => word.replace(/^["']|["']$/g, '')).filter(Boolean);
  const once = [...new Set(words)];
  return { ids: once.filter(isId), wrong: once.filter((word) => !isId(word)) };
}
