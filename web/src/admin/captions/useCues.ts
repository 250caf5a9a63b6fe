import { useReducer } from 'react';
import { added, merge, newId, sorted, split, type EditedCue } from './cues';

interface State {
  cues: EditedCue[];
  /** As they were before each change, the last one last. */
  past: EditedCue[][];
  saved: EditedCue[];
  /** Of whose text the last change was: typing on is one change. */
  typing: number | null;
}

export type Change =
  | { do: 'load'; cues: EditedCue[] }
  | { do: 'saved'; cues: EditedCue[] }
  | { do: 'edit'; id: number; change: Partial<EditedCue> }
  | { do: 'add'; position: number }
  | { do: 'split'; id: number; caret: number }
  | { do: 'merge'; id: number }
  | { do: 'remove'; id: number }
  | { do: 'sort' }
  | { do: 'undo' };

const MOST_STEPS = 100;

function changed(cues: EditedCue[], change: Change): EditedCue[] {
  switch (change.do) {
    case 'edit':
      return cues.map((cue) => (cue.id === change.id ? { ...cue, ...change.change } : cue));
    case 'add':
      return added(cues, change.position).cues;
    case 'split':
      return split(cues, change.id, change.caret);
    case 'merge':
      return merge(cues, change.id);
    case 'remove':
      return cues.filter(({ id }) => id !== change.id);
    case 'sort':
      return sorted(cues);
    default:
      return cues;
  }
}

function reduce(state: State, change: Change): State {
  if (change.do === 'load') return { cues: change.cues, saved: change.cues, past: [], typing: null };
  if (change.do === 'saved') return { ...state, saved: change.cues, typing: null };
  if (change.do === 'undo') {
    const before = state.past.at(-1);
    return before ? { ...state, cues: before, past: state.past.slice(0, -1), typing: null } : state;
  }
  const cues = changed(state.cues, change);
  if (change.do === 'sort') return { ...state, cues };
  const typing = change.do === 'edit' && change.change.text !== undefined ? change.id : null;
  const past = typing !== null && typing === state.typing ? state.past : [...state.past, state.cues].slice(-MOST_STEPS);
  return { ...state, cues, past, typing };
}

/** Cues that are edited, with the way back and with what was saved last. */
export function useCues(): [State & { isChanged: boolean }, (change: Change) => void] {
  const [state, dispatch] = useReducer(reduce, { cues: [], past: [], saved: [], typing: null });
  return [{ ...state, isChanged: state.cues !== state.saved }, dispatch];
}

/** What a new track begins with: one cue to write into. */
export const firstCue = (): EditedCue[] => [{ id: newId(), start: 0, end: 3, text: '', settings: '' }];
