import { asApiError } from '../../api/errors';
import { clock } from '../../i18n/format';
import { cueParts, type CuePart } from '../captions';
import type { Playback } from '../playback';
import { cueAt, type Cue } from '../vtt';
import { h, icon, label } from './dom';
import type { View } from './timeline';

/** All that is said in the film as a list that follows it; a click on a line goes there. */
export function transcript(playback: Playback): View {
  const list = h('ol', { class: 'lp-transcript__list', testId: 'transcript-list', tabIndex: 0 });
  const title = h('h2', { class: 'lp-transcript__title' });
  const search = h('input', { class: 'lp-transcript__search', testId: 'transcript-search', attrs: { type: 'search' }, on: { input: () => filter() } });
  const close = h('button', { class: 'lp-button lp-button--small', testId: 'transcript-close', on: { click: () => playback.choices.toggleTranscript() } }, icon('cross'));
  const message = h('p', { class: 'lp-transcript__message', hidden: true, attrs: { role: 'status' } });
  const head = h('div', { class: 'lp-transcript__head' }, title, search, close);
  const element = h('section', { class: 'lp-transcript', testId: 'transcript', hidden: true }, head, message, list);

  let cues: readonly Cue[] = [];
  let shown: string | null = null;
  let current = -1;
  let touchedAt = -Infinity;
  // Whoever scrolls reads; the list follows the film again a little later.
  for (const type of ['wheel', 'touchmove', 'pointerdown', 'keydown'] as const) {
    list.addEventListener(type, () => (touchedAt = performance.now()), { passive: true });
  }

  const lines = (): HTMLElement[] => [...list.children] as HTMLElement[];

  function fill(): void {
    list.replaceChildren(
      ...cues.map(({ start, text }) =>
        h(
          'li',
          {},
          h(
            'button',
            { class: 'lp-transcript__line', on: { click: () => playback.seek(start) } },
            h('span', { class: 'lp-transcript__time' }, clock(start)),
            h('span', {}, plain(cueParts(text))),
          ),
        ),
      ),
    );
    current = -1;
    filter();
    follow();
  }

  function filter(): void {
    const words = search.value.trim().toLocaleLowerCase();
    let found = 0;
    for (const line of lines()) {
      line.hidden = words !== '' && !line.textContent.toLocaleLowerCase().includes(words);
      if (!line.hidden) found += 1;
    }
    say(cues.length > 0 && found === 0 ? playback.options.translate('player.transcriptNothing') : '');
  }

  function say(text: string): void {
    message.textContent = text;
    message.hidden = text === '';
  }

  function follow(): void {
    const next = cueAt(cues, playback.store.state.position);
    if (next === current) return;
    const all = lines();
    all[current]?.firstElementChild?.removeAttribute('aria-current');
    current = next;
    const line = all[current];
    line?.firstElementChild?.setAttribute('aria-current', 'true');
    if (!line || performance.now() - touchedAt < 6_000) return;
    // Not scrollIntoView: it would scroll the page, too.
    list.scrollTo({ top: line.offsetTop - list.clientHeight / 3, behavior: 'smooth' });
  }

  async function load(language: string): Promise<void> {
    shown = language;
    cues = [];
    list.replaceChildren();
    say(playback.options.translate('common.loading'));
    try {
      const found = await playback.cues(language);
      if (shown !== language) return;
      cues = found;
      list.lang = language;
      fill();
    } catch (error) {
      if (shown === language) say(asApiError(error).message);
      shown = null;
    }
  }

  return {
    element,
    paint(state, changed) {
      const t = playback.options.translate;
      // Without captions shown it is what would be shown that is read.
      const language = state.caption ?? playback.choices.likelyCaptions();
      element.hidden = !state.transcript || !language || state.phase !== 'active';
      if (!changed) {
        title.textContent = t('player.transcript');
        element.setAttribute('aria-label', t('player.transcript'));
        list.setAttribute('aria-label', t('player.transcript'));
        search.placeholder = t('player.transcriptSearch');
        search.setAttribute('aria-label', t('player.transcriptSearch'));
        label(close, t('common.close'));
      }
      if (element.hidden || !language) return;
      if (language !== shown) void load(language);
      else if (!changed || changed.has('position') || changed.has('transcript')) follow();
    },
  };
}

function plain(parts: readonly CuePart[]): string {
  const said = parts.map((part) => (typeof part === 'string' ? part : part.tag === 'rt' ? '' : `${part.speaker ? `${part.speaker}: ` : ''}${plain(part.parts)}`));
  return said.join('').replaceAll('\n', ' ');
}
