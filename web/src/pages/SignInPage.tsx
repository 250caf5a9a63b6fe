import { useEffect, useState, type FormEvent } from 'react';
import { asApiError, type ApiError } from '../api/errors';
import { createClient } from '../api/client';
import { client, signIn } from '../app/auth';
import { Brand, Preferences } from '../app/Header';
import { useTranslate } from '../i18n';
import { Icon } from '../ui/Icon';
import { Failure } from '../upload/ProcessingStatus';
import { Loading, Skeleton } from '../ui/pieces';
import './sign-in.css';

type Offer = 'asking' | 'demo' | 'token' | 'unreachable';

/** Lectern signs nobody in: the platform does. Only the one-machine demo has its two ready-made people. */
export function SignInPage({ expired }: { expired: boolean }) {
  const t = useTranslate();
  const [offer, setOffer] = useState<Offer>('asking');
  const [round, setRound] = useState(0);

  useEffect(() => {
    document.title = `${t('signIn.title')} · Lectern`;
  }, [t]);

  useEffect(() => {
    let gone = false;
    client.demo().then(
      ({ enabled }) => gone || setOffer(enabled ? 'demo' : 'token'),
      (error: unknown) => gone || setOffer(asApiError(error).isTransient ? 'unreachable' : 'token'),
    );
    return () => {
      gone = true;
    };
  }, [round]);

  return (
    <div className="sign-in">
      <aside className="sign-in__aside">
        <Brand />
        <div className="sign-in__words">
          <h1>{t('signIn.headline')}</h1>
          <p>{t('signIn.lead')}</p>
        </div>
        <LampLight />
      </aside>
      <div className="sign-in__side">
        <header className="sign-in__preferences">
          <Preferences />
        </header>
        <main className="sign-in__form">
          <h2>{t('signIn.title')}</h2>
          {expired && (
            <p className="sign-in__expired" role="status" data-testid="sign-in-expired">
              <Icon name="clock" />
              {t('signIn.expired')}
            </p>
          )}
          {offer === 'asking' && (
            <Loading>
              <Skeleton height="9rem" />
            </Loading>
          )}
          {offer === 'demo' && <DemoSignIn />}
          {offer === 'token' && <TokenSignIn />}
          {offer === 'unreachable' && (
            <>
              <Failure message={t('error.network')} />
              <button
                type="button"
                className="button"
                onClick={() => {
                  setOffer('asking');
                  setRound(round + 1);
                }}
              >
                {t('common.retry')}
              </button>
            </>
          )}
        </main>
      </div>
    </div>
  );
}

function DemoSignIn() {
  const t = useTranslate();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);

  async function enter(role: 'admin' | 'student'): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      const { token, userId, name, role: given } = await client.demoSignIn(role);
      signIn(token, { userId, name, role: given, email: null });
    } catch (caught) {
      setError(asApiError(caught));
      setBusy(false);
    }
  }

  return (
    <>
      <p className="sign-in__text">{t('signIn.demoText')}</p>
      <div className="sign-in__choices">
        <button type="button" className="choice" disabled={busy} data-testid="sign-in-student" onClick={() => void enter('student')}>
          <span className="choice__mark">
            <Icon name="book" />
          </span>
          <span>
            <strong>{t('signIn.asStudent')}</strong>
            <small>{t('signIn.asStudentText')}</small>
          </span>
          <Icon name="forward" className="choice__go" />
        </button>
        <button type="button" className="choice" disabled={busy} data-testid="sign-in-admin" onClick={() => void enter('admin')}>
          <span className="choice__mark">
            <Icon name="upload" />
          </span>
          <span>
            <strong>{t('signIn.asAdmin')}</strong>
            <small>{t('signIn.asAdminText')}</small>
          </span>
          <Icon name="forward" className="choice__go" />
        </button>
      </div>
      {error && <Failure message={error.message} code={error.code} />}
    </>
  );
}

function TokenSignIn() {
  const t = useTranslate();
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function enter(event: FormEvent): Promise<void> {
    event.preventDefault();
    const pasted = token.trim().replace(/^Bearer\s+/i, '');
    if (!pasted) return setProblem(t('signIn.tokenEmpty'));
    setBusy(true);
    setProblem(null);
    try {
      const me = await createClient({ getAuthToken: () => pasted }).me();
      signIn(pasted, me);
    } catch (caught) {
      setProblem(t(asApiError(caught).status === 401 ? 'signIn.tokenRefused' : 'error.network'));
      setBusy(false);
    }
  }

  return (
    <form className="sign-in__token" onSubmit={(event) => void enter(event)} noValidate>
      <p className="sign-in__text">{t('signIn.platformText')}</p>
      <div className="field">
        <label className="field__label" htmlFor="token">
          {t('signIn.token')}
        </label>
        <input
          id="token"
          className="field__input"
          data-testid="token-input"
          value={token}
          autoComplete="off"
          spellCheck={false}
          aria-describedby="token-hint"
          aria-invalid={problem !== null}
          onChange={(event) => setToken(event.target.value)}
        />
        <span id="token-hint" className="field__hint">
          {t('signIn.tokenHint')}
        </span>
        {problem && (
          <span className="field__error" role="alert">
            {problem}
          </span>
        )}
      </div>
      <button type="submit" className="button button--primary" disabled={busy} data-testid="token-submit">
        {t('signIn.enter')}
      </button>
    </form>
  );
}

function LampLight() {
  return (
    <svg className="lamp-light" viewBox="0 0 400 400" aria-hidden="true" preserveAspectRatio="xMaxYMax slice">
      {[70, 120, 175, 235, 300, 370].map((radius, i) => (
        <circle key={radius} cx="400" cy="400" r={radius} fill="none" stroke="currentColor" strokeWidth={i === 0 ? 26 : 1.4} opacity={0.75 - i * 0.1} />
      ))}
    </svg>
  );
}
