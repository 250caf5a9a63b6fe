import { shapes, type IconName } from '../../ui/icons';

type Child = Node | string | null | undefined | false;
type Props<E extends HTMLElement> = {
  class?: string;
  testId?: string;
  on?: { [Type in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Type]) => void };
  attrs?: Record<string, string>;
} & Partial<Pick<E, 'hidden' | 'tabIndex'>>;

/** Builds an element. Text only ever goes in as text, so nothing here can be injected into. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { class: className, testId, on, attrs, ...props }: Props<HTMLElementTagNameMap[K]> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (testId) element.dataset['testid'] = testId;
  if (tag === 'button') element.setAttribute('type', 'button');
  for (const [name, value] of Object.entries(attrs ?? {})) element.setAttribute(name, value);
  Object.assign(element, props);
  for (const [type, listener] of Object.entries(on ?? {})) element.addEventListener(type, listener as EventListener);
  element.append(...children.filter((child): child is Node | string => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'lp-icon');
  svg.setAttribute('aria-hidden', 'true');
  for (const d of shapes[name]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}

/** A button with a picture; its name and its tooltip are set by `label`, because the language may change. */
export function iconButton(name: IconName, testId: string, onClick: () => void): HTMLButtonElement {
  return h('button', { class: 'lp-button', testId, on: { click: onClick } }, icon(name));
}

export function setIcon(button: HTMLElement, name: IconName): void {
  if (button.dataset['icon'] === name) return;
  button.dataset['icon'] = name;
  button.querySelector('svg')?.replaceWith(icon(name));
}

export function label(element: HTMLElement, text: string): void {
  element.setAttribute('aria-label', text);
  element.title = text;
}
