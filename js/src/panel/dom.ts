// The few helpers every part uses. Text only ever enters the page through textContent.

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

/** Replace the children only where something changed, so that focus stays where the user has it. */
export function fill(parent: HTMLElement, children: Node[]): void {
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.getAttribute("data-key");
  parent.replaceChildren(...children);
  if (key) {
    const again = [...parent.querySelectorAll<HTMLElement>("[data-key]")].find(
      (candidate) => candidate.getAttribute("data-key") === key,
    );
    again?.focus({ preventScroll: true });
  }
}
