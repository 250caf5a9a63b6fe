import { useEffect, useId, useMemo, useRef, useState, useSyncExternalStore, type DragEvent } from 'react';
import { createClient } from '../api/client';
import { useTranslate } from '../i18n';
import { Icon } from '../ui/Icon';
import { uploads } from './queue';
import { UploadRow } from './UploadRow';
import { accept } from './validate';
import './upload.css';

export interface VideoUploadProps {
  chapterId: string;
  /** The film has arrived and is being processed. */
  onUploadComplete?: (videoId: string) => void;
  apiUrl?: string;
  getAuthToken: () => string | null | Promise<string | null>;
  onUnauthorized?: () => void;
  /** Put the file in the place of this film. */
  replaces?: string | null;
  /** Where the film can be watched; offered as soon as it is playable. */
  watchUrl?: string;
  /** Show only what is under way. */
  hideZone?: boolean;
}

export default function VideoUpload(props: VideoUploadProps) {
  const { chapterId, onUploadComplete, apiUrl, getAuthToken, onUnauthorized, replaces = null, watchUrl, hideZone } = props;
  const t = useTranslate();
  const input = useRef<HTMLInputElement>(null);
  const hintId = useId();
  const [over, setOver] = useState(false);
  const all = useSyncExternalStore(uploads.subscribe, uploads.snapshot);
  const items = all.filter((item) => item.chapterId === chapterId);
  const client = useMemo(() => createClient({ apiUrl, getAuthToken, onUnauthorized }), [apiUrl, getAuthToken, onUnauthorized]);
  const complete = useRef(onUploadComplete);
  useEffect(() => {
    complete.current = onUploadComplete;
  });

  const add = (files: FileList | null | undefined): void => {
    if (files?.length) uploads.add(client, chapterId, files, replaces, (videoId) => complete.current?.(videoId));
  };

  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    add(event.dataTransfer.files);
  };

  return (
    <div className="upload">
      {!hideZone && (
        <div
          className={`upload__zone ${over ? 'is-over' : ''}`}
          data-testid="upload-zone"
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={onDrop}
        >
          <Icon name="upload" className="upload__mark" />
          <p className="upload__title">{t(replaces ? 'upload.dropReplacement' : 'upload.drop')}</p>
          <button type="button" className="button button--small" aria-describedby={hintId} onClick={() => input.current?.click()}>
            {t('upload.choose')}
          </button>
          <p id={hintId} className="upload__hint">
            {t('upload.hint')}
          </p>
          <input
            ref={input}
            type="file"
            className="visually-hidden"
            data-testid="upload-input"
            tabIndex={-1}
            aria-label={t('upload.choose')}
            accept={accept}
            multiple
            onChange={(event) => {
              add(event.target.files);
              // Otherwise choosing the same file again, after a failure, would change nothing.
              event.target.value = '';
            }}
          />
        </div>
      )}
      {items.length > 0 && (
        <ul className="upload__rows">
          {items.map((item) => (
            <UploadRow key={item.id} item={item} client={client} watchUrl={watchUrl} />
          ))}
        </ul>
      )}
    </div>
  );
}
