import { useState } from 'react';
import type * as Schema from '../../api/schema';
import { useData } from '../../app/useData';
import { useTranslate } from '../../i18n';
import { dateTime } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import type { Playback } from '../../player/playback';
import { FilePicker } from '../../ui/FilePicker';
import { Icon } from '../../ui/Icon';
import { ConfirmDialog, Loading, Skeleton } from '../../ui/pieces';
import { Failure } from '../../upload/ProcessingStatus';
import { useAction } from '../useAction';
import { captionsApi } from '../video/api';
import { CaptionEditor } from './CaptionEditor';
import { captionFailure } from './failures';
import type { EditedCue } from './cues';
import { LanguageField } from './LanguageField';
import './captions.css';

const DRAFTING_MS = 4_000;
const sources: Record<Schema.Captions['source'], string> = {
  upload: 'captionEditor.fromFile',
  embedded: 'captionEditor.fromFilm',
  transcription: 'captionEditor.fromSpeech',
};

interface CaptionsPanelProps {
  videoId: string;
  playback: Playback | null;
  /** What is edited now, for the player to show; null for nothing. */
  show: (cues: readonly EditedCue[] | null) => void;
}

/** The languages a film has captions in, and the editor of one. */
export function CaptionsPanel({ videoId, playback, show }: CaptionsPanelProps) {
  const t = useTranslate();
  const [editing, setEditing] = useState<string | null>(null);
  const { data, error, reload } = useData(
    `captions ${videoId}`,
    (signal) => captionsApi.all(videoId, signal),
    ({ drafting }) => (drafting.some(({ status }) => status === 'preparing') ? DRAFTING_MS : null),
  );
  if (error && !data) return <Problem error={error} onRetry={reload} />;
  if (!data) {
    return (
      <Loading>
        <Skeleton height="12rem" />
      </Loading>
    );
  }
  if (editing !== null) {
    const track = data.captions.find(({ language }) => language === editing);
    return (
      <CaptionEditor
        key={editing}
        videoId={videoId}
        language={editing}
        label={track?.label ?? editing}
        isNew={!track}
        playback={playback}
        show={show}
        onClose={() => {
          setEditing(null);
          reload();
        }}
      />
    );
  }
  return (
    <>
      {data.captions.length > 0 ? (
        <ul className="captions">
          {data.captions.map((track) => (
            <Track key={track.language} videoId={videoId} track={track} changed={reload} onEdit={() => setEditing(track.language)} />
          ))}
        </ul>
      ) : (
        <p className="video__hint">{t('captionEditor.none')}</p>
      )}
      {data.drafting.map((draft) => (
        <Drafting key={draft.language} videoId={videoId} draft={draft} changed={reload} />
      ))}
      <NewTrack videoId={videoId} changed={reload} onWrite={setEditing} />
    </>
  );
}

interface TrackProps {
  videoId: string;
  track: Schema.Captions;
  changed: () => void;
  onEdit: () => void;
}

