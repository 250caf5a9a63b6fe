import { useEffect, useState } from 'react';
import { asApiError, type ApiError } from '../../api/errors';
import { useTranslate } from '../../i18n';
import { count } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import type { Playback } from '../../player/playback';
import { Icon } from '../../ui/Icon';
import { ConfirmDialog, Loading, Skeleton } from '../../ui/pieces';
import { Failure } from '../../upload/ProcessingStatus';
import { useAction } from '../useAction';
import { captionsApi } from '../video/api';
import { goTo, usePosition } from '../video/position';
import { CueRow } from './CueRow';
import { faultOf, readCues, shownAt, writeCues, type EditedCue } from './cues';
import { captionFailure } from './failures';
import { firstCue, useCues } from './useCues';

/** So many rows at once: a long lecture has thousands, and a field for each is more than a page can hold. */
const PAGE = 50;

interface CaptionEditorProps {
  videoId: string;
  language: string;
  label: string;
  isNew: boolean;
  playback: Playback | null;
  show: (cues: readonly EditedCue[] | null) => void;
  onClose: () => void;
}

/** One language, cue by cue, beside the player, which shows what is written here. */
export function CaptionEditor({ videoId, language, label, isNew, playback, show, onClose }: CaptionEditorProps) {
  const t = useTranslate();
  const [state, change] = useCues();
  const [failed, setFailed] = useState<ApiError | null>(null);
  const [loaded, setLoaded] = useState(false);
  const [round, setRound] = useState(0);
  const [asking, setAsking] = useState(false);
  // Once it is saved it is no new one any more, and is not read again for that.
  const [empty] = useState(isNew);
  const { cues, isChanged } = state;

  useEffect(() => {
    const gone = new AbortController();
    const read = empty ? Promise.resolve(firstCue()) : captionsApi.text(videoId, language, gone.signal).then(readCues);
    read.then(
      (found) => {
        if (gone.signal.aborted) return;
        change({ do: 'load', cues: found });
        setLoaded(true);
      },
      (error: unknown) => gone.signal.aborted || setFailed(asApiError(error)),
    );
    return () => gone.abort();
  }, [videoId, language, round, empty, change]);

  useEffect(() => {
    show(cues);
  }, [cues, show]);
  useEffect(() => () => show(null), [show]);
  useLeaveWarning(isChanged);

  if (failed && !loaded) {
    const again = (): void => {
      setFailed(null);
      setRound(round + 1);
    };
    return <Problem error={failed} onRetry={again} />;
  }
  if (!loaded) {
    return (
      <Loading>
        <Skeleton height="24rem" />
      </Loading>
    );
  }
  return (
    <div className="editor" data-testid="caption-editor">
      <div className="editor__head">
        <button type="button" className="button button--small button--quiet" data-testid="editor-close" onClick={() => (isChanged ? setAsking(true) : onClose())}>
          <Icon name="back" />
          {t('captionEditor.close')}
        </button>
        <h2>{t('captionEditor.editing', { label })}</h2>
      </div>
      <Toolbar videoId={videoId} language={language} state={state} change={change} playback={playback} />
      <Rows cues={cues} change={change} playback={playback} />
      {asking && (
        <ConfirmDialog
          title={t('captionEditor.leaveTitle')}
          text={t('captionEditor.leaveText')}
          confirm={t('captionEditor.leaveYes')}
          onConfirm={onClose}
          onCancel={() => setAsking(false)}
        />
      )}
    </div>
  );
}

type Cues = ReturnType<typeof useCues>;

interface ToolbarProps {
  videoId: string;
  language: string;
  state: Cues[0];
  change: Cues[1];
  playback: Playback | null;
}

function Toolbar({ videoId, language, state, change, playback }: ToolbarProps) {
  const t = useTranslate();
  const { run, busy, refused } = useAction();
  const [wasSaved, setWasSaved] = useState(false);
  const { cues, isChanged, past } = state;
  const faults = cues.filter((cue) => faultOf(cue) !== null).length;
  const save = async (): Promise<void> => {
    const written = cues;
    if (await run(() => captionsApi.put(videoId, language, writeCues(written)))) {
      change({ do: 'saved', cues: written });
      setWasSaved(true);
    }
  };
  return (
    <div className="editor__tools">
      <button type="button" className="button button--small button--primary" disabled={busy || !isChanged || faults > 0 || cues.length === 0} data-testid="editor-save" onClick={() => void save()}>
        <Icon name="check" />
        {t('captionEditor.save')}
      </button>
      <button type="button" className="button button--small" data-testid="editor-add" onClick={() => change({ do: 'add', position: playback?.store.state.position ?? 0 })}>
        <Icon name="plus" />
        {t('captionEditor.addCue')}
      </button>
      <button type="button" className="button button--small" disabled={past.length === 0} data-testid="editor-undo" onClick={() => change({ do: 'undo' })}>
        <Icon name="undo" />
        {t('captionEditor.undo')}
      </button>
      <span role="status" className="video__hint" data-testid="editor-said" data-saved={wasSaved && !isChanged}>
        {faults > 0 && t('captionEditor.faults', { count: faults })}
        {faults === 0 && isChanged && t('captionEditor.unsaved')}
        {wasSaved && !isChanged && t('captionEditor.saved')}
      </span>
      {refused && <Failure message={captionFailure(refused, t)} code={refused.code} />}
    </div>
  );
}

function Rows({ cues, change, playback }: { cues: EditedCue[]; change: Cues[1]; playback: Playback | null }) {
  const t = useTranslate();
  const position = usePosition(playback, 0.1);
  const [asked, setAsked] = useState(0);
  const pages = Math.max(1, Math.ceil(cues.length / PAGE));
  const page = Math.min(asked, pages - 1);
  const shown = new Set(position === null ? [] : shownAt(cues, position).map(({ id }) => id));
  const here = cues.findIndex(({ id }) => shown.has(id));
  if (cues.length === 0) return <p className="video__hint">{t('captionEditor.noCues')}</p>;
  return (
    <>
      <ol className="editor__cues" start={page * PAGE + 1} aria-label={t('captionEditor.list')}>
        {cues.slice(page * PAGE, (page + 1) * PAGE).map((cue, index) => (
          <CueRow
            key={cue.id}
            cue={cue}
            number={page * PAGE + index + 1}
            isLast={page * PAGE + index === cues.length - 1}
            isShown={shown.has(cue.id)}
            change={change}
            onGo={() => goTo(playback, cue.start)}
          />
        ))}
      </ol>
      {pages > 1 && (
        <div className="editor__pages">
          <button type="button" className="button button--small" disabled={page === 0} onClick={() => setAsked(page - 1)}>
            {t('captionEditor.before')}
          </button>
          <span>{t('captionEditor.page', { page: count(page + 1), pages: count(pages) })}</span>
          <button type="button" className="button button--small" disabled={page === pages - 1} onClick={() => setAsked(page + 1)}>
            {t('captionEditor.after')}
          </button>
          <button type="button" className="button button--small" disabled={here < 0} onClick={() => setAsked(Math.floor(here / PAGE))}>
            {t('captionEditor.toPlayer')}
          </button>
        </div>
      )}
    </>
  );
}

function useLeaveWarning(isChanged: boolean): void {
  useEffect(() => {
    if (!isChanged) return undefined;
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [isChanged]);
}
