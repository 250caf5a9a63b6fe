/** What Lectern takes, said before a byte is sent. The server decides by content all the same. */
export const MAX_BYTES = 2 * 1024 ** 3;
export const extensions = ['mp4', 'mov', 'avi', 'mkv'] as const;
export const accept = extensions.map((extension) => `.${extension}`).join(',');

export type Refusal = 'type' | 'size' | 'empty';

export function refuse(file: Pick<File, 'name' | 'size'>): Refusal | null {
  const extension = file.name.split('.').pop()?.toLowerCase() ?? '';
  if (!(extensions as readonly string[]).includes(extension)) return 'type';
  if (file.size === 0) return 'empty';
  return file.size > MAX_BYTES ? 'size' : null;
}
