// Parts that fold away where there is little room, and stay as somebody left them for as long as the browser's tab is open.

import { mark } from "./dom";

const place = (name: string): string => `xai_widgets.fold.${name}`;

function recall(name: string): boolean | null {
  try {
    const kept = sessionStorage.getItem(place(name));
    return kept === null ? null : kept === "folded";
  } catch {
    return null; // some hosts give no storage
  }
}

function remember(name: string, folded: boolean): void {
  try {
    sessionStorage.setItem(place(name), folded ? "folded" : "open");
  } catch (error) {
    console.debug("xai_widgets: what is folded is not kept over a reload:", error);
  }
}

/**
 * Fold a part of an element, marked by `data-folded`, whenever there is little room, until somebody presses the button.
 */
export function makeFold(element: HTMLElement, button: HTMLElement, name: string, tight: () => boolean, signal: AbortSignal): void {
  let chosen = recall(name);
  const draw = (): void => {
    const folded = chosen ?? tight();
    mark(element, "data-folded", String(folded));
    mark(button, "aria-expanded", String(!folded));
  };
  button.addEventListener("click", () => {
    chosen = element.getAttribute("data-folded") !== "true";
    remember(name, chosen);
    draw();
  }, { signal });
  const observer = new ResizeObserver(draw);
  observer.observe(element);
  signal.addEventListener("abort", () => observer.disconnect());
  draw();
}
