import { useRef, useState, type KeyboardEvent } from 'react';
import { useTranslate } from '../../i18n';
import { Icon } from '../../ui/Icon';
import { Section, Check, TextField } from '../shared/parts';
import { isId, moved, type Draft, type DraftChapter } from './draft';

/** Chapters in their order: by dragging, by the arrow keys on a handle, or by two buttons. */
export function ChapterList({ draft, withFilm, onChange }: { draft: Draft; withFilm: Set<string>; onChange: (chapters: DraftChapter[]) => void }) {
  const t = useTranslate();
  const [dragged, setDragged] = useState<number | null>(null);
  const [over, setOver] = useState<number | null>(null);
  const [told, setTold] = useState('');
  const { chapters } = draft;

  function move(from: number, to: number): void {
    if (to < 0 || to >= chapters.length || from === to) return;
    onChange(moved(draft, from, to).chapters);
    setTold(t('adminCourses.movedTo', { title: chapters[from]?.title, place: to + 1, total: chapters.length }));
  }

  return (
    <Section title={t('adminCourses.chapters')} lead={t('adminCourses.chaptersLead')}>
      <ol className="chapter-editor" data-testid="chapter-editor">
        {chapters.map((chapter, index) => (
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- where something is dropped; the handle does the same by keys
          <li
            key={chapter.id}
            className="panel chapter-editor__one"
            data-testid="chapter-edit"
            data-chapter={chapter.id}
            data-over={over === index && dragged !== index}
            data-dragged={dragged === index}
            onDragOver={(event) => {
              if (dragged === null) return;
              event.preventDefault();
              setOver(index);
            }}
            onDrop={(event) => {
              event.preventDefault();
              if (dragged !== null) move(dragged, index);
              setDragged(null);
              setOver(null);
            }}
          >
            <Mover
              chapter={chapter}
              index={index}
              last={chapters.length - 1}
              onMove={(to) => move(index, to)}
              onDrag={(on) => {
                setDragged(on ? index : null);
                setOver(null);
              }}
            />
            <ChapterFields
              chapter={chapter}
              course={draft.completionPercentage}
              onChange={(changed) => onChange(chapters.map((one) => (one.id === changed.id ? changed : one)))}
            />
            <button
              type="button"
              className="button button--icon button--quiet"
              // The API refuses to lose a film with its chapter; the reason stands beside the button.
              disabled={withFilm.has(chapter.id)}
              aria-label={t('adminCourses.remove', { title: chapter.title })}
              title={t(withFilm.has(chapter.id) ? 'adminCourses.removeFilmFirst' : 'adminCourses.removeShort')}
              data-testid="chapter-remove"
              onClick={() => onChange(chapters.filter(({ id }) => id !== chapter.id))}
            >
              <Icon name="trash" />
            </button>
          </li>
        ))}
      </ol>
      <p className="visually-hidden" role="status">
        {told}
      </p>
      <NewChapter taken={chapters.map(({ id }) => id)} onAdd={(chapter) => onChange([...chapters, chapter])} />
    </Section>
  );
}

interface MoverProps {
  chapter: DraftChapter;
  index: number;
  last: number;
  onMove: (to: number) => void;
  onDrag: (on: boolean) => void;
}

function Mover({ chapter, index, last, onMove, onDrag }: MoverProps) {
  const t = useTranslate();
  const handle = useRef<HTMLButtonElement>(null);
  const keys = (event: KeyboardEvent): void => {
    const to = { ArrowUp: index - 1, ArrowDown: index + 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onMove(to);
    // Moving the row in the document may take the focus from it.
    requestAnimationFrame(() => handle.current?.focus());
  };
  return (
    <div className="chapter-editor__mover">
      <button
        ref={handle}
        type="button"
        className="chapter-editor__handle"
        draggable
        aria-label={t('adminCourses.handle', { title: chapter.title, place: index + 1 })}
        title={t('adminCourses.handleShort')}
        data-testid="chapter-handle"
        onKeyDown={keys}
        onDragStart={(event) => {
          event.dataTransfer.effectAllowed = 'move';
          event.dataTransfer.setData('text/plain', chapter.id);
          onDrag(true);
        }}
        onDragEnd={() => onDrag(false)}
      >
        {index + 1}
      </button>
      <button type="button" className="button button--icon button--quiet" disabled={index === 0} aria-label={t('adminCourses.up', { title: chapter.title })} onClick={() => onMove(index - 1)}>
        <Icon name="up" />
      </button>
      <button type="button" className="button button--icon button--quiet" disabled={index === last} aria-label={t('adminCourses.down', { title: chapter.title })} onClick={() => onMove(index + 1)}>
        <Icon name="down" />
      </button>
    </div>
  );
}

function ChapterFields({ chapter, course, onChange }: { chapter: DraftChapter; course: number; onChange: (chapter: DraftChapter) => void }) {
  const t = useTranslate();
  return (
    <div className="chapter-editor__fields">
      <TextField label={t('adminCourses.chapterTitle')} hint={chapter.id} value={chapter.title} required maxLength={500} data-testid="chapter-title" onChange={(title) => onChange({ ...chapter, title })} />
      <div className="chapter-editor__rules">
        <Check label={t('adminCourses.free')} checked={chapter.isFree} testId="chapter-free" onChange={(isFree) => onChange({ ...chapter, isFree })} />
        <Check label={t('adminCourses.restricted')} checked={chapter.firstWatchRestricted} onChange={(firstWatchRestricted) => onChange({ ...chapter, firstWatchRestricted })} />
        <label className="inline-field">
          <span>{t('adminCourses.completionShort')}</span>
          <input
            className="field__input"
            type="number"
            min={1}
            max={100}
            placeholder={String(course)}
            value={chapter.completionPercentage ?? ''}
            onChange={({ target }) => onChange({ ...chapter, completionPercentage: target.value === '' ? null : Math.min(100, Math.max(1, Number(target.value) || 1)) })}
          />
        </label>
      </div>
    </div>
  );
}

function NewChapter({ taken, onAdd }: { taken: string[]; onAdd: (chapter: DraftChapter) => void }) {
  const t = useTranslate();
  const [id, setId] = useState('');
  const [title, setTitle] = useState('');
  const isTaken = taken.includes(id);
  const fits = isId(id) && title.trim() !== '' && !isTaken;
  return (
    <form
      className="panel form form--row"
      data-testid="new-chapter"
      onSubmit={(event) => {
        event.preventDefault();
        if (!fits) return;
        onAdd({ id, title: title.trim(), isFree: false, firstWatchRestricted: false, completionPercentage: null });
        setId('');
        setTitle('');
      }}
    >
      <TextField label={t('adminCourses.newChapterTitle')} value={title} onChange={setTitle} maxLength={500} data-testid="new-chapter-title" />
      <TextField
        label={t('adminCourses.newChapterId')}
        hint={t(isTaken ? 'adminCourses.idTaken' : 'adminCourses.idHint')}
        value={id}
        onChange={setId}
        maxLength={128}
        aria-invalid={id !== '' && (!isId(id) || isTaken)}
        data-testid="new-chapter-id"
      />
      <button type="submit" className="button" disabled={!fits} data-testid="new-chapter-add">
        <Icon name="plus" />
        {t('adminCourses.addChapter')}
      </button>
    </form>
  );
}
