import { useEffect, useId, useRef, type ReactNode } from 'react';
import { percent } from '../i18n/format';
import { useTranslate } from '../i18n';
import { Icon } from './Icon';
import type { IconName } from './icons';

/** How much of something is done. The number stands in the label, so that colour and length are not the only carriers. */
export function Ring({ value, done, size = 40, children }: { value: number; done: boolean; size?: number; children?: ReactNode }) {
  const radius = size / 2 - 2;
  const around = 2 * Math.PI * radius;
  const shown = done ? 100 : Math.min(100, Math.max(0, value));
  return (
    <span className="ring-box" data-value={Math.floor(shown)}>
      <svg className={`ring ${done ? 'ring--done' : ''}`} width={size} height={size} aria-hidden="true">
        <circle className="ring__track" cx={size / 2} cy={size / 2} r={radius} fill="none" strokeWidth="3" />
        {shown > 0 && (
          <circle
            className="ring__value"
            cx={size / 2}
            cy={size / 2}
            r={radius}
            fill="none"
            strokeWidth="3"
            strokeDasharray={around}
            strokeDashoffset={around * (1 - shown / 100)}
          />
        )}
      </svg>
      <span className="ring-box__inside">{children}</span>
    </span>
  );
}

export function Bar({ value, label, tone }: { value: number; label: string; tone?: 'done' | 'accent' }) {
  const shown = Math.min(100, Math.max(0, value));
  return (
    <div
      className={`bar ${tone ? `bar--${tone}` : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(shown)}
      aria-valuetext={percent(shown)}
    >
      <span className="bar__value" style={{ transform: `scaleX(${shown / 100})` }} />
    </div>
  );
}

interface NoticeProps {
  icon: IconName;
  title: string;
  text?: string;
  code?: string;
  problem?: boolean;
  /** It is all that the page says, and so its heading is the page's. */
  whole?: boolean;
  testId?: string;
  children?: ReactNode;
}

export function Notice({ icon, title, text, code, problem, whole, testId, children }: NoticeProps) {
  const Heading = whole ? 'h1' : 'h2';
  return (
    <section className={`notice ${problem ? 'notice--problem' : ''}`} data-testid={testId} role={problem ? 'alert' : undefined}>
      <span className="notice__mark">
        <Icon name={icon} />
      </span>
      <Heading className="notice__title">{title}</Heading>
      {text && <p className="notice__text">{text}</p>}
      {code && <p className="notice__code">{code}</p>}
      {children && <div className="notice__actions">{children}</div>}
    </section>
  );
}

export function Skeleton({ width = '100%', height }: { width?: string; height: string }) {
  return <span className="skeleton" style={{ display: 'block', width, height }} aria-hidden="true" />;
}

/** Skeletons are decoration; this tells a screen reader what they stand for. */
export function Loading({ children }: { children: ReactNode }) {
  const t = useTranslate();
  return (
    <div aria-busy="true" data-testid="loading">
      <span className="visually-hidden" role="status">
        {t('common.loading')}
      </span>
      {children}
    </div>
  );
}

interface ConfirmProps {
  title: string;
  text: string;
  confirm: string;
  onConfirm: () => void;
  onCancel: () => void;
}

/** A question before something that cannot be undone. The safe answer has the focus. */
export function ConfirmDialog({ title, text, confirm, onConfirm, onCancel }: ConfirmProps) {
  const t = useTranslate();
  const dialog = useRef<HTMLDialogElement>(null);
  const safe = useRef<HTMLButtonElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    safe.current?.focus();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={titleId} onCancel={onCancel} data-testid="confirm-dialog">
      <div className="dialog__body">
        <h2 id={titleId}>{title}</h2>
        <p className="dialog__text">{text}</p>
        <div className="dialog__actions">
          <button ref={safe} type="button" className="button" onClick={onCancel} data-testid="confirm-no">
            {t('common.cancel')}
          </button>
          <button type="button" className="button button--filled-danger" onClick={onConfirm} data-testid="confirm-yes">
            {confirm}
          </button>
        </div>
      </div>
    </dialog>
  );
}
