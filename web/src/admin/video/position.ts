import { useSyncExternalStore } from 'react';
import type { Playback } from '../../player/playback';

/** Where the film is, in steps of `step` seconds, so that a page need not draw itself sixty times a second; null without one. */
export function usePosition(playback: Playback | null, step: number): number | null {
  return useSyncExternalStore(
    (listener) => playback?.store.subscribe(listener) ?? (() => undefined),
    () => (playback ? Math.floor(playback.store.state.position / step) * step : null),
  );
}

/** To a place of the film, also where it has not begun: then it is opened there, still. */
export function goTo(playback: Playback | null, seconds: number): void {
  if (!playback) return;
  if (playback.store.state.phase === 'ready') void playback.start(seconds, false);
  else playback.seek(seconds);
}

/** The player says nothing itself until the answer is called. */
export function silenced(playback: Playback): () => void {
  const draw = playback.onCues;
  draw([]);
  playback.onCues = () => undefined;
  return () => {
    playback.onCues = draw;
  };
}
