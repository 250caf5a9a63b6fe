/** One call or file, without what would let somebody else repeat it. */
export interface Answer {
  at: number;
  method: string;
  url: string;
  /** 0 where no answer came. */
  status: number;
  milliseconds: number | null;
  /** The stable code of a refusal. */
  code?: string;
}

const KEPT = 30;

/** The last answers that the player got, for whoever has to find out why a film did not play. */
export class RequestLog {
  readonly #answers: Answer[] = [];

  add(answer: Answer): void {
    this.#answers.push({ ...answer, url: withoutSecrets(answer.url) });
    if (this.#answers.length > KEPT) this.#answers.shift();
  }

  lines(): string[] {
    return this.#answers.map(({ at, method, url, status, milliseconds, code }) =>
      [new Date(at).toISOString(), method, status || 'no answer', milliseconds === null ? '' : `${Math.round(milliseconds)} ms`, url, code ?? '']
        .filter((part) => part !== '')
        .join(' '),
    );
  }
}

/** Credentials of sessions stand in the path, one-time tokens and signatures behind the question mark. */
export function withoutSecrets(url: string): string {
  const path = url.replace(/[?#].*$/, '').replace(/(\/api\/playback\/)[^/]+/, '$1...');
  try {
    const { origin, pathname } = new URL(path, location.href);
    return origin === location.origin ? pathname : `${origin}${pathname}`;
  } catch {
    return path;
  }
}

/** What a library says of an error, with its addresses as above: VHS writes them out in full. */
export function plainMessage(message: string): string {
  return message.replace(/(?:[a-z][a-z+.-]*:\/\/|\/)[^\s"')]+/gi, withoutSecrets);
}

export interface Facts {
  code: string;
  message: string;
  sessionId: string | null;
  videoId: string;
  chapterId: string;
  position: number;
  [fact: string]: string | number | boolean | null;
}

/** What is copied: plain text that says everything and gives nothing away. */
export function report(facts: Facts, log: RequestLog): string {
  const own = {
    ...facts,
    time: new Date().toISOString(),
    page: withoutSecrets(location.href),
    browser: navigator.userAgent,
    online: navigator.onLine,
    screen: `${innerWidth}x${innerHeight} @${devicePixelRatio}`,
  };
  const head = Object.entries(own).map(([name, value]) => `${name}: ${String(value)}`);
  return ['Lectern player', ...head, '', 'Last requests:', ...log.lines()].join('\n');
}
