import { useRef } from 'react';
import type { ReactNode } from 'react';
import { pickFiles } from './pick';
import type { Picked } from './queue';
import { accept } from './validate';

interface FileButtonProps {
  children: ReactNode;
  onPick: (picks: Picked[]) => void;
  inputTestId: string;
  testId?: string;
  multiple?: boolean;
  primary?: boolean;
  describedBy?: string;
}

/** A button that asks for films: by the dialog that gives handles where there is one, else by an ordinary input. */
export function FileButton({ children, onPick, inputTestId, testId, multiple = false, primary, describedBy }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  const open = async (): Promise<void> => {
    const picked = await pickFiles(multiple);
    if (picked === null) input.current?.click();
    else if (picked.length > 0) onPick(picked);
  };
  return (
    <>
      <button
        type="button"
        className={`button button--small ${primary ? 'button--primary' : ''}`}
        data-testid={testId}
        aria-describedby={describedBy}
        onClick={() => void open()}
      >
        {children}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        data-testid={inputTestId}
        accept={accept}
        multiple={multiple}
        onChange={(event) => {
          onPick([...(event.target.files ?? [])].map((file) => ({ file })));
          // Otherwise choosing the same file again, after a failure, would change nothing.
          event.target.value = '';
        }}
      />
    </>
  );
}
