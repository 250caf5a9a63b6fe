import { useRef, useState } from 'react';
import { useTranslate } from '../../i18n';
import { Icon } from '../../ui/Icon';
import type { IconName } from '../../ui/icons';
import { faultOf, readTime, writeTime, type CueFault, type EditedCue } from './cues';
import type { Change } from './useCues';

const faults: Record<CueFault, string> = {
  noStart: 'captionEditor.faultStart',
  noEnd: 'captionEditor.faultEnd',
  endsBeforeStart: 'captionEditor.faultOrder',
  empty: 'captionEditor.faultEmpty',
  tooLate: 'captionEditor.faultLate',
};

interface CueRowProps {
  cue: EditedCue;
  number: number;
  isLast: boolean;
  /** The player shows it now. */
  isShown: boolean;
  change: (change: Change) => void;
  onGo: () => void;
}

export function CueRow({ cue, number, isLast, isShown, change, onGo }: CueRowProps) {
  const t = useTranslate();
  const text = useRef<HTMLTextAreaElement>(null);
  const fault = faultOf(cue);
  const { id } = cue;
  return (
    <li className={`cue ${isShown ? 'is-shown' : ''}`} aria-current={isShown ? 'true' : undefined} data-testid="cue" data-number={number}>
      <div className="cue__times">
        <button type="button" className="cue__go" aria-label={t('captionEditor.go', { number })} data-testid="cue-go" onClick={onGo}>
          <Icon name="play" />
          {number}
        </button>
        <TimeField label={t('captionEditor.start', { number })} value={cue.start} testId="cue-start" onChange={(start) => change({ do: 'edit', id, change: { start } })} onDone={() => change({ do: 'sort' })} />
        <TimeField label={t('captionEditor.end', { number })} value={cue.end} testId="cue-end" onChange={(end) => change({ do: 'edit', id, change: { end } })} />
      </div>
      <textarea
        ref={text}
        className="field__input cue__text"
        rows={Math.min(6, cue.text.split('\n').length + 1)}
        value={cue.text}
        aria-label={t('captionEditor.text', { number })}
        aria-invalid={fault === 'empty'}
        data-testid="cue-text"
        onFocus={onGo}
        onChange={(event) => change({ do: 'edit', id, change: { text: event.target.value } })}
      />
      <div className="cue__tools">
        <Tool icon="split" label={t('captionEditor.split', { number })} testId="cue-split" onClick={() => change({ do: 'split', id, caret: text.current?.selectionStart ?? 0 })} />
        <Tool icon="merge" label={t('captionEditor.merge', { number })} testId="cue-merge" disabled={isLast} onClick={() => change({ do: 'merge', id })} />
        <Tool icon="trash" label={t('captionEditor.remove', { number })} testId="cue-remove" onClick={() => change({ do: 'remove', id })} />
      </div>
      {fault && <p className="field__error cue__fault">{t(faults[fault])}</p>}
    </li>
  );
}

function Tool({ icon, label, testId, disabled, onClick }: { icon: IconName; label: string; testId: string; disabled?: boolean; onClick: () => void }) {
  return (
    <button type="button" className="button button--icon button--quiet" aria-label={label} title={label} disabled={disabled} data-testid={testId} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

interface TimeFieldProps {
  label: string;
  value: number;
  testId: string;
  onChange: (seconds: number) => void;
  onDone?: () => void;
}

/** What is typed stays as it is typed until the field is left; what is no time is NaN meanwhile. */
function TimeField({ label, value, testId, onChange, onDone }: TimeFieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? (Number.isNaN(value) ? '' : writeTime(value));
  return (
    <input
      className="field__input cue__time"
      value={shown}
      aria-label={label}
      aria-invalid={Number.isNaN(value)}
      inputMode="decimal"
      autoComplete="off"
      data-testid={testId}
      onChange={(event) => {
        setTyped(event.target.value);
        onChange(readTime(event.target.value) ?? Number.NaN);
      }}
      onBlur={() => {
        if (!Number.isNaN(value)) setTyped(null);
        onDone?.();
      }}
    />
  );
}
