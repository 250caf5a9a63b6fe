import { useEffect, useId, useRef, useState, type InputHTMLAttributes, type ReactNode } from 'react';
import { Link } from '../../app/router';
import { useTranslate } from '../../i18n';
import { Icon } from '../../ui/Icon';
import type { IconName } from '../../ui/icons';
import { ConfirmDialog } from '../../ui/pieces';
import { useCurrentInView } from '../../ui/useCurrentInView';
import type { Action } from './hooks';
import './shared.css';

interface PageProps {
  title: string;
  lead?: string;
  back?: { to: string; label: string };
  actions?: ReactNode;
  testId: string;
  children: ReactNode;
}

/** A page of the administration: its name, what it is for, what can be done with it. */
export function AdminPage({ title, lead, back, actions, testId, children }: PageProps) {
  const t = useTranslate();
  useEffect(() => {
    document.title = `${title} · Lectern`;
  }, [title]);
  return (
    <div className="page" data-testid={testId}>
      {back && (
        <nav aria-label={t('page.where')} className="crumbs">
          <Link to={back.to}>
            <Icon name="back" />
            {back.label}
          </Link>
        </nav>
      )}
      <header className="page__head">
        <div className="bar-of-tools">
          <h1 className="long-words">{title}</h1>
          {actions && <div className="bar-of-tools__end">{actions}</div>}
        </div>
        {lead && <p className="page__lead">{lead}</p>}
      </header>
      {children}
    </div>
  );
}

export function Section({ title, lead, actions, testId, children }: Omit<PageProps, 'back' | 'testId'> & { testId?: string }) {
  return (
    <section className="admin-section" data-testid={testId}>
      <div className="bar-of-tools">
        <h2 className="long-words">{title}</h2>
        {actions && <div className="bar-of-tools__end">{actions}</div>}
      </div>
      {lead && <p className="admin-section__lead">{lead}</p>}
      {children}
    </section>
  );
}

type FieldProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'> & {
  label: string;
  hint?: string;
  value: string;
  onChange: (value: string) => void;
};

export function TextField({ label, hint, value, onChange, className = '', ...input }: FieldProps) {
  const hintId = useId();
  return (
    <label className={`field ${className}`}>
      <span className="field__label">{label}</span>
      <input {...input} className="field__input" value={value} aria-describedby={hint ? hintId : undefined} onChange={(event) => onChange(event.target.value)} />
      {hint && (
        <span className="field__hint" id={hintId}>
          {hint}
        </span>
      )}
    </label>
  );
}

interface SelectProps {
  label: string;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  onChange: (value: string) => void;
  testId?: string;
}

