import { linesOf, type Engine } from './engine';
import type { Store } from './store';
import type { PlayerState } from './types';

/** Tells the engine which renditions may be shown, and the menu which there are. Called whenever either may have changed. */
export function applyQuality(engine: Engine, store: Store<PlayerState>): void {
  const all = engine.qualities();
  const { status, quality } = store.state;
  const made = new Set(status?.renditions.filter(({ percent }) => percent >= 100).map(linesOf));
  const lowest = all.at(-1);
  // While renditions are still being made, only the lowest can be made to order, so it always counts.
  const isMade = (lines: number): boolean => !status || status.status === 'ready' || lines === lowest || made.has(lines);
  const choice = quality !== 'auto' && all.includes(quality) && isMade(quality) ? quality : null;
  engine.allow(choice === null ? isMade : (lines) => lines === choice);
  const qualities = all.map((lines) => ({ lines, available: isMade(lines) }));
  const same = JSON.stringify(qualities) === JSON.stringify(store.state.qualities);
  store.set({ activeQuality: engine.activeQuality(), ...(same ? {} : { qualities }) });
}
