import { useRef, type ReactNode } from 'react';
import { Icon } from './Icon';

interface FilePickerProps {
  children: string;
  accept: string;
  inputTestId: string;
  disabled?: boolean;
  onPick: (file: File) => void;
}

/** A button that asks for one small file. Films have their own, which can be gone on with after a reload. */
export function FilePicker({ children, accept, inputTestId, disabled, onPick }: FilePickerProps): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" className="button button--small" disabled={disabled} onClick={() => input.current?.click()}>
        <Icon name="upload" />
        {children}
      </button>
      <input
        ref={input}
        type="file"
        accept={accept}
        className="visually-hidden"
        tabIndex={-1}
        aria-label={children}
        data-testid={inputTestId}
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) onPick(file);
          // Else choosing the same file again would change nothing.
          event.target.value = '';
        }}
      />
    </>
  );
}
