import { clock } from '../../i18n/format';
import type { Playback } from '../playback';
import type { PlayerState } from '../types';
import { h } from './dom';
import { preview } from './preview';

export interface View {
  element: HTMLElement;
  /** `changed` is null when everything must be painted: at first, and after a change of language. */
  paint(state: Readonly<PlayerState>, changed: ReadonlySet<keyof PlayerState> | null): void;
}

/** The bar: what is buffered and played, what was not watched yet, how far a first watch may go, and where the head is. */
export function timeline(playback: Playback): View {
  const buffered = h('span', { class: 'lp-bar__buffered' });
  const played = h('span', { class: 'lp-bar__played' });
  const closed = h('span', { class: 'lp-bar__closed', testId: 'frontier', hidden: true });
  const head = h('span', { class: 'lp-bar__head' });
  const picture = preview(playback);
  const said = h('span', { class: 'lp-bar__said' });
  const hint = h('span', { class: 'lp-bar__hint', testId: 'bar-hint', hidden: true, attrs: { 'aria-hidden': 'true' } }, picture.element, said);
  const gaps = h('span', { class: 'lp-bar__gaps', testId: 'gaps' });
  const marks = h('span', { class: 'lp-bar__marks', testId: 'markers' });
  const track = h('div', { class: 'lp-bar__track' }, buffered, closed, played, gaps);
  const element = h(
    'div',
    { class: 'lp-bar', testId: 'seek-bar', tabIndex: 0, attrs: { role: 'slider', 'aria-valuemin': '0', dir: 'ltr' } },
    track,
    marks,
    head,
    hint,
  );

  let dragged: number | null = null;
  const duration = (): number => playback.store.state.duration;

  const secondsAt = (event: PointerEvent): number => {
    const box = element.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return share * duration();
  };

  const showHint = (seconds: number): void => {
    const share = duration() > 0 ? seconds / duration() : 0;
    hint.hidden = false;
    const marker = playback.options.markers?.findLast(({ time }) => time <= seconds + 0.5);
    said.textContent = marker ? `${clock(seconds)} · ${marker.title}` : clock(seconds);
    picture.show(seconds);
    hint.classList.toggle('is-closed', seconds > playback.store.state.maxSeek + 0.5);
    // Half of what it is wide has to fit on either side.
    const half = hint.offsetWidth / 2;
    hint.style.left = `clamp(${half}px, ${share * 100}%, calc(100% - ${half}px))`;
  };

  element.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    element.classList.add('is-dragging');
    dragged = secondsAt(event);
    place(dragged);
  });
  element.addEventListener('pointermove', (event) => {
    const seconds = secondsAt(event);
    showHint(seconds);
    if (dragged === null) return;
    dragged = seconds;
    place(dragged);
  });
  const release = (event: PointerEvent): void => {
    if (dragged === null) return;
    const target = event.type === 'pointerup' ? secondsAt(event) : null;
    dragged = null;
    element.classList.remove('is-dragging');
    if (target !== null) playback.seek(target);
    place(playback.store.state.position);
  };
  element.addEventListener('pointerup', release);
  element.addEventListener('pointercancel', release);
  element.addEventListener('pointerleave', () => (hint.hidden = true));
  element.addEventListener('keydown', (event) => {
    const page = duration() / 10;
    const jumps: Record<string, () => void> = {
      PageUp: () => playback.seekBy(page),
      PageDown: () => playback.seekBy(-page),
      Home: () => playback.seek(0),
      End: () => playback.seek(duration()),
    };
    const jump = jumps[event.key];
    if (!jump) return;
    event.preventDefault();
    jump();
  });

  function place(seconds: number): void {
    const share = duration() > 0 ? Math.min(1, seconds / duration()) : 0;
    played.style.transform = `scaleX(${share})`;
    head.style.left = `${share * 100}%`;
  }

  function paintGaps({ progress, duration: total }: Readonly<PlayerState>): void {
    // Of what lies beyond the furthest place nobody has to be reminded: only of holes in what was watched.
    const furthest = progress ? Math.max(progress.frontier, ...progress.gaps.filter(({ to }) => to < total - 0.5).map(({ to }) => to)) : 0;
    const holes = (progress?.gaps ?? []).filter(({ from }) => from < furthest && total > 0);
    gaps.replaceChildren(...holes.map(({ from, to }) => stretch(from / total, Math.min(to, total) / total)));
  }

  function paintMarkers(total: number): void {
    const markers = total > 0 ? (playback.options.markers ?? []) : [];
    marks.replaceChildren(...markers.filter(({ time }) => time > 0 && time < total).map(({ time }) => stretch(time / total, time / total)));
  }

  return {
    element,
    paint(state, changed) {
      const t = playback.options.translate;
      if (dragged === null) place(state.position);
      if (!changed || changed.has('progress') || changed.has('duration')) paintGaps(state);
      if (!changed || changed.has('duration')) paintMarkers(state.duration);
      const total = state.duration;
      buffered.style.transform = `scaleX(${total > 0 ? Math.min(1, state.buffered / total) : 0})`;
      closed.hidden = !state.restricted || total <= 0;
      if (!closed.hidden) closed.style.left = `${Math.min(100, (state.maxSeek / total) * 100)}%`;
      element.setAttribute('aria-label', t('player.timeline'));
      element.setAttribute('aria-valuemax', String(Math.round(total)));
      element.setAttribute('aria-valuenow', String(Math.round(state.position)));
      element.setAttribute('aria-valuetext', t('player.timelineValue', { position: clock(state.position), duration: clock(total) }));
    },
  };
}

function stretch(from: number, to: number): HTMLElement {
  const part = h('span');
  part.style.left = `${from * 100}%`;
  part.style.width = `${(to - from) * 100}%`;
  return part;
}
