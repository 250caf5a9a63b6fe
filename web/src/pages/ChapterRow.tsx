import { buildUrl } from '../api/client';
import type { Chapter, Course } from '../api/types';
import { Link, paths } from '../app/router';
import { useTranslate } from '../i18n';
import { clock } from '../i18n/format';
import { Icon } from '../ui/Icon';
import { Ring } from '../ui/pieces';
import { chapterState, lockText, ordinal, stateText } from './chapters';
import './chapters.css';

interface ChapterRowProps {
  chapter: Chapter;
  course: Course;
  current?: boolean;
  /** Beside the player there is no room for pictures. */
  compact?: boolean;
}

export function ChapterRow({ chapter, course, current, compact }: ChapterRowProps) {
  const t = useTranslate();
  const { isLocked } = chapter;
  const state = chapterState(chapter);
  const content = (
    <>
      {!compact && <Thumb chapter={chapter} />}
      <Ring value={chapter.progress?.watchPercentage ?? 0} done={state === 'completed'} size={compact ? 34 : 42}>
        {isLocked ? <Icon name="lock" /> : state === 'completed' ? <Icon name="check" className="ring-check" /> : ordinal(course, chapter)}
      </Ring>
      <span className="chapter__text">
        <span className="chapter__title">{chapter.title}</span>
        {isLocked ? (
          <span className="chapter__state" data-testid="chapter-lock">
            {lockText(chapter, course, t)}
          </span>
        ) : (
          <span className="chapter__state">
            {compact && chapter.duration ? `${clock(chapter.duration)} · ` : ''}
            {stateText(chapter, t)}
          </span>
        )}
      </span>
      {!compact && chapter.isFree && !course.isEnrolled && <span className="chip chip--brass">{t('chapter.free')}</span>}
      {current && <span className="visually-hidden">{t('chapter.current')}</span>}
    </>
  );
  const className = `chapter ${compact ? 'chapter--compact' : ''} ${isLocked ? 'is-locked' : ''} ${current ? 'is-current' : ''}`;
  const shared = { 'data-testid': 'chapter-row', 'data-chapter': chapter.id, 'data-state': isLocked ? 'locked' : state };
  return (
    <li>
      {isLocked ? (
        <div className={className} {...shared}>
          {content}
        </div>
      ) : (
        <Link to={paths.watch(course.id, chapter.id)} state={{ autoplay: true }} className={className} aria-current={current ? 'page' : undefined} {...shared}>
          {content}
        </Link>
      )}
    </li>
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
