import type { Picked } from './queue';
import { extensions } from './validate';

type PickerWindow = Window & {
  showOpenFilePicker?: (options: object) => Promise<FileSystemFileHandle[]>;
};

const kinds = { mp4: 'video/mp4', mov: 'video/quicktime', avi: 'video/x-msvideo', mkv: 'video/x-matroska' } as const;
const types = [{ accept: Object.fromEntries(extensions.map((extension) => [kinds[extension], [`.${extension}`]])) }];

/** Files chosen in the browser's own dialog, with handles that outlive the page; null where there is no such dialog. */
export async function pickFiles(multiple: boolean): Promise<Picked[] | null> {
  const { showOpenFilePicker } = window as PickerWindow;
  if (!showOpenFilePicker) return null;
  try {
    const handles = await showOpenFilePicker.call(window, { multiple, types, id: 'lectern-films' });
    return await Promise.all(handles.map(async (handle) => ({ file: await handle.getFile(), handle })));
  } catch (error) {
    // The person closed the dialog: an answer, too.
    return error instanceof DOMException && error.name === 'AbortError' ? [] : null;
  }
}

type HandleItem = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };

/** Dropped files, with handles where the browser gives them. To be called while the event lasts: it is empty afterwards. */
export function droppedFiles({ items, files }: DataTransfer): Promise<Picked[]> {
  const found = [...items]
    .filter(({ kind }) => kind === 'file')
    .map(async (item: HandleItem): Promise<Picked | null> => {
      const file = item.getAsFile();
      const handle = await item.getAsFileSystemHandle?.().catch(() => null);
      return file && { file, handle: handle?.kind === 'file' ? (handle as FileSystemFileHandle) : null };
    });
  const plain = [...files].map((file) => ({ file }));
  return Promise.all(found).then((picks) => (picks.length > 0 ? picks.filter((pick) => pick !== null) : plain));
}
