import type { Playback } from '../playback';
import { h, icon, label } from './dom';
import { menu } from './menu';
import type { View } from './timeline';

/** Takes the film home, where the viewer may: a choice of quality, then how far the file is, with a way to give it up. */
export function downloadControl(playback: Playback): View & { close(): void } {
  const choose = menu<string>('download', 'download-menu', (quality) => playback.download(quality));
  const percent = h('span', { class: 'lp-menu__face', testId: 'download-percent' });
  const cancel = h('button', { class: 'lp-button', testId: 'download-cancel', on: { click: () => playback.download() } }, percent, icon('cross'));
  const element = h('div', { class: 'lp-download', hidden: true }, choose.element, cancel);
  return {
    element,
    close: () => choose.close(),
    paint(state, changed) {
      if (changed && !changed.has('downloading') && !changed.has('qualities') && !changed.has('status')) return;
      const t = playback.options.translate;
      const { downloading, qualities, status, audioOnly } = state;
      element.hidden = playback.options.canDownload !== true || status?.status !== 'ready' || audioOnly || qualities.length === 0;
      choose.element.hidden = downloading !== null;
      cancel.hidden = downloading === null;
      percent.textContent = `${Math.floor(downloading ?? 0)}%`;
      label(cancel, t('player.downloadCancel', { percent: percent.textContent }));
      const items = qualities.map(({ lines }) => ({ value: `${lines}p`, text: `${lines}p`, note: 'MP4' }));
      choose.paint(t('player.download'), '', items, '');
    },
  };
}
