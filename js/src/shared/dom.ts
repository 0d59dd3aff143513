// The few helpers every part uses. Text from data only ever enters through textContent, and what is on the page stays the
// same element while it means the same: a press must not be lost because the text beside it changed.

type Attributes = Record<string, string | number | boolean>;

/** Make an element with attributes and children; strings become text nodes. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** A button whose name is its text, or `name` where the text is a sign. */
export function button(text: string, kind: string, act: (event: MouseEvent) => void, name = ""): HTMLButtonElement {
  const made = h("button", { type: "button", class: kind, ...(name ? { "aria-label": name, title: name } : {}) }, text);
  made.addEventListener("click", act);
  return made;
}

export function show(element: HTMLElement, visible: boolean): void {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Set a text only where it differs, so that screen readers hear changes and nothing else. */
export function say(element: Node, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A long or hostile text cut to a length that fits a line; control characters become visible signs. */
export function short(text: string, length = 80): string {
  const plain = text.replace(/[\u0000-\u001f\u007f\u0080-\u009f]/g, (c) => (c === "\n" || c === "\t" ? " " : "\u2400"));
  const cut = [...plain.slice(0, length * 2 + 2)];
  return cut.length > length ? `${cut.slice(0, length - 1).join("")}\u2026` : cut.join("");
}

/** Text that keeps its own direction and cannot reorder what stands beside it. */
export function name(text: string, length = 80, kind = "name"): HTMLElement {
  const made = h("bdi", { class: kind }, short(text, length));
  if (text.length > length) made.title = short(text, 300);
  return made;
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

/** Make an element of a drawing. */
function svg<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Record<string, string | number>): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/** An icon from a path on a 16 x 16 grid, drawn in the colour of the text. */
export function icon(path: string): SVGSVGElement {
  const made = svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" });
  made.append(svg("path", { d: path, fill: "none", stroke: "currentColor", "stroke-width": 1.5, "stroke-linecap": "round", "stroke-linejoin": "round" }));
  return made;
}

/** A short sample of a line with its dash, as the chart draws it. */
export function dashSample(color: string, dash: number[]): SVGSVGElement {
  const made = svg("svg", { width: 24, height: 10, "aria-hidden": "true" });
  const line = svg("line", { x1: 1, x2: 23, y1: 5, y2: 5, "stroke-width": 2.4, "stroke-dasharray": dash.length ? dash.join(" ") : "none" });
  line.style.stroke = color;
  made.append(line);
  return made;
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

/** A canvas as large as its box in device pixels; returns its context with CSS pixels as units. */
export function sized(canvas: HTMLCanvasElement, width: number, height: number, ratio: number): CanvasRenderingContext2D {
  const [w, hh] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w || canvas.height !== hh) {
    canvas.width = w;
    canvas.height = hh;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser gives no 2D canvas, without which the map cannot be drawn");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
