import { handleKey } from './keyboard';
import { Playback } from './playback';
import type { PlayerOptions, PlayerState } from './types';
import { captions } from './view/captions';
import { controls } from './view/controls';
import { h, icon } from './view/dom';
import { lazyView } from './view/lazy';
import { overlay } from './view/overlay';
import { toast } from './view/toast';
import { watermark } from './view/watermark';
import './player.css';
import './view/controls.css';
import './view/captions.css';
import './view/overlay.css';
import './view/panels.css';

const HIDE_AFTER_MS = 2_600;
const painted = ['translate', 'title', 'posterUrl', 'nextTitle', 'canDownload', 'markers'] as const;

export interface MountedPlayer {
  readonly playback: Playback;
  /** New callbacks, title or language; the film goes on. Another `videoId` wants another player. */
  update(options: Partial<PlayerOptions>): void;
  destroy(): void;
}

/** Puts a complete player into `host`. React's <VideoPlayer> and any other wrapper are a few lines around this. */
export function mountPlayer(host: HTMLElement, options: PlayerOptions): MountedPlayer {
  const gone = new AbortController();
  const { signal } = gone;
  const poster = h('div', { class: 'lp-poster' });
  const sound = h('div', { class: 'lp-sound-face', testId: 'audio-face', hidden: true }, icon('sound'));
  const spinner = h('div', { class: 'lp-spinner', testId: 'spinner', hidden: true, attrs: { 'aria-hidden': 'true' } });
  const stage = h('div', { class: 'lp-stage' });
  const root = h('div', { class: 'lp', testId: 'player', tabIndex: -1, attrs: { role: 'region' } });

  const playback = new Playback(stage, options);
  const bottom = controls(playback, toggleFullscreen);
  const mark = watermark(playback, root);
  const sheets = lazyView(playback, ({ panel }) => panel !== null, () => import('./view/panel').then(({ panel }) => panel(playback, root)));
  const text = lazyView(playback, (state) => state.transcript && state.captions.length > 0, () => import('./view/transcript').then(({ transcript }) => transcript(playback)));
  const views = [captions(playback), overlay(playback), toast(playback), bottom, sheets, mark] as const;
  root.append(stage, poster, sound, spinner, ...views.map(({ element }) => element));
  host.append(root);
  placeTranscript();

  let hideTimer: ReturnType<typeof setTimeout> | undefined;

  function paint(state: Readonly<PlayerState>, changed: ReadonlySet<keyof PlayerState> | null): void {
    root.dataset['phase'] = state.phase;
    root.classList.toggle('is-playing', state.playing);
    root.classList.toggle('is-covered', state.phase === 'face' || state.phase === 'ready' || (state.phase === 'active' && state.ended));
    const { title, posterUrl, translate } = playback.options;
    root.setAttribute('aria-label', title ? translate('player.regionOf', { title }) : translate('player.region'));
    root.setAttribute('aria-busy', String(state.phase === 'loading'));
    poster.hidden = state.phase === 'active';
    poster.style.backgroundImage = posterUrl && !state.audioOnly ? `url(${JSON.stringify(posterUrl)})` : '';
    sound.hidden = !state.audioOnly;
    spinner.hidden = !(state.phase === 'loading' || state.phase === 'opening' || (state.phase === 'active' && state.waiting));
    bottom.element.hidden = state.phase !== 'active';
    for (const view of views) view.paint(state, changed);
    text.paint(state, changed);
    if (!changed || changed.has('playing')) wake();
  }

  /** The controls go when nothing happens, but never while paused, in a menu, or with a key's focus on them. */
  function wake(): void {
    root.classList.remove('is-idle');
    clearTimeout(hideTimer);
    hideTimer = setTimeout(() => {
      const { playing, audioOnly, toast: line } = playback.store.state;
      const used = bottom.anyMenuOpen() || bottom.element.querySelector(':focus-visible') !== null;
      if (playing && !audioOnly && !used && !line) root.classList.add('is-idle');
    }, HIDE_AFTER_MS);
  }

  function toggleFullscreen(): void {
    if (document.fullscreenElement === root) void document.exitFullscreen();
    else if (root.requestFullscreen) void root.requestFullscreen().catch(() => undefined);
    // iPhones only let the film itself fill the screen.
    else (playback.video as (HTMLVideoElement & { webkitEnterFullscreen?: () => void }) | null)?.webkitEnterFullscreen?.();
  }

  stage.addEventListener('click', (event) => {
    // A finger first asks to see the controls; a mouse has seen them already.
    const touch = (event as PointerEvent).pointerType === 'touch';
    if (bottom.anyMenuOpen()) return bottom.closeMenus();
    if (touch && root.classList.contains('is-idle')) return wake();
    playback.toggle();
  });
  stage.addEventListener('dblclick', toggleFullscreen);
  // A click on a button must not leave the focus there, or space would press it again instead of pausing.
  bottom.element.addEventListener('mousedown', (event) => {
    if ((event.target as Element).closest('button')) event.preventDefault();
  });
  root.addEventListener('pointerdown', (event) => {
    root.classList.toggle('is-touch', event.pointerType === 'touch');
    if (!root.contains(document.activeElement)) root.focus({ preventScroll: true });
  });
  root.addEventListener('contextmenu', (event) => event.preventDefault());
  root.addEventListener('dragstart', (event) => event.preventDefault());
  root.addEventListener('pointermove', (event) => event.pointerType !== 'touch' && wake());
  root.addEventListener('focusin', wake);
  root.addEventListener('keydown', wake);
  const keys: HTMLElement | Document = options.hotkeys === 'page' ? document : root;
  keys.addEventListener('keydown', (event) => handleKey(event as KeyboardEvent, playback, toggleFullscreen), { signal });
  const filledScreen = (): void => {
    playback.store.set({ fullscreen: document.fullscreenElement === root });
    placeTranscript();
  };
  document.addEventListener('fullscreenchange', filledScreen, { signal });

  /** Under the film in a page; over it where the film is all there is. */
  function placeTranscript(): void {
    const over = options.transcriptOver === true || document.fullscreenElement === root;
    text.element.classList.toggle('is-over', over);
    if (over) root.append(text.element);
    else root.after(text.element);
  }

  const unsubscribe = playback.store.subscribe(paint);
  paint(playback.store.state, null);
  options.onReady?.(playback);

  return {
    playback,
    update(change) {
      const before = playback.options;
      playback.options = { ...before, ...change };
      // Callbacks are new on every render of a host; only what is written on the player needs paint.
      if (painted.some((key) => playback.options[key] !== before[key])) paint(playback.store.state, null);
    },
    destroy() {
      gone.abort();
      clearTimeout(hideTimer);
      unsubscribe();
      mark.destroy();
      playback.dispose();
      root.remove();
      text.element.remove();
    },
  };
}
