import { playerLanguage, playerTranslator } from '../i18n/player';
import { moment } from '../player/moment';
import { Remote } from '../player/remote';
import { createEmbedClient } from './client';
import { parseMessage, type Command } from './messages';
import { Parent } from './parent';
import { sessionShelf } from './shelf';
import '../design/tokens.css';
import '../design/base.css';
import './embed.css';

const videoId = decodeURIComponent(location.pathname.split('/')[2] ?? '').toLowerCase();
const wishes = new URLSearchParams(location.search);
const token = wishes.get('token');
takeTokenAway();

const ancestors = document.querySelector<HTMLMetaElement>('meta[name="lectern-ancestors"]')?.content ?? '';
const parent = new Parent(ancestors.startsWith('%') ? [] : ancestors.split(' ').filter(Boolean));
const say = (type: string, more: object = {}): void => parent.say({ lectern: 1, videoId, ...more, type });

const client = createEmbedClient({
  videoId,
  token,
  reloaded: ['reload', 'back_forward'].includes(performance.getEntriesByType('navigation')[0]?.['type' as 'entryType'] ?? ''),
  shelf: sessionShelf(videoId),
  onTokenNeeded: () => say('tokenNeeded'),
});
const tokenGiven: (() => void)[] = [];
const remote = mount();

/** Nobody shall copy, bookmark or share an address with a token in it, spent or not. */
function takeTokenAway(): void {
  if (token === null) return;
  wishes.delete('token');
  const rest = wishes.toString();
  history.replaceState(history.state, '', `${location.pathname}${rest ? `?${rest}` : ''}`);
}

function isOn(name: string): boolean {
  return ['', '1', 'true'].includes(wishes.get(name) ?? '0');
}

function mount(): Remote {
  const language = playerLanguage(wishes.get('lang'));
  document.documentElement.lang = language;
  const theme = wishes.get('theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme;
  const host = document.getElementById('embed');
  if (!host) throw new Error('embed.html has no #embed');
  const captions = wishes.get('captions');
  return new Remote(
    host,
    {
      videoId,
      // The session knows its chapter.
      chapterId: '',
      client,
      getAuthToken: () => null,
      translate: playerTranslator(language),
      title: wishes.get('title') ?? undefined,
      autoplay: isOn('autoplay'),
      startAt: moment(wishes.get('t')),
      transcriptOver: true,
      prefs: {
        ...(isOn('muted') ? { muted: true } : {}),
        ...(captions === 'off' ? { captionsOn: false } : {}),
        ...(captions && captions !== 'off' ? { captions, captionsOn: true } : {}),
      },
      // Nothing else is in this page.
      hotkeys: 'page',
    },
    (type, detail) => say(type, type === 'progress' || type === 'complete' ? { progress: detail } : detail),
  );
}

async function run(command: Command): Promise<void> {
  switch (command.type) {
    case 'play':
      await remote.play();
      // Asked for while there was nothing to play it with: it plays when there is.
      if (remote.face !== 'tokenNeeded') return undefined;
      await new Promise<void>((resolve) => tokenGiven.push(resolve));
      return remote.play();
    case 'pause':
      return remote.pause();
    case 'seek':
      return remote.seek(command.seconds);
    case 'setRate':
      return remote.setRate(command.rate);
    case 'setVolume':
      return remote.setVolume(command.volume, command.muted);
    case 'setCaptions':
      return remote.setCaptions(command.language);
    case 'setToken':
      client.setToken(command.token);
      remote.retry();
      for (const given of tokenGiven.splice(0)) given();
      return undefined;
    case 'getState':
      return undefined;
  }
}

parent.listen((data) => {
  const parsed = parseMessage(data);
  if (!parsed) return;
  if ('invalid' in parsed) return say('error', { id: parsed.id, kind: 'invalidMessage', code: 'invalid_message', message: parsed.invalid });
  const { command } = parsed;
  const answer = (): void => {
    if (command.type === 'getState' || command.id !== undefined) say('state', { id: command.id, ...remote.state });
  };
  // What a film does not do is in its state, and told as an error of its own.
  run(command).then(answer, answer);
});
addEventListener('pagehide', () => client.keep());

/** For learning platforms that size a tool's frame by its word. */
if (wishes.get('resize') === 'lti') {
  const tell = (): void => parent.say({ subject: 'lti.frameResize', height: Math.ceil((innerWidth * 9) / 16) });
  addEventListener('resize', tell);
  tell();
}
