import { rates } from '../player/types';

/** What the page around a frame may ask. `id` comes back with the answer. */
export type Command = { id?: string | number } & (
  | { type: 'play' | 'pause' | 'getState' }
  | { type: 'seek'; seconds: number }
  | { type: 'setRate'; rate: number }
  | { type: 'setVolume'; volume?: number; muted?: boolean }
  | { type: 'setCaptions'; language: string | null }
  | { type: 'setToken'; token: string }
);

export type Parsed = { command: Command } | { invalid: string; id?: string | number } | null;

const TOKEN = /^[A-Za-z0-9_-]{16,200}$/;
const LANGUAGE = /^[A-Za-z0-9-]{2,35}$/;

/** A message as a command; what is wrong with it; or null where it is not for Lectern at all. */
export function parseMessage(data: unknown): Parsed {
  if (typeof data !== 'object' || data === null) return null;
  const message = data as Record<string, unknown>;
  if (message['lectern'] !== 1) return null;
  const given = message['id'];
  const named = typeof given === 'string' ? given.length <= 100 : Number.isFinite(given);
  const id = named ? { id: given as string | number } : {};
  if (given !== undefined && !named) return { invalid: 'id is a number, or text of at most 100 characters.' };
  const invalid = (sentence: string): Parsed => ({ invalid: sentence, ...id });
  switch (message['type']) {
    case 'play':
    case 'pause':
    case 'getState':
      return { command: { type: message['type'], ...id } };
    case 'seek': {
      const { seconds } = message;
      if (!isNumber(seconds) || seconds < 0) return invalid('seconds is a number, 0 or more.');
      return { command: { type: 'seek', seconds, ...id } };
    }
    case 'setRate': {
      const { rate } = message;
      if (!isNumber(rate) || !(rates as readonly number[]).includes(rate)) return invalid(`rate is one of ${rates.join(', ')}.`);
      return { command: { type: 'setRate', rate, ...id } };
    }
    case 'setVolume': {
      const { volume, muted } = message;
      if (volume === undefined && muted === undefined) return invalid('volume or muted is needed.');
      if (volume !== undefined && (!isNumber(volume) || volume < 0 || volume > 1)) return invalid('volume is a number from 0 to 1.');
      if (muted !== undefined && typeof muted !== 'boolean') return invalid('muted is true or false.');
      return { command: { type: 'setVolume', volume: volume as number | undefined, muted, ...id } };
    }
    case 'setCaptions': {
      const { language } = message;
      if (language !== null && !(typeof language === 'string' && LANGUAGE.test(language))) return invalid('language is a tag such as ka, or null.');
      return { command: { type: 'setCaptions', language, ...id } };
    }
    case 'setToken': {
      const { token } = message;
      if (typeof token !== 'string' || !TOKEN.test(token)) return invalid('token is the access token that POST /api/access-tokens answered.');
      return { command: { type: 'setToken', token, ...id } };
    }
    default:
      return invalid('type is none that Lectern knows.');
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
