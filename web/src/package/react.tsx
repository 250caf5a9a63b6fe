/** `lectern-player/react`: the player as a component. */
import { useInsertionEffect, type ReactElement } from 'react';
import { playerLanguage, playerTranslator } from '../i18n/player';
import { PlayerHost } from '../player/PlayerHost';
import { adoptStyles } from './styles';
import type { VideoPlayerProps } from './types';

export type { GetAuthToken, ProgressDocument, VideoPlayerProps } from './types';

/** Rendered on a server it is an empty box; the player begins in the browser. */
export function VideoPlayer({ lang, ...options }: VideoPlayerProps): ReactElement {
  // Before the effect that puts the player in.
  useInsertionEffect(adoptStyles, []);
  return <PlayerHost {...options} translate={playerTranslator(playerLanguage(lang))} />;
}

export default VideoPlayer;
