import { useEffect } from 'react';
import { cueParts, type CuePart } from '../../player/captions';
import type { Playback } from '../../player/playback';
import { silenced, usePosition } from '../video/position';
import { escaped, shownAt, type EditedCue } from './cues';

/** What is being edited, over the picture, in place of what the player would say. */
export function CuePreview({ playback, cues }: { playback: Playback | null; cues: readonly EditedCue[] }) {
  const position = usePosition(playback, 0.05);

  useEffect(() => {
    if (!playback) return undefined;
    // The player's own text is the one that was saved: two at once would be none.
    return silenced(playback);
  }, [playback]);

  const shown = position === null ? [] : shownAt(cues, position);
  return (
    <div className="cue-preview" data-testid="cue-preview">
      {shown.map(({ id, text }) => (
        <p key={id}>
          <span>{cueParts(escaped(text)).map(part)}</span>
        </p>
      ))}
    </div>
  );
}

function part(one: CuePart, key: number): React.ReactNode {
  if (typeof one === 'string') return one;
  const Mark = one.tag;
  return (
    <Mark key={key} lang={one.language}>
      {one.speaker && `${one.speaker}: `}
      {one.parts.map(part)}
    </Mark>
  );
}