function Track({ videoId, track, changed, onEdit }: TrackProps) {
  const t = useTranslate();
  const { language, label, isDefault, state, kind } = track;
  const [asking, setAsking] = useState(false);
  const [name, setName] = useState(label);
  const { run, busy, refused } = useAction();
  const change = async (body: Partial<Schema.CaptionChange>): Promise<void> => {
    if (await run(() => captionsApi.change(videoId, language, body))) changed();
  };
  const remove = async (): Promise<void> => {
    setAsking(false);
    if (await run(() => captionsApi.remove(videoId, language))) changed();
  };
  return (
    <li className="panel captions__track" data-testid="captions-track" data-language={language}>
      <div className="captions__head">
        <strong>{label}</strong>
        <span className="chip">{language}</span>
        {isDefault && <span className="chip chip--accent">{t('captionEditor.default')}</span>}
        <span className={`chip ${state === 'draft' ? 'chip--brass' : 'chip--accent'}`} data-testid="captions-state" data-state={state}>
          {t(state === 'draft' ? 'captionEditor.draft' : 'captionEditor.published')}
        </span>
      </div>
      <p className="video__hint">
        {t('captionEditor.cues', { count: track.cueCount })} · {t(sources[track.source])} · {dateTime(track.updatedAt)}
      </p>
      <div className="captions__flags">
        <label className="field">
          <span className="field__label">{t('captionEditor.label')}</span>
          <input className="field__input" value={name} maxLength={60} onChange={(event) => setName(event.target.value)} onBlur={() => name.trim() && name.trim() !== label && void change({ label: name.trim() })} />
        </label>
        <label className="captions__check">
          <input type="checkbox" checked={state === 'published'} disabled={busy} data-testid="captions-published" onChange={() => void change({ state: state === 'published' ? 'draft' : 'published' })} />
          {t('captionEditor.isPublished')}
        </label>
        <label className="captions__check">
          <input type="checkbox" checked={isDefault} disabled={busy} data-testid="captions-default" onChange={() => void change({ isDefault: !isDefault })} />
          {t('captionEditor.isDefault')}
        </label>
        <label className="captions__check">
          <input type="checkbox" checked={kind === 'captions'} disabled={busy} onChange={() => void change({ kind: kind === 'captions' ? 'subtitles' : 'captions' })} />
          {t('captionEditor.hasSounds')}
        </label>
      </div>
      <div className="video__actions">
        <button type="button" className="button button--small button--primary" data-testid="captions-edit" onClick={onEdit}>
          <Icon name="pencil" />
          {t('captionEditor.edit')}
        </button>
        <button type="button" className="button button--small button--danger" disabled={busy} data-testid="captions-delete" onClick={() => setAsking(true)}>
          <Icon name="trash" />
          {t('captionEditor.delete')}
        </button>
      </div>
      {refused && <Failure message={captionFailure(refused, t)} code={refused.code} />}
      {asking && (
        <ConfirmDialog
          title={t('captionEditor.deleteTitle', { label })}
          text={t('captionEditor.deleteText')}
          confirm={t('captionEditor.delete')}
          onConfirm={() => void remove()}
          onCancel={() => setAsking(false)}
        />
      )}
    </li>
  );
}

function Drafting({ videoId, draft, changed }: { videoId: string; draft: Schema.CaptionDraft; changed: () => void }) {
  const t = useTranslate();
  const { run, busy } = useAction();
  const giveUp = async (): Promise<void> => {
    if (await run(() => captionsApi.remove(videoId, draft.language))) changed();
  };
  return (
    <div className="panel captions__track" data-testid="captions-drafting" data-state={draft.status}>
      <div className="captions__head">
        <span className="chip">{draft.language}</span>
        <span>{t(draft.status === 'preparing' ? 'captionEditor.drafting' : 'captionEditor.draftFailed')}</span>
      </div>
      {draft.status === 'failed' && <Failure message={draft.message ?? ''} code={draft.error ?? undefined} />}
      <div className="video__actions">
        <button type="button" className="button button--small" disabled={busy} onClick={() => void giveUp()}>
          {t('captionEditor.giveUpDraft')}
        </button>
      </div>
    </div>
  );
}

function NewTrack({ videoId, changed, onWrite }: { videoId: string; changed: () => void; onWrite: (language: string) => void }) {
  const t = useTranslate();
  const [language, setLanguage] = useState('ka');
  const { data: transcribes } = useData('transcribes', async (signal) => ({ known: await captionsApi.transcribes(signal) }));
  const { run, busy, refused } = useAction();
  const act = async (what: () => Promise<unknown>): Promise<void> => {
    if (await run(what)) changed();
  };
  const isTag = /^[A-Za-z0-9-]{2,35}$/.test(language);
  return (
    <div className="panel captions__track">
      <h2>{t('captionEditor.add')}</h2>
      <LanguageField value={language} onChange={setLanguage} />
      <div className="video__actions">
        <FilePicker
          accept=".vtt,.srt,text/vtt,application/x-subrip"
          inputTestId="captions-input"
          disabled={busy || !isTag}
          onPick={(file) => void act(() => captionsApi.put(videoId, language, file))}
        >
          {t('captionEditor.upload')}
        </FilePicker>
        <button type="button" className="button button--small" disabled={busy || !isTag} data-testid="captions-write" onClick={() => onWrite(language)}>
          <Icon name="pencil" />
          {t('captionEditor.write')}
        </button>
        {/* Teachers may not look at the workers: they may try, and are told. */}
        {transcribes && transcribes.known !== false && (
          <button type="button" className="button button--small" disabled={busy || !isTag} data-testid="captions-draft" onClick={() => void act(() => captionsApi.draft(videoId, language))}>
            <Icon name="wave" />
            {t('captionEditor.transcribe')}
          </button>
        )}
      </div>
      <p className="field__hint">{t('captionEditor.uploadHint')}</p>
      {refused && <Failure message={captionFailure(refused, t)} code={refused.code} />}
    </div>
  );
}
