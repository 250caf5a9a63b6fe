import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { createClient, type Client } from '../api/client';
import { useTranslate } from '../i18n';
import { DropZone } from './DropZone';
import { UploadOverview } from './UploadOverview';
import { isActive } from './item';
import { uploads, type UploadItem } from './queue';
import { maxBytes } from './send';
import { UploadRow } from './UploadRow';
import { MAX_BYTES } from './validate';
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
  const client = useMemo(() => createClient({ apiUrl, getAuthToken, onUnauthorized }), [apiUrl, getAuthToken, onUnauthorized]);
  const items = useUploads(client).filter((item) => item.chapterId === chapterId);
  // One film a chapter: while one is on its way there is nothing else to drop.
  const underWay = items.some((item) => isActive(item) || item.state === 'paused' || item.state === 'interrupted');
  const limit = useLimit(client);
  const complete = useRef(onUploadComplete);
  useEffect(() => {
    complete.current = onUploadComplete;
  });
  useEffect(
    () => uploads.onArrival(({ chapterId: where, videoId }) => where === chapterId && videoId && complete.current?.(videoId)),
    [chapterId],
  );

  return (
    <div className="upload">
      {!hideZone && !underWay && (
        <DropZone
          title={t(replaces ? 'upload.dropReplacement' : 'upload.drop')}
          limit={limit}
          onPick={(picks) => void uploads.add(client, chapterId, picks, replaces)}
        />
      )}
      <UploadOverview items={items} />
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

/** All uploads of the page, with those that pages before it did not finish. */
export function useUploads(client: Client): readonly UploadItem[] {
  useEffect(() => void uploads.restore(client), [client]);
  return useSyncExternalStore(uploads.subscribe, uploads.snapshot);
}

/** Bytes of a file at most; the usual number until the server has said its own. */
export function useLimit(client: Client): number {
  const [limit, setLimit] = useState(MAX_BYTES);
  useEffect(() => {
    let gone = false;
    void maxBytes(client).then((found) => gone || setLimit(found));
    return () => {
      gone = true;
    };
  }, [client]);
  return limit;
}