export function SelectField({ label, value, options, onChange, testId }: SelectProps) {
  return (
    <label className="field">
      <span className="field__label">{label}</span>
      <select className="field__input" value={value} data-testid={testId} onChange={(event) => onChange(event.target.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

interface CheckProps {
  label: string;
  hint?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  testId?: string;
}

export function Check({ label, hint, checked, onChange, testId }: CheckProps) {
  return (
    <label className="check">
      <input type="checkbox" checked={checked} data-testid={testId} onChange={(event) => onChange(event.target.checked)} />
      <span>
        {label}
        {hint && <small className="field__hint">{hint}</small>}
      </span>
    </label>
  );
}

export interface Tab {
  id: string;
  label: string;
  to: string;
  icon?: IconName;
}

/** Parts of a page that have addresses of their own, so they are links. */
export function Tabs({ label, current, tabs }: { label: string; current: string; tabs: Tab[] }) {
  const row = useCurrentInView<HTMLElement>(current);
  return (
    <nav ref={row} className="tabs" aria-label={label}>
      {tabs.map(({ id, label: text, to, icon }) => (
        <Link key={id} to={to} className="tabs__one" aria-current={id === current ? 'page' : undefined} data-testid={`tab-${id}`}>
          {icon && <Icon name={icon} />}
          {text}
        </Link>
      ))}
    </nav>
  );
}

/** Single numbers beside each other, each with what it is of. */
export function Figures({ items }: { items: { label: string; value: ReactNode; hint?: string; tone?: 'danger' | 'brass' }[] }) {
  return (
    <dl className="figures">
      {items.map(({ label, value, hint, tone }) => (
        <div key={label} className="figures__one panel" data-tone={tone}>
          <dt>{label}</dt>
          <dd>{value}</dd>
          {hint && <dd className="figures__hint">{hint}</dd>}
        </div>
      ))}
    </dl>
  );
}

/** How the last thing that was asked for went. Stands on the page from the beginning, so that it is read out. */
export function Outcome({ action, testId }: { action: Action; testId?: string }) {
  const t = useTranslate();
  return (
    <div className="outcome" role="status" data-testid={testId ?? 'outcome'}>
      {action.error && (
        <p className="field__error">
          {action.error.text} <small>{t('common.code', { code: action.error.code })}</small>
        </p>
      )}
      {!action.error && action.done && <p className="outcome__done">{action.done}</p>}
    </div>
  );
}

/** A value that is shown once or not at all: hidden until asked for, and copied with one press. */
export function Secret({ label, value, shown: shownFirst = false, testId = 'secret' }: { label: string; value: string; shown?: boolean; testId?: string }) {
  const t = useTranslate();
  const [shown, setShown] = useState(shownFirst);
  const [copied, setCopied] = useState(false);
  return (
    <div className="secret">
      <span className="field__label">{label}</span>
      <code className="secret__value" data-testid={testId}>
        {shown ? value : '•'.repeat(24)}
      </code>
      <span className="secret__actions">
        <button type="button" className="button button--small" aria-pressed={shown} onClick={() => setShown(!shown)} data-testid={`${testId}-reveal`}>
          <Icon name="eye" />
          {t(shown ? 'adminCommon.hide' : 'adminCommon.reveal')}
        </button>
        <button
          type="button"
          className="button button--small"
          onClick={() => {
            void navigator.clipboard?.writeText(value).then(() => setCopied(true), () => setShown(true));
          }}
        >
          {t('adminCommon.copy')}
        </button>
        <span role="status" className="field__hint">
          {copied && t('adminCommon.copied')}
        </span>
      </span>
    </div>
  );
}

interface AskProps {
  label: string;
  title: string;
  text: string;
  confirm: string;
  onConfirm: () => void;
  disabled?: boolean;
  quiet?: boolean;
  testId?: string;
}

/** A button that asks before it does what cannot be undone. */
export function AskButton({ label, onConfirm, disabled, quiet, testId, ...dialog }: AskProps) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button type="button" className={`button button--small button--danger ${quiet ? 'button--bare' : ''}`} disabled={disabled} data-testid={testId} onClick={() => setAsking(true)}>
        {label}
      </button>
      {asking && (
        <ConfirmDialog
          {...dialog}
          onCancel={() => setAsking(false)}
          onConfirm={() => {
            setAsking(false);
            onConfirm();
          }}
        />
      )}
    </>
  );
}

interface TypedProps {
  title: string;
  text: string;
  /** What has to be typed for the answer to count. */
  word: string;
  confirm: string;
  onConfirm: () => void;
  onCancel: () => void;
}

/** A question whose answer has to be typed, for what destroys more than one thing. */
export function TypedConfirm({ title, text, word, confirm, onConfirm, onCancel }: TypedProps) {
  const t = useTranslate();
  const [typed, setTyped] = useState('');
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={titleId} onCancel={onCancel} data-testid="typed-confirm">
      <form
        className="dialog__body"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed === word) onConfirm();
        }}
      >
        <h2 id={titleId}>{title}</h2>
        <p className="dialog__text">{text}</p>
        <TextField label={t('adminCommon.typeToConfirm', { word })} value={typed} onChange={setTyped} autoComplete="off" data-testid="typed-word" />
        <div className="dialog__actions">
          <button type="button" className="button" onClick={onCancel}>
            {t('common.cancel')}
          </button>
          <button type="submit" className="button button--filled-danger" disabled={typed !== word} data-testid="typed-yes">
            {confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}
