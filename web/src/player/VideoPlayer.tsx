import type { ProgressDocument } from '../api/types';
import { useTranslate } from '../i18n';
import { PlayerHost } from './PlayerHost';
import type { PlayerOptions } from './types';

export interface VideoPlayerProps extends Omit<PlayerOptions, 'translate'> {
  videoId: string;
  chapterId: string;
  onProgressUpdate?: (progress: ProgressDocument) => void;
  onComplete?: (progress: ProgressDocument) => void;
}

/** The player in the language of the app. */
export default function VideoPlayer(props: VideoPlayerProps) {
  const translate = useTranslate();
  return <PlayerHost {...props} translate={translate} />;
}
