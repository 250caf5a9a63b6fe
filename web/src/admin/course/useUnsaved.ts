import { useEffect, useState } from 'react';
import { navigate } from '../../app/router';

export interface Leaving {
  /** Where a link would have led; null while nobody is about to leave. */
  to: string | null;
  stay: () => void;
  leave: () => void;
}

/** While `dirty`, closing the page asks, and a link of the app that leads off this page waits for an answer. */
export function useUnsaved(dirty: boolean): Leaving {
  const [to, setTo] = useState<string | null>(null);
  useEffect(() => {
    if (!dirty) return undefined;
    const closing = (event: BeforeUnloadEvent): void => event.preventDefault();
    const following = (event: MouseEvent): void => {
      if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href]') : null;
      if (!link || link.target === '_blank') return;
      const url = new URL(link.href);
      if (url.origin !== location.origin || url.pathname === location.pathname) return;
      // Before React hears of it.
      event.preventDefault();
      event.stopPropagation();
      setTo(url.pathname + url.search);
    };
    addEventListener('beforeunload', closing);
    document.addEventListener('click', following, true);
    return () => {
      removeEventListener('beforeunload', closing);
      document.removeEventListener('click', following, true);
    };
  }, [dirty]);
  return {
    to,
    stay: () => setTo(null),
    leave: () => {
      if (to !== null) navigate(to);
    },
  };
}
