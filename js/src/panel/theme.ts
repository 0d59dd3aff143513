// Light or dark is read from what the host really paints, so that every host and every custom theme is followed.

import { sheetsChanged } from "../shared/stylesheets";
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

/** Whether the nearest painted background behind the element is dark. */
export function isDark(element: HTMLElement): boolean {
  let node: HTMLElement | null = element;
  while (node) {
    const found = /^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(getComputedStyle(node).backgroundColor);
    if (found && Number(found[4] ?? 1) > 0.5) {
      const [red, green, blue] = [Number(found[1]), Number(found[2]), Number(found[3])];
      return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
    }
    const above: HTMLElement | null = node.parentElement;
    const root = node.getRootNode();
    node = above ?? (root instanceof ShadowRoot ? (root.host as HTMLElement) : null);
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Follow the theme: call back now and whenever the host switches. */
export function followTheme(root: HTMLElement, signal: AbortSignal, changed: (dark: boolean) => void): void {
  let last: boolean | null = null;
  const look = (): void => {
    const behind = root.parentElement ?? root;
    const dark = isDark(behind);
    if (dark === last) return;
    last = dark;
    root.classList.toggle("xaiw-dark", dark);
    changed(dark);
  };
  const later = (): void => void setTimeout(look, 60);
  const observer = new MutationObserver(later);
  const options = { attributes: true, attributeFilter: ["class", "style", "data-jp-theme-name", "data-theme"] };
  observer.observe(document.body, options);
  observer.observe(document.documentElement, options);
  // JupyterLab swaps the theme's style sheet a moment after the attributes
  const sheets = new MutationObserver((changes) => void (sheetsChanged(changes) && setTimeout(look, 200)));
  sheets.observe(document.head, { childList: true });
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", later);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    sheets.disconnect();
    media.removeEventListener("change", later);
  });
  look();
}

/** Set the series colours of this theme as custom properties, which chart and legend share. */
export function paint(root: HTMLElement, palette: [string, string][], dark: boolean): void {
  palette.forEach(([light, night], place) => root.style.setProperty(`--xw-s${place}`, dark ? night : light));
}
