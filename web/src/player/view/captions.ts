import type { Playback } from '../playback';
import { cueParts, type CuePart } from '../captions';
import { h } from './dom';
import type { View } from './timeline';

/** What is said, over the picture: drawn here, since a browser's own drawing of it follows no design and no policy. */
export function captions(playback: Playback): View {
  const bottom = h('div', { class: 'lp-captions', testId: 'captions', attrs: { 'aria-live': 'off' } });
  const top = h('div', { class: 'lp-captions lp-captions--top', testId: 'captions-top' });
  const element = h('div', { class: 'lp-captions-layer' }, bottom, top);
  playback.onCues = (cues) => {
    for (const [place, isTop] of [[bottom, false], [top, true]] as const) {
      place.replaceChildren(...cues.filter((cue) => cue.top === isTop).map((cue) => h('p', { class: 'lp-cue' }, h('span', {}, ...nodes(cueParts(cue.text))))));
    }
  };
  return {
    element,
    paint(state) {
      element.hidden = state.phase !== 'active' || state.caption === null;
      if (state.caption) element.lang = state.caption;
      const { size, colour, back } = state.captionStyle;
      element.style.setProperty('--caption-size', String(size));
      element.dataset['colour'] = colour;
      element.dataset['back'] = back;
    },
  };
}

function nodes(parts: readonly CuePart[]): (Node | string)[] {
  return parts.map((part) => {
    if (typeof part === 'string') return part;
    const made = h(part.tag, {}, ...nodes(part.parts));
    if (part.language) made.lang = part.language;
    if (part.speaker) made.prepend(h('span', { class: 'lp-cue__speaker' }, `${part.speaker}: `));
    return made;
  });
}
