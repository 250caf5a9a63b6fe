import type { Engine } from './engine';
import type { Store } from './store';
import type { PlayerState } from './types';

/** Seconds of a rendition that have to be there beyond what is buffered before it is switched to. */
const AHEAD_SECONDS = 15;

/** Whether a rendition has what would be loaded next. */
export function isAhead({ made, position, buffered, duration }: PlayerState, lines: number): boolean {
  const until = Math.min(Math.max(position, buffered) + AHEAD_SECONDS, duration - 0.1);
  return made?.[`${String(lines)}p`]?.some(([from, to]) => from <= position + 0.1 && to >= until) ?? false;
}

/** Tells the engine which renditions may be shown, and the menu which there are. Called whenever either may have changed. */
export function applyQuality(engine: Engine, store: Store<PlayerState>): void {
  const all = engine.qualities();
  const { status, quality } = store.state;
  const lowest = all.at(-1);
  // What is not made yet can be made to order, but only the lowest rendition fast enough to play on.
  const isMade = (lines: number): boolean => !status || status.status === 'ready' || lines === lowest || isAhead(store.state, lines);
  const choice = quality !== 'auto' && all.includes(quality) && isMade(quality) ? quality : null;
  engine.allow(choice === null ? isMade : (lines) => lines === choice);
  const qualities = all.map((lines) => ({ lines, available: isMade(lines) }));
  const same = JSON.stringify(qualities) === JSON.stringify(store.state.qualities);
  store.set({ activeQuality: engine.activeQuality(), ...(same ? {} : { qualities }) });
}
