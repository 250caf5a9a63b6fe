import { describe, expect, it } from 'vitest';
import { ApiError, networkError } from '../api/errors';
import { filmFailure, requestFailure } from './failures';
import en from './en.json';
import ka from './ka.json';
import type { Translate } from './index';

type Tree = { [key: string]: string | Tree };

function translator(messages: Tree): Translate {
  return (key) => {
    const found = key.split('.').reduce<string | Tree | undefined>((at, part) => (typeof at === 'object' ? at[part] : undefined), messages);
    if (typeof found !== 'string') throw new Error(`no text for ${key}`);
    return found;
  };
}

const english = translator(en);
const georgian = translator(ka);

/** All that docs/api.md names, and what the transcoder's processes end with. */
const codes = [
  'not_media', 'no_video_or_audio', 'unsupported_codec', 'encrypted_source', 'truncated', 'too_large', 'too_long', 'too_small',
  'too_costly', 'too_many_streams', 'processing_failed', 'cancelled', 'encoder_failed', 'stalled', 'disk_full', 'disk_budget',
  'cpu_limit', 'out_of_memory', 'file_limit', 'codec_mismatch', 'storage_unavailable', 'source_missing',
];
const message = 'The sentence of the server.';

describe('filmFailure', () => {
  it.each(codes)('says %s in the language of the reader', (code) => {
    expect(filmFailure({ code, message }, georgian)).toMatch(/^[^a-z]*[ა-ჰ]/);
    expect(filmFailure({ code, message }, georgian)).not.toContain(message);
    expect(filmFailure({ code, message }, english)).not.toBe(message);
    expect(filmFailure({ code, message }, english)).not.toBe(english('film.failedUnknown'));
  });

  it('leaves a code it does not know to the server', () => {
    expect(filmFailure({ code: 'new_one', message }, georgian)).toBe(message);
    expect(filmFailure({ code: 'constructor', message }, georgian)).toBe(message);
  });

  it('says something even where nothing is known', () => {
    expect(filmFailure(null, georgian)).toBe(georgian('film.failedUnknown'));
    expect(filmFailure({ code: 'new_one', message: '' }, english)).toBe(english('film.failedUnknown'));
  });
});

describe('requestFailure', () => {
  it.each([
    [networkError(), 'error.network'],
    [new ApiError(404, { code: 'video_not_found', detail: message }), 'player.deletedTitle'],
    [new ApiError(403, { code: 'forbidden', detail: message }), 'error.forbiddenTitle'],
    [new ApiError(401, { code: 'unauthenticated', detail: message }), 'player.signedOutTitle'],
    [new ApiError(503, { code: 'storage_unavailable', detail: message }), 'error.serverText'],
  ])('says what was refused: %s', (error, key) => {
    expect(requestFailure(error, georgian)).toBe(georgian(key));
  });

  it('leaves what it does not know to the server', () => {
    expect(requestFailure(new ApiError(409, { code: 'new_one', detail: message }), georgian)).toBe(message);
  });
});
