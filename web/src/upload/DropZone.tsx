import { useEffect, useId, useState, type DragEvent } from 'react';
import { useTranslate } from '../i18n';
import { bytes } from '../i18n/format';
import { Icon } from '../ui/Icon';
import { FileButton } from './FileButton';
import { droppedFiles } from './pick';
import type { Picked } from './queue';

interface DropZoneProps {
  title: string;
  onPick: (picks: Picked[]) => void;
  /** Bytes. */
  limit: number;
  /** Several at once. */
  many?: boolean;
  testId?: string;
  inputTestId?: string;
}

export function DropZone({ title, onPick, limit, many, testId = 'upload-zone', inputTestId = 'upload-input' }: DropZoneProps) {
  const t = useTranslate();
  const hintId = useId();
  const [over, setOver] = useState(false);
  useEffect(keepStrayFiles, []);

  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    void droppedFiles(event.dataTransfer).then((picks) => picks.length > 0 && onPick(picks));
  };

  return (
    <div
      className={`upload__zone ${over ? 'is-over' : ''}`}
      data-testid={testId}
      onDragOver={(event) => {
        event.preventDefault();
        event.dataTransfer.dropEffect = 'copy';
        setOver(true);
      }}
      // Moving over what stands inside the zone is no leaving.
      onDragLeave={(event) => !event.currentTarget.contains(event.relatedTarget as Node | null) && setOver(false)}
      onDrop={onDrop}
    >
      <Icon name="upload" className="upload__mark" />
      <p className="upload__title">{over ? t('upload.letGo') : title}</p>
      <FileButton onPick={onPick} inputTestId={inputTestId} describedBy={hintId} multiple>
        {t(many ? 'upload.chooseMany' : 'upload.choose')}
      </FileButton>
      <p id={hintId} className="upload__hint">
        {t('upload.hint', { size: bytes(limit, t) })}
      </p>
    </div>
  );
}

/** A file dropped beside the zone would otherwise be opened in the place of the page. */
function keepStrayFiles(): () => void {
  const keep = (event: globalThis.DragEvent): void => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  };
  addEventListener('dragover', keep);
  addEventListener('drop', keep);
  return () => {
    removeEventListener('dragover', keep);
    removeEventListener('drop', keep);
  };
}
