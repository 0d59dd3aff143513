// Small helpers around the DOM. Text from data only ever enters through textContent.

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

const SVG = "http://www.w3.org/2000/svg";

/** An icon from a path on a 16 x 16 grid, drawn in the colour of the text. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", width: "16", height: "16", "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  const line = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({
    d: path, fill: "none", stroke: "currentColor", "stroke-width": "1.5", "stroke-linecap": "round", "stroke-linejoin": "round",
  })) {
    line.setAttribute(key, value);
  }
  svg.append(line);
  return svg;
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
