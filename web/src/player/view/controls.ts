import { clock } from '../../i18n/format';
import type { Playback } from '../playback';
import { rates, type QualityChoice } from '../types';
import { h, iconButton, label, setIcon } from './dom';
import { menu } from './menu';
import { downloadControl } from './download';
import { timeline, type View } from './timeline';

/** What the menu calls it when no captions are shown, and how to change their looks: no language has these tags. */
const OFF = 'off';
const STYLE = 'style';

export interface ControlsView extends View {
  closeMenus(): void;
  anyMenuOpen(): boolean;
}

export function controls(playback: Playback, toggleFullscreen: () => void): ControlsView {
  const bar = timeline(playback);
  const play = iconButton('play', 'play-button', () => playback.toggle());
  const back = iconButton('replay', 'back-button', () => playback.seekBy(-10));
  const mute = iconButton('volume', 'mute-button', () => playback.choices.toggleMute());
  const volume = h('input', {
    class: 'lp-volume',
    testId: 'volume',
    attrs: { type: 'range', min: '0', max: '1', step: '0.05' },
    on: { input: () => playback.choices.setVolume(Number(volume.value)) },
  });
  const now = h('span');
  const whole = h('span', { class: 'lp-time__whole' });
  const time = h('span', { class: 'lp-time', testId: 'time', attrs: { dir: 'ltr' } }, now, whole);
  const speed = menu<number>('speed', 'speed-menu', (rate) => playback.choices.setRate(rate));
  const quality = menu<QualityChoice>('gear', 'quality-menu', (choice) => playback.choices.setQuality(choice));
  const captions = menu<string>('captions', 'captions-menu', (choice) => {
    if (choice === STYLE) playback.openPanel('captionStyle');
    else playback.choices.setCaptions(choice === OFF ? null : choice);
  });
  const text = iconButton('text', 'transcript-button', () => playback.choices.toggleTranscript());
  const save = downloadControl(playback);
  const pip = iconButton('pip', 'pip-button', () => void togglePip());
  const full = iconButton('expand', 'fullscreen-button', toggleFullscreen);
  pip.hidden = !document.pictureInPictureEnabled;

  const row = h(
    'div',
    { class: 'lp-row' },
    play,
    back,
    h('div', { class: 'lp-sound' }, mute, volume),
    time,
    h('span', { class: 'lp-spring' }),
    text,
    captions.element,
    speed.element,
    quality.element,
    save.element,
    pip,
    full,
  );
  const element = h('div', { class: 'lp-controls', testId: 'controls' }, bar.element, row);

  async function togglePip(): Promise<void> {
    const inside = document.pictureInPictureElement;
    await (inside ? document.exitPictureInPicture() : playback.video?.requestPictureInPicture())?.catch(
      // The browser refuses before the first frame; the button simply does nothing then.
      () => undefined,
    );
  }

  return {
    element,
    closeMenus() {
      captions.close();
      save.close();
      speed.close();
      quality.close();
    },
    anyMenuOpen: () => element.querySelector('[aria-expanded="true"]') !== null,
    paint(state, changed) {
      const has = (...keys: (keyof typeof state)[]): boolean => !changed || keys.some((key) => changed.has(key));
      const t = playback.options.translate;
      if (has('position', 'duration', 'buffered', 'maxSeek', 'restricted')) {
        bar.paint(state, changed);
        now.textContent = clock(state.position);
        whole.textContent = ` / ${clock(state.duration)}`;
      }
      if (has('playing')) {
        setIcon(play, state.playing ? 'pause' : 'play');
        label(play, `${t(state.playing ? 'player.pause' : 'player.play')} (${t('player.keySpace')})`);
      }
      if (has('muted', 'volume')) {
        const silent = state.muted || state.volume === 0;
        setIcon(mute, silent ? 'muted' : 'volume');
        label(mute, `${t(silent ? 'player.unmute' : 'player.mute')} (M)`);
        volume.value = String(silent ? 0 : state.volume);
        volume.style.setProperty('--value', volume.value);
        volume.setAttribute('aria-label', t('player.volume'));
      }
      if (has('rate')) {
        const items = rates.map((rate) => ({ value: rate, text: rate === 1 ? t('player.speedNormal') : `${rate}×` }));
        speed.paint(t('player.speed'), `${state.rate}×`, items, state.rate);
      }
      if (has('captions', 'caption')) {
        const off = { value: OFF, text: t('player.captionsOff'), note: '' };
        const look = { value: STYLE, text: t('player.captionStyle'), note: '…' };
        const items = [off, ...state.captions.map(({ language, label: name }) => ({ value: language, text: name })), look];
        captions.paint(`${t('player.captions')} (C)`, state.caption?.split('-')[0]?.toUpperCase() ?? '', items, state.caption ?? OFF);
        captions.element.hidden = state.captions.length === 0;
        captions.element.classList.toggle('is-on', state.caption !== null);
      }
      if (has('qualities', 'quality', 'activeQuality')) {
        // What was chosen for another film may not be there for this one.
        const chosen = state.qualities.some(({ lines }) => lines === state.quality) ? state.quality : 'auto';
        const items = [
          { value: 'auto' as const, text: t('player.qualityAuto'), note: state.activeQuality && chosen === 'auto' ? `${state.activeQuality}p` : '' },
          ...state.qualities.map(({ lines, available }) => ({
            value: lines,
            text: `${lines}p`,
            note: available ? '' : t('player.qualityLater'),
            disabled: !available,
          })),
        ];
        const shown = chosen === 'auto' ? t('player.qualityAuto') : `${chosen}p`;
        quality.paint(t('player.quality'), shown, items, chosen);
        quality.element.hidden = state.qualities.length === 0;
      }
      if (has('captions', 'transcript')) {
        text.hidden = state.captions.length === 0;
        text.setAttribute('aria-pressed', String(state.transcript));
        label(text, `${t('player.transcript')} (T)`);
      }
      save.paint(state, changed);
      if (has('fullscreen')) {
        setIcon(full, state.fullscreen ? 'shrink' : 'expand');
        label(full, `${t(state.fullscreen ? 'player.exitFullscreen' : 'player.fullscreen')} (F)`);
      }
      if (!changed) {
        label(back, t('player.back10'));
        label(pip, t('player.pip'));
      }
      if (has('audioOnly')) pip.hidden = state.audioOnly || !document.pictureInPictureEnabled;
    },
  };
}
