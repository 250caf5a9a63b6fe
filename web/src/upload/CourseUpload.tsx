import { useId, useMemo, useState } from 'react';
import { createClient } from '../api/client';
import { useTranslate } from '../i18n';
import { bytes } from '../i18n/format';
import { Icon } from '../ui/Icon';
import { DropZone } from './DropZone';
import { isActive } from './item';
import { Failure } from './ProcessingStatus';
import { uploads, type Picked } from './queue';
import { suggestChapters, type Place } from './suggest';
import { UploadOverview } from './UploadOverview';
import { refusalText } from './UploadRow';
import { useLimit, useUploads } from './VideoUpload';
import { examine, type Refusal } from './validate';
import './upload.css';

interface Staged {
  key: number;
  pick: Picked;
  refusal: Refusal | null;
  chapterId: string | null;
}

export interface CourseUploadProps {
  /** In their order. */
  chapters: readonly Place[];
  getAuthToken: () => string | null | Promise<string | null>;
  apiUrl?: string;
  onUnauthorized?: () => void;
}

let nextKey = 1;

/** Many films at once, each for a chapter of its own. Once begun, each is shown by the `VideoUpload` of its chapter. */
export default function CourseUpload({ chapters, getAuthToken, apiUrl, onUnauthorized }: CourseUploadProps) {
  const t = useTranslate();
  const client = useMemo(() => createClient({ apiUrl, getAuthToken, onUnauthorized }), [apiUrl, getAuthToken, onUnauthorized]);
  const here = new Set(chapters.map(({ id }) => id));
  const items = useUploads(client).filter(({ chapterId }) => here.has(chapterId));
  const limit = useLimit(client);
  const [staged, setStaged] = useState<readonly Staged[]>([]);
  const busy = new Set(items.filter((item) => isActive(item) || item.state === 'paused').map(({ chapterId }) => chapterId));
  const good = staged.filter(({ refusal, chapterId }) => !refusal && chapterId);

  const stage = async (picks: Picked[]): Promise<void> => {
    const looked = await Promise.all(picks.map(({ file }) => examine(file, limit).catch(() => ({ refusal: 'empty' }) as const)));
    const taken = new Set([...busy, ...staged.flatMap(({ chapterId }) => (chapterId ? [chapterId] : []))]);
    const fit = picks.filter((_, i) => !looked[i]?.refusal);
    const places = suggestChapters(fit.map(({ file }) => file.name), chapters, taken);
    const added = picks.map((pick, i) => ({ key: nextKey++, pick, refusal: looked[i]?.refusal ?? null, chapterId: places[fit.indexOf(pick)] ?? null }));
    setStaged((before) => [...before, ...added]);
  };
  const begin = (): void => {
    for (const { pick, chapterId } of good) {
      const place = chapters.find(({ id }) => id === chapterId);
      if (place) void uploads.add(client, place.id, [pick], place.videoId);
    }
    setStaged([]);
  };
  const put = (key: number, chapterId: string | null): void => setStaged((all) => all.map((one) => (one.key === key ? { ...one, chapterId } : one)));

  return (
    <section className="upload" data-testid="course-upload" aria-label={t('upload.many')}>
      <DropZone title={t('upload.dropMany')} limit={limit} many testId="course-upload-zone" inputTestId="course-upload-input" onPick={(picks) => void stage(picks)} />
      {staged.length > 0 && (
        <div className="upload-staged">
          <ul className="upload__rows">
            {staged.map((one) => (
              <StagedRow
                key={one.key}
                staged={one}
                limit={limit}
                chapters={chapters.filter(({ id }) => id === one.chapterId || (!busy.has(id) && !staged.some(({ chapterId }) => chapterId === id)))}
                onPlace={(chapterId) => put(one.key, chapterId)}
                onRemove={() => setStaged((all) => all.filter(({ key }) => key !== one.key))}
              />
            ))}
          </ul>
          <div className="upload-total__actions">
            <button type="button" className="button button--small button--primary" data-testid="course-upload-begin" disabled={good.length === 0} onClick={begin}>
              <Icon name="upload" />
              {t('upload.begin', { count: good.length })}
            </button>
            <button type="button" className="button button--small button--quiet" onClick={() => setStaged([])}>
              {t('common.cancel')}
            </button>
          </div>
        </div>
      )}
      <UploadOverview items={items} />
    </section>
  );
}

interface StagedRowProps {
  staged: Staged;
  limit: number;
  /** Those it may go to. */
  chapters: readonly Place[];
  onPlace: (chapterId: string | null) => void;
  onRemove: () => void;
}

function StagedRow({ staged: { pick, refusal, chapterId }, limit, chapters, onPlace, onRemove }: StagedRowProps) {
  const t = useTranslate();
  const selectId = useId();
  const { name, size } = pick.file;
  const replaces = chapters.some(({ id, videoId }) => id === chapterId && videoId);
  return (
    <li className="upload-row" data-testid="staged-file" data-state={refusal ? 'refused' : chapterId ? 'placed' : 'unplaced'}>
      <div className="upload-row__head">
        <Icon name="film" />
        <div className="upload-row__name">
          <strong title={name}>{name}</strong>
          <span>{bytes(size, t)}</span>
        </div>
        <button type="button" className="button button--icon button--quiet" aria-label={t('upload.forget', { name })} onClick={onRemove}>
          <Icon name="cross" />
        </button>
      </div>
      {refusal ? (
        <Failure message={refusalText(refusal, limit, t)} />
      ) : (
        <div className="upload-staged__place">
          <label htmlFor={selectId}>{t('upload.forChapter')}</label>
          <select id={selectId} className="field__input" data-testid="staged-chapter" value={chapterId ?? ''} onChange={(event) => onPlace(event.target.value || null)}>
            <option value="">{t('upload.chooseChapter')}</option>
            {chapters.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
          {replaces && <p className="upload__hint">{t('upload.willReplace')}</p>}
        </div>
      )}
    </li>
  );
}
