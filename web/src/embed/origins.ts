/**
 * Whether an origin is one of those that may frame us: `https://school.example`, or `https://*.example` for every name
 * below. As a Content-Security-Policy reads them, so that the page and the browser never disagree.
 */
export function isAllowed(origin: string, allowed: readonly string[]): boolean {
  const asked = parsed(origin);
  if (!asked || asked.origin !== origin) return false;
  return allowed.some((one) => {
    const [, scheme = '', star = '', rest = ''] = /^(https?:\/\/)(\*\.)?(.+)$/i.exec(one) ?? [];
    if (!rest) return false;
    const wanted = parsed(`${scheme}${rest}`);
    if (!wanted || wanted.port !== asked.port) return false;
    if (wanted.protocol !== asked.protocol && !(wanted.protocol === 'http:' && asked.protocol === 'https:')) return false;
    return star ? asked.hostname.endsWith(`.${wanted.hostname}`) : asked.hostname === wanted.hostname;
  });
}

function parsed(url: string): URL | null {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}
