import { useEffect, useRef, type RefObject } from 'react';

/** In a row that scrolls, the link one is at has to be seen; `scrollIntoView` would move the page as well. */
export function useCurrentInView<T extends HTMLElement>(at: string): RefObject<T | null> {
  const row = useRef<T>(null);
  useEffect(() => {
    const list = row.current;
    const current = list?.querySelector<HTMLElement>('[aria-current]');
    if (!list || !current) return;
    const [outer, inner] = [list.getBoundingClientRect(), current.getBoundingClientRect()];
    list.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
  }, [at]);
  return row;
}
