/** What Lectern takes, said before a byte is sent. The server decides by content all the same. */
export const MAX_BYTES = 2 * 1024 ** 3;
export const extensions = ['mp4', 'mov', 'avi', 'mkv'] as const;
export const accept = extensions.map((extension) => `.${extension}`).join(',');

/** `type`: its name or its kind is none we take; `content`: its first bytes are no film, whatever it calls itself. */
export type Refusal = 'type' | 'size' | 'empty' | 'content';

export function refuse(file: Pick<File, 'name' | 'size'> & Partial<Pick<File, 'type'>>, limit = MAX_BYTES): Refusal | null {
  const extension = file.name.split('.').pop()?.toLowerCase() ?? '';
  if (!(extensions as readonly string[]).includes(extension)) return 'type';
  if (/^(text|image|font)\//.test(file.type ?? '') || file.type === 'application/pdf') return 'type';
  if (file.size === 0) return 'empty';
  return file.size > limit ? 'size' : null;
}

const boxes = new Set(['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot', 'uuid']);

/** Whether a file that starts with `head` may be a film: as the server asks it, and in doubt yes. */
export function looksLikeFilm(head: Uint8Array): boolean {
  const text = (from: number, to: number): string => String.fromCharCode(...head.subarray(from, to));
  if (boxes.has(text(4, 8))) return true;
  if (text(0, 4) === 'RIFF') return text(8, 12) === 'AVI ';
  return text(0, 4) === '\x1A\x45\xDF\xA3';
}

export interface Examined {
  refusal: Refusal | null;
  /** The same for the same content, whatever the file is called; null where it was refused. */
  fingerprint: string | null;
}

/** Looks into a file, for as much as has to be read: a few pieces of it. A file that can not be read any more throws. */
export async function examine(file: File, limit = MAX_BYTES): Promise<Examined> {
  const refusal = refuse(file, limit);
  if (refusal) return { refusal, fingerprint: null };
  const head = await piece(file, 0);
  if (!looksLikeFilm(head)) return { refusal: 'content', fingerprint: null };
  const middle = await piece(file, Math.floor(file.size / 2));
  const tail = await piece(file, Math.max(0, file.size - PIECE));
  return { refusal: null, fingerprint: `${file.size}-${hash([head, middle, tail])}` };
}

const PIECE = 64 * 1024;

async function piece(file: File, from: number): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(from, from + PIECE).arrayBuffer());
}

/** FNV-1a twice over: to know a file again, not to trust it. crypto.subtle is missing on pages without TLS. */
function hash(pieces: Uint8Array[]): string {
  let one = 0x811c9dc5;
  let two = 0x01000193;
  for (const bytes of pieces) {
    for (const byte of bytes) {
      one = Math.imul(one ^ byte, 0x01000193);
      two = Math.imul(two ^ byte, 0x85ebca6b);
    }
  }
  return (one >>> 0).toString(16).padStart(8, '0') + (two >>> 0).toString(16).padStart(8, '0');
}
