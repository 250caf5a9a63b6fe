import { useEffect, useRef } from 'react';
import type { ProgressDocument } from '../api/types';
import { useTranslate } from '../i18n';
import { mountPlayer, type MountedPlayer } from './mount';
import type { PlayerOptions } from './types';

export interface VideoPlayerProps extends Omit<PlayerOptions, 'translate'> {
  videoId: string;
  chapterId: string;
  onProgressUpdate?: (progress: ProgressDocument) => void;
  onComplete?: (progress: ProgressDocument) => void;
}

/** React's handle on the framework-free player: one mount per film, everything else is handed on while it plays. */
export default function VideoPlayer(props: VideoPlayerProps) {
  const host = useRef<HTMLDivElement>(null);
  const mounted = useRef<MountedPlayer | null>(null);
  const latest = useRef<PlayerOptions | null>(null);
  const translate = useTranslate();
  const options: PlayerOptions = { ...props, translate };

  useEffect(() => {
    latest.current = options;
    mounted.current?.update(options);
  });

  const { videoId, chapterId, apiUrl } = props;
  useEffect(() => {
    if (!host.current || !latest.current) return undefined;
    const player = mountPlayer(host.current, latest.current);
    mounted.current = player;
    return () => {
      mounted.current = null;
      player.destroy();
    };
    // Another film, chapter or server is another player; all else goes through `update`.
  }, [videoId, chapterId, apiUrl]);

  return <div ref={host} className="video-player" />;
}
