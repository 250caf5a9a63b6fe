import type { Playback } from './playback';

const SKIP_SECONDS = 10;

/** Keys of headsets and keyboards, lock screens, and the small player of the browser. Gives it all back when `signal` aborts. */
export function watchMediaSession(playback: Playback, signal: AbortSignal): void {
  if (!('mediaSession' in navigator)) return;
  const session = navigator.mediaSession;
  const handlers: Partial<Record<MediaSessionAction, MediaSessionActionHandler>> = {
    play: () => void playback.play(),
    pause: () => playback.pause(),
    seekbackward: ({ seekOffset }) => playback.seekBy(-(seekOffset ?? SKIP_SECONDS)),
    seekforward: ({ seekOffset }) => playback.seekBy(seekOffset ?? SKIP_SECONDS),
    seekto: ({ seekTime }) => seekTime !== undefined && playback.seek(seekTime),
    nexttrack: () => playback.goToNext(),
  };
  let mine = false;

  const take = (): void => {
    mine = true;
    const { title, courseTitle, posterUrl } = playback.options;
    session.metadata = new MediaMetadata({
      title: title ?? '',
      artist: courseTitle ?? '',
      artwork: posterUrl ? [{ src: new URL(posterUrl, location.href).href }] : [],
    });
    for (const [action, handler] of Object.entries(handlers)) offer(session, action as MediaSessionAction, handler);
  };
  const release = (): void => {
    if (!mine) return;
    mine = false;
    session.metadata = null;
    session.playbackState = 'none';
    for (const action of Object.keys(handlers)) offer(session, action as MediaSessionAction, null);
  };

  const stop = playback.store.subscribe((state, changed) => {
    if (changed.has('playing') && state.playing) take();
    if (!mine) return;
    if (changed.has('phase') && state.phase === 'face') return release();
    if (changed.has('playing')) session.playbackState = state.playing ? 'playing' : 'paused';
    if (changed.has('progress')) offer(session, 'nexttrack', playback.nextChapter() ? (handlers.nexttrack ?? null) : null);
    if (changed.has('position') || changed.has('rate') || changed.has('duration')) tellPosition(session, state);
  });
  signal.addEventListener('abort', () => {
    stop();
    release();
  });
}

function tellPosition(session: MediaSession, { duration, position, rate }: { duration: number; position: number; rate: number }): void {
  if (duration > 0 && position <= duration) session.setPositionState({ duration, position, playbackRate: rate });
}

/** Not every browser knows every action. */
function offer(session: MediaSession, action: MediaSessionAction, handler: MediaSessionActionHandler | null): void {
  try {
    session.setActionHandler(action, handler);
  } catch {
    // Then there is no such key here.
  }
}
