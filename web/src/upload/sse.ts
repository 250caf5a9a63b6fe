export interface ServerEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Server-sent events out of any pieces of text; what is not whole yet waits for the next piece. Comments are dropped. */
export function createEventParser(): (text: string) => ServerEvent[] {
  let rest = '';
  return (text) => {
    rest += text;
    const blocks = rest.split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    return blocks.map(parseBlock).filter((event) => event !== null);
  };
}

function parseBlock(block: string): ServerEvent | null {
  const event: ServerEvent = { id: null, event: 'message', data: '' };
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const value = line.slice(colon + 1).replace(/^ /, '');
    const field = line.slice(0, colon);
    if (field === 'data') data.push(value);
    if (field === 'id') event.id = value;
    if (field === 'event') event.event = value;
  }
  event.data = data.join('\n');
  return data.length > 0 ? event : null;
}
