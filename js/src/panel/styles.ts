// The style sheet of the panels, and the colours of their series.

import css from "./panel.css";

/** Put the styles into the document (and a shadow root, where there is one) once, however many panels it shows. */
export function addStyles(root: Node): void {
  const place = root instanceof ShadowRoot ? root : document.head;
  if (place.querySelector("style[data-xaiw]")) return;
  const style = document.createElement("style");
  style.setAttribute("data-xaiw", "");
  style.textContent = css;
  place.append(style);
}

/** Set the series colours of this theme as custom properties, which chart and legend share. */
export function paint(root: HTMLElement, palette: [string, string][], dark: boolean): void {
  palette.forEach(([light, night], place) => root.style.setProperty(`--xw-s${place}`, dark ? night : light));
}
