import { useEffect, useRef } from 'react';
import { mountPlayer, type MountedPlayer } from './mount';
import type { PlayerOptions } from './types';

/** React's handle on the framework-free player: one mount per film, everything else is handed on while it plays. */
export function PlayerHost(options: PlayerOptions) {
  const host = useRef<HTMLDivElement>(null);
  const mounted = useRef<MountedPlayer | null>(null);
  const latest = useRef<PlayerOptions | null>(null);

  useEffect(() => {
    latest.current = options;
    mounted.current?.update(options);
  });

  const { videoId, chapterId, apiUrl } = options;
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
