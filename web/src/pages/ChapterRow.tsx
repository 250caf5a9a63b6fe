import { useId, useState } from 'react';
import { buildUrl } from '../api/client';
import { asApiError, type ApiError } from '../api/errors';
import type { Chapter, Course } from '../api/types';
import { client } from '../app/auth';
import { Link, paths } from '../app/router';
import { useLanguage, useTranslate } from '../i18n';
import { requestFailure } from '../i18n/failures';
import { clock } from '../i18n/format';
import { Icon } from '../ui/Icon';
import { ConfirmDialog, Ring } from '../ui/pieces';
import { chapterState, lockText, ordinal, rowActions, stateText, type RowAction } from './chapters';
import './chapters.css';

interface ChapterRowProps {
  chapter: Chapter;
  course: Course;
  current?: boolean;
  /** Beside the player there is no room for pictures. */
  compact?: boolean;
  /** The viewer's progress was changed; where this is given, it can be. */
  onChange?: () => void;
}

export function ChapterRow({ chapter, course, current, compact, onChange }: ChapterRowProps) {
  const t = useTranslate();
  const { isLocked } = chapter;
  const state = chapterState(chapter);
  const actions = onChange ? rowActions(chapter, course) : [];
  const content = (
    <>
      {!compact && <Thumb chapter={chapter} />}
      <Ring value={chapter.progress?.watchPercentage ?? 0} done={state === 'completed'} size={compact ? 34 : 42}>
        {isLocked ? <Icon name="lock" /> : state === 'completed' ? <Icon name="check" className="ring-check" /> : ordinal(course, chapter)}
      </Ring>
      <ChapterText chapter={chapter} course={course} compact={compact} />
      {current && <span className="visually-hidden">{t('chapter.current')}</span>}
    </>
  );
  const className = `chapter ${compact ? 'chapter--compact' : ''} ${isLocked ? 'is-locked' : ''} ${current ? 'is-current' : ''}`;
  const shared = { 'data-testid': 'chapter-row', 'data-chapter': chapter.id, 'data-state': isLocked ? 'locked' : state };
  const row = isLocked ? (
    <div className={className} {...shared}>
      {content}
    </div>
  ) : (
    <Link to={paths.watch(course.id, chapter.id)} state={{ autoplay: true }} className={className} aria-current={current ? 'page' : undefined} {...shared}>
      {content}
    </Link>
  );
  return (
    <li>
      {actions.length > 0 && onChange ? (
        <WithActions chapter={chapter} actions={actions} onChange={onChange}>
          {row}
        </WithActions>
      ) : (
        row
      )}
    </li>
  );
}

function ChapterText({ chapter, course, compact }: Pick<ChapterRowProps, 'chapter' | 'course' | 'compact'>) {
  const t = useTranslate();
  const language = useLanguage();
  return (
    <span className="chapter__text">
      <span className="chapter__title">{chapter.title}</span>
      {chapter.isLocked ? (
        <span className="chapter__state" data-testid="chapter-lock">
          {lockText(chapter, course, t, language)}
        </span>
      ) : (
        <span className="chapter__state">
          {compact && chapter.duration ? `${clock(chapter.duration)} · ` : ''}
          {stateText(chapter, t)}
        </span>
      )}
      {!compact && chapter.isFree && !course.isEnrolled && <span className="chip chip--brass chapter__free">{t('chapter.free')}</span>}
    </span>
  );
}

interface WithActionsProps {
  chapter: Chapter;
  actions: RowAction[];
  onChange: () => void;
  children: React.ReactNode;
}

/** A row with a button that unfolds what else can be done with it. */
function WithActions({ chapter, actions, onChange, children }: WithActionsProps) {
  const t = useTranslate();
  const listId = useId();
  const [open, setOpen] = useState(false);
  const [asking, setAsking] = useState(false);
  const [refused, setRefused] = useState<ApiError | null>(null);

  const act = async (action: RowAction): Promise<void> => {
    setAsking(false);
    try {
      await (action === 'complete' ? client.completeChapter(chapter.id) : client.resetChapter(chapter.id));
      setRefused(null);
      setOpen(false);
      onChange();
    } catch (caught) {
      setRefused(asApiError(caught));
    }
  };

  return (
    <div className="chapter-with">
      {children}
      <button
        type="button"
        className="button button--icon button--quiet chapter-with__more"
        aria-label={t('chapter.actions', { title: chapter.title })}
        aria-expanded={open}
        aria-controls={listId}
        data-testid="chapter-more"
        onClick={() => setOpen(!open)}
      >
        <Icon name={open ? 'cross' : 'more'} />
      </button>
      <div id={listId} className="chapter-with__actions" hidden={!open}>
        {open && actions.includes('complete') && (
          <button type="button" className="button button--small" data-testid="chapter-complete" onClick={() => void act('complete')}>
            <Icon name="check" />
            {t('chapter.complete')}
          </button>
        )}
        {open && actions.includes('reset') && (
          <button type="button" className="button button--small" data-testid="chapter-reset" onClick={() => setAsking(true)}>
            <Icon name="replay" />
            {t('chapter.reset')}
          </button>
        )}
        {refused && (
          <p className="field__error" role="alert">
            {t('chapter.actionFailed')} {requestFailure(refused, t)}
          </p>
        )}
      </div>
      {asking && (
        <ConfirmDialog
          title={t('chapter.resetTitle')}
          text={t('chapter.resetText', { title: chapter.title })}
          confirm={t('chapter.resetYes')}
          onConfirm={() => void act('reset')}
          onCancel={() => setAsking(false)}
        />
      )}
    </div>
  );
}

export function Thumb({ chapter }: { chapter: Chapter }) {
  return (
    <span className="thumb">
      {chapter.posterUrl ? <img src={buildUrl(chapter.posterUrl)} alt="" loading="lazy" /> : <Icon name="film" />}
      {chapter.duration ? <span className="thumb__time">{clock(chapter.duration)}</span> : null}
    </span>
  );
}
