import type { StoryboardTile } from '../../api/schema';
import type { Playback } from '../playback';
import { h } from './dom';

/** Width of the little picture on the screen, CSS pixels, where the player has room for it; its height follows from the film. */
const WIDTH = 176;
/** How much of a narrow player it may take. */
const SHARE = 0.34;

export interface Preview {
  element: HTMLElement;
  show(seconds: number): void;
}

/** The picture at a place of the film, from the sprites that were made with it. Nothing is loaded before the first hover. */
export function preview(playback: Playback): Preview {
  const element = h('span', { class: 'lp-preview', testId: 'preview', hidden: true });
  let tiles: readonly StoryboardTile[] = [];
  let askedFor: string | null = null;
  let last = 0;

  const load = (): void => {
    const { videoId } = playback.options;
    // Of a film in the making there is none yet; it is asked for again once the film is ready.
    const key = `${videoId} ${playback.store.state.status?.status ?? ''}`;
    if (askedFor === key || playback.store.state.audioOnly) return;
    askedFor = key;
    playback.storyboard().then(
      (found) => {
        tiles = found;
        show(last);
      },
      () => undefined,
    );
  };

  function show(seconds: number): void {
    last = seconds;
    load();
    const tile = tileAt(tiles, seconds);
    element.hidden = !tile;
    if (!tile) return;
    const room = element.closest('.lp')?.clientWidth ?? 0;
    const width = Math.round(Math.min(WIDTH, room * SHARE));
    const scale = width / tile.w;
    const sheet = sheetOf(tiles, tile.url);
    const { style } = element;
    style.width = `${width}px`;
    style.height = `${tile.h * scale}px`;
    style.backgroundImage = `url(${JSON.stringify(playback.url(tile.url))})`;
    style.backgroundSize = `${sheet.width * scale}px ${sheet.height * scale}px`;
    style.backgroundPosition = `${-tile.x * scale}px ${-tile.y * scale}px`;
  }

  return { element, show };
}

/** The tile of a moment; the last one where the film goes on after it. */
export function tileAt(tiles: readonly StoryboardTile[], seconds: number): StoryboardTile | undefined {
  return tiles.find(({ start, end }) => start <= seconds && seconds < end) ?? (tiles[0] && seconds < tiles[0].start ? tiles[0] : tiles.at(-1));
}

/** How large a sheet is as far as its tiles reach: a sprite ends where its last tile does. */
export function sheetOf(tiles: readonly StoryboardTile[], url: string): { width: number; height: number } {
  const own = tiles.filter((tile) => tile.url === url);
  return { width: Math.max(...own.map(({ x, w }) => x + w)), height: Math.max(...own.map(({ y, h: height }) => y + height)) };
}
