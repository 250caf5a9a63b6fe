import type { IconName } from '../../ui/icons';
import { h, icon, label } from './dom';

export interface MenuItem<Value> {
  value: Value;
  text: string;
  note?: string;
  disabled?: boolean;
}

export interface Menu<Value> {
  element: HTMLElement;
  paint(name: string, face: string, items: readonly MenuItem<Value>[], selected: Value): void;
  close(): void;
}

/** A button that opens a list of which one entry is chosen. Arrow keys move, Escape closes and gives the focus back. */
export function menu<Value extends string | number>(
  picture: IconName,
  testId: string,
  onSelect: (value: Value) => void,
): Menu<Value> {
  const face = h('span', { class: 'lp-menu__face' });
  const list = h('div', { class: 'lp-menu__list', hidden: true, attrs: { role: 'menu' } });
  const button = h(
    'button',
    { class: 'lp-button lp-menu__button', testId, attrs: { 'aria-haspopup': 'menu', 'aria-expanded': 'false' } },
    icon(picture),
    face,
  );
  const element = h('div', { class: 'lp-menu' }, button, list);

  const items = (): HTMLButtonElement[] => [...list.querySelectorAll<HTMLButtonElement>('button:not([disabled])')];
  const outside = (event: Event): void => {
    if (!element.contains(event.target as Node)) close(true);
  };

  function open(): void {
    list.hidden = false;
    button.setAttribute('aria-expanded', 'true');
    (list.querySelector<HTMLButtonElement>('[aria-checked="true"]') ?? items()[0])?.focus();
    document.addEventListener('pointerdown', outside, true);
  }

  /** A keyboard user goes back to the button; after a mouse the player has the keys again, so that space means pause. */
  function close(byPointer = false): void {
    if (list.hidden) return;
    const hadFocus = list.contains(document.activeElement);
    list.hidden = true;
    button.setAttribute('aria-expanded', 'false');
    document.removeEventListener('pointerdown', outside, true);
    if (!hadFocus) return;
    if (byPointer) element.closest<HTMLElement>('.lp')?.focus({ preventScroll: true });
    else button.focus();
  }

  button.addEventListener('click', () => (list.hidden ? open() : close()));
  element.addEventListener('keydown', (event) => {
    if (list.hidden) return;
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') close();
    else if (step) all[(at + step + all.length) % all.length]?.focus();
    else if (event.key === 'Home') all[0]?.focus();
    else if (event.key === 'End') all.at(-1)?.focus();
    else if (event.key === 'Tab') return close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  return {
    element,
    close: () => close(),
    paint(name, shown, entries, selected) {
      label(button, shown ? `${name}: ${shown}` : name);
      list.setAttribute('aria-label', name);
      face.textContent = shown;
      const focused = list.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset['value'] : null;
      list.replaceChildren(
        ...entries.map(({ value, text, note, disabled }) => {
          const chosen = value === selected;
          const entry = h(
            'button',
            {
              class: 'lp-menu__item',
              testId: `${testId}-${value}`,
              attrs: { role: 'menuitemradio', 'aria-checked': String(chosen), 'data-value': String(value) },
              on: {
                click: (event) => {
                  onSelect(value);
                  close(event.detail > 0);
                },
              },
            },
            h('span', { class: 'lp-menu__tick' }, chosen && icon('check')),
            h('span', {}, text),
            note ? h('span', { class: 'lp-menu__note' }, note) : null,
          );
          entry.disabled = disabled ?? false;
          return entry;
        }),
      );
      if (focused) list.querySelector<HTMLElement>(`[data-value="${focused}"]`)?.focus();
    },
  };
}
