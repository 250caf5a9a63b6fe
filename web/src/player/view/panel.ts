import type { Playback } from '../playback';
import { captionBacks, captionColours, captionSizes, type CaptionStyle } from '../prefs';
import { h, icon, label } from './dom';
import type { View } from './timeline';

/** A sheet over the picture: the keys, how captions look, or what to tell whoever helps. Escape closes it. */
export function panel(playback: Playback, root: HTMLElement): View {
  const element = h('div', { class: 'lp-panel-layer', hidden: true });
  let before: HTMLElement | null = null;

  const close = (): void => playback.openPanel(null);

  function sheet(testId: string, title: string, ...content: Node[]): HTMLElement {
    const shut = h('button', { class: 'lp-button lp-button--small', testId: 'panel-close', on: { click: close } }, icon('cross'));
    label(shut, playback.options.translate('common.close'));
    const name = h('h2', { class: 'lp-panel__title' }, title);
    const head = h('div', { class: 'lp-panel__head' }, name, shut);
    return h('div', { class: 'lp-panel', testId, attrs: { role: 'dialog', 'aria-label': title } }, head, ...content);
  }

  function help(): HTMLElement {
    const t = playback.options.translate;
    const keys: [string[], string][] = [
      [[t('player.keySpace')], t('player.helpToggle')],
      [['←', '→'], t('player.helpSeek')],
      [['↑', '↓'], t('player.helpVolume')],
      [['0', '…', '9'], t('player.helpDigits')],
      [['<', '>'], t('player.helpSpeed')],
      [['M'], t('player.helpMute')],
      [['C'], t('player.captions')],
      [['T'], t('player.transcript')],
      [['F'], t('player.fullscreen')],
      [['?'], t('player.helpKeys')],
    ];
    const rows = keys.flatMap(([names, text]) => [h('dt', {}, ...names.map((name) => h('kbd', {}, name))), h('dd', {}, text)]);
    return sheet('help', t('player.helpTitle'), h('dl', { class: 'lp-keys' }, ...rows));
  }

  function captionStyle(): HTMLElement {
    const t = playback.options.translate;
    const style = playback.store.state.captionStyle;
    const choice = <Key extends keyof CaptionStyle>(key: Key, title: string, values: readonly CaptionStyle[Key][], names: (value: CaptionStyle[Key]) => string): HTMLElement =>
      h(
        'fieldset',
        { class: 'lp-choice' },
        h('legend', {}, title),
        ...values.map((value) => {
          const input = h('input', {
            testId: `caption-${key}-${value}`,
            attrs: { type: 'radio', name: `lp-caption-${key}`, value: String(value) },
            on: { change: () => playback.choices.setCaptionStyle({ [key]: value } as Partial<CaptionStyle>) },
          });
          input.checked = style[key] === value;
          return h('label', {}, input, h('span', {}, names(value)));
        }),
      );
    return sheet(
      'caption-style',
      t('player.captionStyle'),
      choice('size', t('player.captionSize'), captionSizes, (size) => `${size * 100}%`),
      choice('colour', t('player.captionColour'), captionColours, (colour) => t({ white: 'player.captionWhite', yellow: 'player.captionYellow' }[colour])),
      choice('back', t('player.captionBack'), captionBacks, (back) => t({ dark: 'player.captionDark', solid: 'player.captionSolid', none: 'player.captionNone' }[back])),
    );
  }

  /** A place to copy from by hand, where the browser keeps the clipboard to itself. */
  function diagnostics(): HTMLElement {
    const t = playback.options.translate;
    const text = h('textarea', { class: 'lp-panel__text', testId: 'diagnostics-text', attrs: { readonly: '', 'aria-label': t('player.diagnostics'), rows: '10' } });
    text.value = playback.diagnostics();
    return sheet('diagnostics', t('player.diagnostics'), h('p', {}, t('player.diagnosticsText')), text);
  }

  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    event.preventDefault();
    close();
  });

  return {
    element,
    paint(state, changed) {
      if (changed && !changed.has('panel')) return;
      const wasOpen = !element.hidden;
      const made = state.panel && { help, captionStyle, diagnostics }[state.panel]();
      if (made && !wasOpen) before = document.activeElement as HTMLElement | null;
      element.hidden = !made;
      element.dataset['panel'] = state.panel ?? '';
      element.replaceChildren(...(made ? [made] : []));
      if (made) element.querySelector<HTMLElement>('textarea, input:checked, button')?.focus();
      else if (wasOpen) (before?.isConnected && root.contains(before) ? before : root).focus({ preventScroll: true });
    },
  };
}
