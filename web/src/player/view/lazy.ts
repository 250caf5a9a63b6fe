import type { Playback } from '../playback';
import type { PlayerState } from '../types';
import { h } from './dom';
import type { View } from './timeline';

/** A view whose code is fetched when it is wanted for the first time. */
export function lazyView(playback: Playback, wanted: (state: Readonly<PlayerState>) => boolean, load: () => Promise<View>): View {
  const element = h('div', { class: 'lp-lazy' });
  let view: View | null = null;
  let loading = false;
  return {
    element,
    paint(state, changed) {
      if (view) return view.paint(state, changed);
      if (loading || !wanted(state)) return;
      loading = true;
      load().then(
        (loaded) => {
          view = loaded;
          element.append(loaded.element);
          loaded.paint(playback.store.state, null);
        },
        // Without a network it is asked for again at the next occasion.
        () => (loading = false),
      );
    },
  };
}
