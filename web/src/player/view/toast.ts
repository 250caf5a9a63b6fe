import { clock } from '../../i18n/format';
import type { IconName } from '../../ui/icons';
import type { Playback } from '../playback';
import type { Toast } from '../types';
import { h, icon, label } from './dom';
import { nextAction } from './overlay';
import type { View } from './timeline';

const SHOWN_MS: Record<Toast['kind'], number> = { held: 5_000, unmute: 0, offline: 0, completed: 12_000, copied: 4_000, refused: 8_000 };

/** A line that comes, is read out, and goes: it never stops the film. */
export function toast(playback: Playback): View {
  const element = h('div', { class: 'lp-toasts', attrs: { role: 'status', 'aria-live': 'polite' } });
  let timer: ReturnType<typeof setTimeout> | undefined;

  function line(picture: IconName, text: string, testId: string, buttons: HTMLElement[]): HTMLElement {
    return h('div', { class: 'lp-toast', testId }, icon(picture), h('span', { class: 'lp-toast__text' }, text), ...buttons);
  }

  function button(text: string, testId: string, run: () => void): HTMLElement {
    return h('button', { class: 'lp-toast__action', testId, on: { click: run } }, text);
  }

  function make(kind: Toast): HTMLElement {
    const t = playback.options.translate;
    const close = h('button', { class: 'lp-button lp-button--small', testId: 'toast-close', on: { click: () => playback.dismissToast() } }, icon('cross'));
    label(close, t('common.close'));
    switch (kind.kind) {
      case 'held':
        return line('lock', t('player.heldText', { time: clock(kind.until) }), 'toast-held', []);
      case 'unmute':
        return line('muted', t('player.mutedText'), 'toast-unmute', [button(t('player.unmute'), 'unmute', () => playback.choices.toggleMute())]);
      case 'offline':
        return line('cloudOff', t('player.offlineToast'), 'toast-offline', []);
      case 'copied':
        return line('check', t('player.copied'), 'toast-copied', []);
      case 'refused':
        return line('alert', kind.text, 'toast-refused', [close]);
      case 'completed': {
        const next = nextAction(playback, playback.store.state).map(({ text, testId, run }) => button(text, testId, run));
        return line('check', t('player.completedTitle'), 'toast-completed', [...next, close]);
      }
    }
  }

  return {
    element,
    paint(state, changed) {
      if (changed && !changed.has('toast') && !changed.has('ended')) return;
      clearTimeout(timer);
      const says = state.phase === 'active' || state.toast?.kind === 'copied';
      const shown = says && !(state.ended && state.toast?.kind === 'completed') ? state.toast : null;
      element.replaceChildren(...(shown ? [make(shown)] : []));
      const wait = shown ? SHOWN_MS[shown.kind] : 0;
      if (wait > 0) timer = setTimeout(() => playback.dismissToast(), wait);
    },
  };
}
