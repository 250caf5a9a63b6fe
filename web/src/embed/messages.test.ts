import { describe, expect, it } from 'vitest';
import { parseMessage } from './messages';

const token = 'a'.repeat(43);

describe('parseMessage', () => {
  it.each([
    [{ type: 'play' }],
    [{ type: 'pause', id: 3 }],
    [{ type: 'getState', id: 'x' }],
    [{ type: 'seek', seconds: 0 }],
    [{ type: 'setRate', rate: 1.5 }],
    [{ type: 'setVolume', volume: 0.3, muted: undefined }],
    [{ type: 'setVolume', volume: undefined, muted: true }],
    [{ type: 'setCaptions', language: null }],
    [{ type: 'setCaptions', language: 'ka' }],
    [{ type: 'setToken', token }],
  ])('takes %j', (message) => {
    expect(parseMessage({ lectern: 1, ...message, more: 'is left out' })).toEqual({ command: message });
  });

  it.each([[null], ['play'], [7], [{ type: 'play' }], [{ lectern: 2, type: 'play' }], [[]]])('passes %j over', (message) => {
    expect(parseMessage(message)).toBeNull();
  });

  it.each([
    [{ type: 'explode' }],
    [{}],
    [{ type: 'seek' }],
    [{ type: 'seek', seconds: '5' }],
    [{ type: 'seek', seconds: -1 }],
    [{ type: 'seek', seconds: NaN }],
    [{ type: 'setRate', rate: 16 }],
    [{ type: 'setVolume' }],
    [{ type: 'setVolume', volume: 2 }],
    [{ type: 'setVolume', muted: 'yes' }],
    [{ type: 'setCaptions' }],
    [{ type: 'setCaptions', language: '<b>' }],
    [{ type: 'setToken', token: 'short' }],
    [{ type: 'setToken', token: '../../etc/passwd-and-more' }],
    [{ type: 'setToken', token: 'a'.repeat(201) }],
  ])('says what is wrong with %j', (message) => {
    expect(parseMessage({ lectern: 1, id: 4, ...message })).toEqual({ invalid: expect.stringMatching(/\.$/), id: 4 });
  });

  it.each([[{}], [Infinity], ['a'.repeat(101)], [null]])('sends no id like %j back', (id) => {
    expect(parseMessage({ lectern: 1, type: 'play', id })).toEqual({ invalid: expect.any(String) });
  });
});
