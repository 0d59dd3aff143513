// The few helpers every part uses. Text only ever enters the page through textContent, and what is on the page stays
// the same element while it means the same: a press must not be lost because the text beside it changed.

/** Make an element; `text` is data, never markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  text?: string,
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Make a button that says or does something. */
export function makeButton(className: string, pressed: () => void, text?: string): HTMLButtonElement {
  const button = make("button", className, text);
  button.type = "button";
  button.addEventListener("click", pressed);
  return button;
}

/** Set the text where it differs. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Set an attribute where it differs; null takes it away. */
export function mark(element: Element, name: string, value: string | null): void {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Put the children into this order; the one with the focus is not moved, for that would take the focus from it. */
export function arrange(parent: Element, children: Element[]): void {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  const focused = children.findIndex((child) => child.parentElement === parent && child.contains(document.activeElement));
  const fixed = Math.max(0, focused);
  let next: Element | null = focused < 0 ? null : children[fixed]!;
  for (let place = fixed - 1; place >= 0; place--) {
    const child = children[place]!;
    if (child.nextElementSibling !== next || child.parentElement !== parent) parent.insertBefore(child, next);
    next = child;
  }
  for (let place = focused < 0 ? 0 : fixed + 1; place < children.length; place++) {
    const child = children[place]!;
    const before: Element | null = place > 0 ? children[place - 1]! : null;
    if (child.previousElementSibling === before && child.parentElement === parent) continue;
    parent.insertBefore(child, before ? before.nextElementSibling : parent.firstElementChild);
  }
}

const SVG = "http://www.w3.org/2000/svg";

/** A short sample of a line with its dash, as the chart draws it. */
export function dashSample(color: string, dash: number[]): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("width", "24");
  svg.setAttribute("height", "10");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "line");
  line.setAttribute("x1", "1");
  line.setAttribute("x2", "23");
  line.setAttribute("y1", "5");
  line.setAttribute("y2", "5");
  line.setAttribute("stroke-width", "2.4");
  line.setAttribute("stroke-dasharray", dash.length ? dash.join(" ") : "none");
  line.style.stroke = color;
  svg.append(line);
  return svg;
}

/** Call `then` once the element is in the page and has an ancestor that matches; gives up when aborted. */
export function whenInside(
  element: HTMLElement,
  selector: string,
  signal: AbortSignal,
  then: (ancestor: HTMLElement) => void,
): void {
  const look = (): void => {
    if (signal.aborted) return;
    const ancestor = element.isConnected ? element.closest<HTMLElement>(selector) : null;
    if (ancestor) then(ancestor);
    else setTimeout(look, 50);
  };
  look();
}
