import { pageLanguage } from '../../i18n/format';
import type { Playback } from '../playback';
import { h } from './dom';
import type { View } from './timeline';

const MOVE_EVERY_MS = 8_000;
const LOOK_EVERY_MS = 1_000;
/** Between two drawings, whatever is done to it: a page that hides it in a loop must not hang in another one. */
const REST_MS = 200;
/** Percent of the picture that the text keeps away from its edges. */
const MARGIN = 6;

/**
 * Who watches, over the picture, at a place that changes: a film that is filmed off the screen says by whom.
 * It comes back when it is taken out of the page or hidden, for that is what the console of a browser is first tried on.
 */
export function watermark(playback: Playback, root: HTMLElement): View & { destroy: () => void } {
  // The layer is only where views stand in the order of the player; the mark is a child of the player itself.
  const element = h('span', { hidden: true });
  let mark: HTMLElement | null = null;
  let place = { left: 0, top: 0 };
  let said = '';
  let written = '';

  const text = (): string => {
    const { watermark: shown, viewer } = playback.store.state;
    const parts = { name: viewer.name ?? viewer.userId, email: viewer.email ?? viewer.userId, userId: viewer.userId, time: now() };
    return [...new Set(shown.map((part) => parts[part]))].filter(Boolean).join(' · ');
  };
  const move = (): void => {
    place = { left: MARGIN + Math.random() * (70 - MARGIN), top: MARGIN + Math.random() * (74 - MARGIN) };
    draw();
  };
  const wanted = (): boolean => playback.store.state.phase === 'active' && playback.store.state.watermark.length > 0;
  const isSeen = (): boolean => {
    if (!mark?.isConnected || mark.parentElement !== root || mark.textContent !== said || mark.style.cssText !== written) return false;
    // Of a player that is hidden as a whole nothing is seen, and nobody to blame.
    if (root.offsetWidth === 0) return true;
    const { display, visibility, opacity } = getComputedStyle(mark);
    return display !== 'none' && visibility === 'visible' && Number(opacity) > 0.1 && mark.offsetWidth > 0;
  };
  let drawnAt = -Infinity;
  const mend = (): void => {
    if (wanted() && !isSeen() && performance.now() - drawnAt > REST_MS) draw();
  };
  /** Built anew rather than mended: what was hung on the old one (a style, a class, a listener) goes with it. */
  function draw(): void {
    mark?.remove();
    mark = null;
    if (!wanted()) return;
    said = text();
    mark = document.createElement('div');
    mark.textContent = said;
    mark.ariaHidden = 'true';
    mark.dataset['testid'] = 'watermark';
    const style: Record<string, string> = {
      all: 'initial',
      position: 'absolute',
      left: `${place.left.toFixed(1)}%`,
      top: `${place.top.toFixed(1)}%`,
      'max-width': '60%',
      font: '600 clamp(11px, 1.5cqi, 20px) system-ui, sans-serif',
      color: 'rgb(255 255 255)',
      opacity: '0.34',
      'text-shadow': '0 0 3px rgb(0 0 0), 0 0 1px rgb(0 0 0)',
      'pointer-events': 'none',
      'user-select': 'none',
      transform: 'none',
      translate: 'none',
      scale: 'none',
      filter: 'none',
      'clip-path': 'none',
      'z-index': '1',
    };
    for (const [name, value] of Object.entries(style)) mark.style.setProperty(name, value, 'important');
    written = mark.style.cssText;
    root.append(mark);
    drawnAt = performance.now();
  }

  const watcher = new MutationObserver(mend);
  watcher.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ['style', 'class', 'hidden'], characterData: true });
  // A rule in a style sheet changes nothing that an observer sees.
  const looking = setInterval(mend, LOOK_EVERY_MS);
  const moving = setInterval(() => wanted() && move(), MOVE_EVERY_MS);

  return {
    element,
    paint(_state, changed) {
      if (!changed || changed.has('phase') || changed.has('watermark') || changed.has('viewer')) move();
    },
    destroy() {
      watcher.disconnect();
      clearInterval(looking);
      clearInterval(moving);
    },
  };
}

function now(): string {
  return new Date().toLocaleString(pageLanguage(), { dateStyle: 'short', timeStyle: 'short' });
}
