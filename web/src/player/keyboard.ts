import type { Playback } from './playback';

const SEEK_SECONDS = 5;
const VOLUME_STEP = 0.05;

/** Whether the element itself has a use for the key, so that the player must not take it. */
function wants(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches('textarea, select, input:not([type=range])')) return true;
  if (target.matches('input[type=range]')) return key.startsWith('Arrow');
  if (target.closest('[role=menu], dialog, [role=dialog]')) return true;
  return key === ' ' && target.closest('button, a[href], summary') !== null;
}

/** Layout-independent: with a Georgian keyboard the F key types ფ. */
export function handleKey(event: KeyboardEvent, playback: Playback, toggleFullscreen: () => void): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || wants(event.target, event.key)) return;
  const { phase, volume, muted } = playback.store.state;
  if (phase !== 'active' && phase !== 'ready') return;
  const act = actionOf(event);
  const tenth = act ? null : tenthOf(event);
  if (!act && tenth === null) return;
  // A film that has not begun leaves the arrows to the page, which may want to scroll.
  if (phase === 'ready' && act !== 'toggle') return;
  event.preventDefault();
  const level = muted ? 0 : volume;
  if (act === 'toggle' && !event.repeat) playback.toggle();
  else if (act === 'mute' && !event.repeat) playback.choices.toggleMute();
  else if (act === 'captions' && !event.repeat) playback.choices.toggleCaptions();
  else if (act === 'full' && !event.repeat) toggleFullscreen();
  else if (act === 'back') playback.seekBy(-SEEK_SECONDS);
  else if (act === 'on') playback.seekBy(SEEK_SECONDS);
  else if (act === 'louder') playback.choices.setVolume(level + VOLUME_STEP);
  else if (act === 'softer') playback.choices.setVolume(level - VOLUME_STEP);
  else if (act === 'transcript' && !event.repeat) playback.choices.toggleTranscript();
  else if (act === 'help' && !event.repeat) playback.openPanel('help');
  else if (act === 'faster') playback.choices.stepRate(1);
  else if (act === 'slower') playback.choices.stepRate(-1);
  else if (tenth !== null) playback.seekToTenth(tenth);
}

type Act = 'toggle' | 'back' | 'on' | 'louder' | 'softer' | 'full' | 'mute' | 'captions' | 'transcript' | 'help' | 'faster' | 'slower';

function tenthOf({ code, shiftKey }: KeyboardEvent): number | null {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1];
  return digit && !shiftKey ? Number(digit) : null;
}

function actionOf(event: KeyboardEvent): Act | null {
  const byKey: Record<string, Act> = { ' ': 'toggle', ArrowLeft: 'back', ArrowRight: 'on', ArrowUp: 'louder', ArrowDown: 'softer', f: 'full', m: 'mute', c: 'captions', t: 'transcript', '?': 'help', '>': 'faster', '<': 'slower' };
  const byCode: Record<string, Act> = { KeyF: 'full', KeyM: 'mute', KeyC: 'captions', KeyT: 'transcript' };
  if (event.shiftKey && event.code === 'Slash') return 'help';
  return byKey[event.key.toLowerCase()] ?? byKey[event.key] ?? byCode[event.code] ?? null;
}
