import { useState } from 'react';
import { buildUrl } from '../../api/client';
import { client } from '../../app/auth';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { requestFailure } from '../../i18n/failures';
import { clock } from '../../i18n/format';
import type { Playback } from '../../player/playback';
import { FilePicker } from '../../ui/FilePicker';
import { Icon } from '../../ui/Icon';
import { Failure } from '../../upload/ProcessingStatus';
import { useAction } from '../useAction';
import { api, type Details } from './api';
import { jpegOf, pictureOf } from './picture';

const origins: Record<Details['poster']['origin'], string> = { found: 'videoPage.posterFound', chosen: 'videoPage.posterChosen', uploaded: 'videoPage.posterUploaded' };

/** Which picture stands for the film: one that was found, a moment of it, or a picture of one's own. */
export function PosterPanel({ film, playback, changed }: { film: Details; playback: Playback | null; changed: () => void }) {
  const t = useTranslate();
  const { videoId, poster } = film;
  const { run, busy, refused } = useAction();
  const [hint, setHint] = useState<string | null>(null);
  const current = film.versions.find(({ isCurrent }) => isCurrent)?.versionId;
  const { data } = useData(`thumbnails ${videoId} ${current} ${film.status}`, (signal) => client.thumbnails(videoId, signal));

  const act = async (what: () => Promise<unknown>): Promise<void> => {
    setHint(null);
    if (await run(what)) changed();
  };
  const capture = async (): Promise<void> => {
    const { video } = playback ?? {};
    const picture = video && video.videoWidth > 0 ? await jpegOf(video, video.videoWidth, video.videoHeight) : null;
    if (picture) await act(() => api.uploadPoster(videoId, picture, true));
    else setHint('videoPage.posterNoFrame');
  };
  const upload = async (file: File): Promise<void> => {
    const picture = await pictureOf(file);
    if (picture) await act(() => api.uploadPoster(videoId, picture, false));
    else setHint('videoPage.posterNoPicture');
  };

  return (
    <>
      <div className="panel video__box poster">
        <span className="poster__picture">{poster.posterUrl ? <img src={buildUrl(poster.posterUrl)} alt={t('videoPage.posterNow')} data-testid="poster-now" /> : <Icon name="picture" />}</span>
        <div className="poster__text">
          <h2>{t('videoPage.posterNow')}</h2>
          <p className="video__hint" data-testid="poster-origin" data-origin={poster.origin}>
            {t(origins[poster.origin])}
          </p>
          <div className="video__actions">
            <button type="button" className="button button--small" disabled={busy || !playback} data-testid="poster-frame" onClick={() => void capture()}>
              <Icon name="film" />
              {t('videoPage.posterFrame')}
            </button>
            <FilePicker accept="image/*" inputTestId="poster-input" disabled={busy} onPick={(file) => void upload(file)}>
              {t('videoPage.posterUpload')}
            </FilePicker>
            {poster.origin !== 'found' && (
              <button type="button" className="button button--small button--quiet" disabled={busy} data-testid="poster-reset" onClick={() => void act(() => api.resetPoster(videoId))}>
                <Icon name="undo" />
                {t('videoPage.posterReset')}
              </button>
            )}
          </div>
          {hint && (
            <p className="field__error" role="alert">
              {t(hint)}
            </p>
          )}
          {refused && <Failure message={requestFailure(refused, t)} code={refused.code} />}
        </div>
      </div>
      {data && data.thumbnails.length > 0 && (
        <div className="panel video__box">
          <h2>{t('videoPage.posterMoments')}</h2>
          <ul className="poster__moments">
            {data.thumbnails.map(({ time, url }) => (
              <li key={time}>
                <button
                  type="button"
                  className="poster__moment"
                  disabled={busy}
                  aria-pressed={poster.posterUrl === url}
                  aria-label={t('videoPage.posterAt', { time: clock(time) })}
                  data-testid="poster-moment"
                  onClick={() => void act(() => api.choosePoster(videoId, time))}
                >
                  <img src={buildUrl(url)} alt="" loading="lazy" />
                  <span aria-hidden="true">{clock(time)}</span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}
