import type { PlayedRecorder } from './beats';
import type { Engine } from './engine';
import type { SeekGuard } from './seekGuard';
import type { Store } from './store';
import type { PlayerState } from './types';

const SETTLE_MS = 300;

export interface MediaHooks {
  store: Store<PlayerState>;
  guard: SeekGuard;
  recorder: PlayedRecorder;
  flush: () => void;
  /** A seek by other means than our own controls went beyond the line. */
  held: (until: number) => void;
  failed: (message: string) => void;
}

/** Carries what the media element says into the state, and what was really played into the recorder. */
export function watchMedia({ player }: Engine, { store, guard, recorder, flush, held, failed }: MediaHooks): void {
  let settled: ReturnType<typeof setTimeout> | undefined;
  const position = (): number => player.currentTime() ?? 0;
  const tick = (): void => {
    recorder.tick(position(), player.playbackRate() ?? 1, performance.now());
    guard.played(position());
  };

  player.on('timeupdate', () => {
    if (store.state.phase !== 'active' || player.seeking()) return;
    if (!player.paused()) tick();
    store.set({ position: position(), ...(guard.restricted ? { maxSeek: guard.maxSeek } : {}) });
  });
  player.on('progress', () => store.set({ buffered: player.bufferedEnd() }));
  player.on('durationchange', () => {
    const duration = player.duration() ?? 0;
    if (Number.isFinite(duration) && duration > 0) store.set({ duration });
  });
  player.on('playing', () => {
    store.set({ playing: true, waiting: false, ended: false });
    // Opens the stretch here, and not a quarter of a second later with the first timeupdate.
    if (!player.seeking()) tick();
  });
  player.on('play', () => store.set({ playing: true, ended: false }));
  player.on('pause', () => {
    store.set({ playing: false });
    // At the end the pause comes first; `ended` closes the stretch and flushes.
    if (player.ended()) return;
    if (!player.seeking()) tick();
    recorder.break();
    flush();
  });
  player.on('waiting', () => store.set({ waiting: true }));
  player.on(['canplay', 'seeked'], () => store.set({ waiting: false }));
  player.on('seeking', () => {
    recorder.break();
    // Media keys, picture-in-picture and scripts seek past our controls; the guard is asked here again.
    if (!guard.isBeyond(position())) return;
    const line = guard.maxSeek;
    player.currentTime(line);
    held(line);
  });
  player.on('seeked', () => {
    store.set({ position: position() });
    // A held arrow key seeks many times a second; one beat tells where it ended.
    clearTimeout(settled);
    settled = setTimeout(flush, SETTLE_MS);
  });
  player.on('dispose', () => clearTimeout(settled));
  player.on('ratechange', () => store.set({ rate: player.playbackRate() ?? 1 }));
  player.on('ended', () => {
    tickToEnd(recorder, player.duration() ?? 0, player.playbackRate() ?? 1);
    store.set({ playing: false, ended: true, position: player.duration() ?? position() });
    flush();
  });
  player.on('enterpictureinpicture', () => store.set({ pip: true }));
  player.on('leavepictureinpicture', () => store.set({ pip: false }));
  player.on('error', () => failed(player.error()?.message ?? ''));
}

/** The last tick comes up to a quarter of a second before the end, and nobody should miss 100 % by it. */
function tickToEnd(recorder: PlayedRecorder, end: number, rate: number): void {
  recorder.tick(end, rate, performance.now());
  recorder.break();
}
