import { useEffect, useState } from 'react';
import { buildUrl } from '../api/client';
import type { GoOn, Stats } from '../api/types';
import { client } from '../app/auth';
import { Link, paths } from '../app/router';
import { useTranslate } from '../i18n';
import { clock, duration, percent } from '../i18n/format';
import { Icon } from '../ui/Icon';
import { Bar } from '../ui/pieces';
import { Cover } from './Cover';

/** Of each course that was begun, the chapter to go on with: the last one first. */
export function ContinueStrip({ chapters }: { chapters: readonly GoOn[] }) {
  const t = useTranslate();
  if (chapters.length === 0) return null;
  return (
    <section className="section" aria-labelledby="continue-title">
      <h2 id="continue-title">{t('courses.continue')}</h2>
      <ul className="strip">
        {chapters.map((chapter) => (
          <li key={chapter.courseId}>
            <ContinueCard chapter={chapter} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function ContinueCard({ chapter }: { chapter: GoOn }) {
  const t = useTranslate();
  const { courseId, chapterId, courseTitle, title, currentPosition, totalDuration, watchPercentage } = chapter;
  const picture = useStill(chapter);
  const begun = watchPercentage > 0 || currentPosition > 0;
  return (
    <Link to={paths.watch(courseId, chapterId)} state={{ autoplay: true }} className="go-on" data-testid="continue-card" data-chapter={chapterId}>
      <span className="go-on__picture">
        {picture ? <img src={picture} alt="" loading="lazy" /> : <Cover seed={`${courseId} ${chapterId}`} />}
        <span className="go-on__play">
          <Icon name="play" />
        </span>
        {totalDuration !== null && <span className="thumb__time">{begun ? t('courses.at', { position: clock(currentPosition), duration: clock(totalDuration) }) : clock(totalDuration)}</span>}
      </span>
      {begun && <Bar value={watchPercentage} label={t('course.progress')} />}
      <span className="go-on__text">
        <span className="go-on__course">{courseTitle}</span>
        <span className="go-on__title">{title}</span>
        <span className="go-on__facts">{begun ? t('courses.progress', { percent: percent(watchPercentage) }) : t('courses.upNext')}</span>
      </span>
    </Link>
  );
}

/** What was on the screen where the viewer stopped, as near as there is a picture. */
function useStill({ videoId, currentPosition }: GoOn): string | null {
  const [found, setFound] = useState<{ videoId: string; url: string } | null>(null);
  useEffect(() => {
    const gone = new AbortController();
    client.thumbnails(videoId, gone.signal).then(
      ({ thumbnails }) => {
        const still = thumbnails.findLast(({ time }) => time <= currentPosition) ?? thumbnails[0];
        if (still && !gone.signal.aborted) setFound({ videoId, url: buildUrl(still.url) });
      },
      // A drawn cover stands in its place.
      () => undefined,
    );
    return () => gone.abort();
  }, [videoId, currentPosition]);
  return found?.videoId === videoId ? found.url : null;
}

/** How one is doing, in a line; nothing for who has not begun. */
export function StatsLine({ stats }: { stats: Stats }) {
  const t = useTranslate();
  if (stats.totalWatchTime < 1) return null;
  return (
    <ul className="stats" aria-label={t('courses.stats')} data-testid="stats-line">
      {stats.currentStreak > 0 && (
        <li className="stats__streak">
          <Icon name="flame" />
          {t('courses.streak', { count: stats.currentStreak })}
        </li>
      )}
      <li>
        <Icon name="clock" />
        {t('courses.watched', { time: duration(stats.totalWatchTime, t) })}
      </li>
      {stats.chaptersCompleted > 0 && (
        <li>
          <Icon name="check" />
          {t('courses.finished', { count: stats.chaptersCompleted })}
        </li>
      )}
    </ul>
  );
}
