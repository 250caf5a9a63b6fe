import { filmFailure } from '../../i18n/failures';
import { clock, percent } from '../../i18n/format';
import type { IconName } from '../../ui/icons';
import type { Playback } from '../playback';
import type { Face, PlayerState } from '../types';
import { h, icon } from './dom';
import type { View } from './timeline';

interface Action {
  text: string;
  testId: string;
  run: () => void;
  primary?: boolean;
}

function actionButton({ text, testId, run, primary }: Action): HTMLButtonElement {
  return h('button', { class: `lp-action ${primary ? 'lp-action--primary' : ''}`, testId, on: { click: run } }, text);
}

function card(testId: string, picture: IconName, title: string, text: string, actions: Action[]): HTMLElement {
  return h(
    'div',
    { class: 'lp-card', testId },
    h('span', { class: 'lp-card__mark' }, icon(picture)),
    h('p', { class: 'lp-card__title' }, title),
    text ? h('p', { class: 'lp-card__text' }, text) : null,
    actions.length ? h('div', { class: 'lp-card__actions' }, ...actions.map(actionButton)) : null,
  );
}

/** Everything that stands over the picture: the start, the question where to go on, messages, the end. */
export function overlay(playback: Playback): View {
  const element = h('div', { class: 'lp-overlay' });
  let shown = '';

  function faceCard(face: Face): HTMLElement {
    const { options } = playback;
    const t = options.translate;
    const again: Action = { text: t('player.again'), testId: 'face-retry', run: () => playback.retry(), primary: true };
    const leave: Action[] = options.onBack ? [{ text: t('player.toCourse'), testId: 'face-back', run: options.onBack }] : [];
    const copy: Action = { text: t('player.copyDiagnostics'), testId: 'copy-diagnostics', run: () => void playback.copyDiagnostics() };
    // Where the page offers no way back, asking again is the next step: the teacher may have opened it meanwhile.
    const onward = leave.length > 0 ? leave : [again];
    const testId = `face-${face.kind}`;
    switch (face.kind) {
      case 'processing': {
        const box = card(testId, 'film', t('player.processingTitle'), t('player.processingText'), leave);
        box.querySelector('.lp-card__title')?.after(
          h('p', { class: 'lp-card__figure', testId: 'face-percent' }, percent(face.percent)),
          h('span', { class: 'lp-card__bar', attrs: { 'aria-hidden': 'true' } }, meter(face.percent)),
        );
        return box;
      }
      case 'failed':
        return card(testId, 'alert', t('player.failedTitle'), `${filmFailure(face, t)} ${t('player.failedText')}`, [...onward, copy]);
      case 'locked':
        return card(testId, 'lock', t('player.lockedTitle'), t('player.lockedText'), onward);
      case 'notEntitled':
        return card(testId, 'lock', t('player.notEntitledTitle'), t('player.notEntitledText'), onward);
      case 'deleted':
        return card(testId, 'film', t('player.deletedTitle'), t('player.deletedText'), onward);
      case 'elsewhere':
        return card(testId, 'swap', t('player.elsewhereTitle'), t('player.elsewhereText'), [{ ...again, text: t('player.watchHere') }, ...leave]);
      case 'signedOut':
        return card(testId, 'person', t('player.signedOutTitle'), t('player.signedOutText'), [again]);
      case 'tokenNeeded':
        return card(testId, 'lock', t('embed.tokenTitle'), t('embed.tokenText'), [{ ...again, text: t('embed.tokenAgain') }]);
      case 'offline':
        return card(testId, 'cloudOff', t('player.offlineTitle'), t('player.offlineText'), [again, copy]);
      case 'broken': {
        const box = card(testId, 'alert', t('player.brokenTitle'), t('player.brokenText'), [again, ...leave, copy]);
        box.append(h('p', { class: 'lp-card__code' }, t('common.code', { code: face.code })));
        return box;
      }
    }
  }

  function startCard(state: Readonly<PlayerState>): HTMLElement {
    const t = playback.options.translate;
    const { resumeAt } = state;
    if (resumeAt === null) {
      const button = h('button', { class: 'lp-start', testId: 'big-play', on: { click: () => playback.toggle() } }, icon('play'));
      button.setAttribute('aria-label', t('player.play'));
      return button;
    }
    const goOn: Action = {
      text: t('player.continueFrom', { time: clock(resumeAt) }),
      testId: 'resume-continue',
      run: () => void playback.start(resumeAt),
      primary: true,
    };
    const over: Action = { text: t('player.startOver'), testId: 'resume-start-over', run: () => void playback.start(0) };
    return card('resume', 'clock', t('player.welcomeBack'), '', [goOn, over]);
  }

  function endCard(state: Readonly<PlayerState>): HTMLElement {
    const { options } = playback;
    const t = options.translate;
    const { progress } = state;
    const again: Action = { text: t('player.watchAgain'), testId: 'watch-again', run: () => void playback.replay() };
    const actions: Action[] = [...nextAction(playback, state), again];
    if (!progress?.isCompleted) {
      return card('end', 'clock', t('player.endedTitle'), progress ? t('player.endedText', { percent: percent(progress.watchPercentage), needed: percent(progress.completionPercentage) }) : '', actions);
    }
    const upNext = options.nextTitle ? t('player.upNext', { title: options.nextTitle }) : '';
    const text = progress.nextChapterId ? upNext : t('player.lastChapter');
    return card('end-completed', 'check', t('player.completedTitle'), text, actions);
  }

  function content(state: Readonly<PlayerState>): { key: string; make: () => HTMLElement | null } {
    const { phase, face, progress, resumeAt, ended } = state;
    if (phase === 'face' && face) return { key: JSON.stringify(face), make: () => faceCard(face) };
    if (phase === 'ready') return { key: `ready ${resumeAt}`, make: () => startCard(state) };
    if (phase === 'active' && ended) {
      return { key: `ended ${progress?.isCompleted} ${progress?.nextChapterUnlocked}`, make: () => endCard(state) };
    }
    return { key: phase, make: () => null };
  }

  return {
    element,
    paint(state, changed) {
      const { key, make } = content(state);
      if (changed && key === shown) return;
      const hadFocus = element.contains(document.activeElement);
      shown = key;
      const made = make();
      element.replaceChildren(...(made ? [made] : []));
      element.hidden = !made;
      if (hadFocus) element.querySelector('button')?.focus();
    },
  };
}

export function nextAction(playback: Playback, { progress }: Readonly<PlayerState>): Action[] {
  const { options } = playback;
  const next = progress?.nextChapterUnlocked ? progress.nextChapterId : null;
  if (!next || !options.onNext) return [];
  return [{ text: options.translate('player.nextChapter'), testId: 'next-chapter', run: () => options.onNext?.(next), primary: true }];
}

function meter(value: number): HTMLElement {
  const fill = h('span');
  fill.style.transform = `scaleX(${Math.min(100, Math.max(0, value)) / 100})`;
  return fill;
}
