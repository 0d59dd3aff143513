// The host's theme: light or dark is read from what it really paints, so that every host and every custom theme is followed.

export interface Theme {
  dark: boolean;
  ink: string;
  quiet: string;
  line: string;
  accent: string;
  hard: string;
  surface: string;
  font: string;
}

const NAMES = ["ink", "quiet", "line", "accent", "hard", "surface"] as const;

/** Relative luminance of a CSS colour as browsers compute it ("rgb(...)"), or null where it is transparent. */
export function luminance(color: string): number | null {
  const parts = color.match(/[\d.]+/g)?.map(Number);
  if (!parts || parts.length < 3 || (parts.length > 3 && parts[3]! < 0.5)) return null;
  const scale = color.startsWith("color(") ? 1 : 255;
  const [r, g, b] = parts.map((part) => part / scale) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Whether what lies behind an element is dark. */
function onDark(element: HTMLElement): boolean {
  let node: Element | null = element.parentElement;
  while (node) {
    const light = luminance(getComputedStyle(node).backgroundColor);
    if (light !== null) return light < 0.5;
    const root: Node = node.getRootNode();
    node = node.parentElement ?? (root instanceof ShadowRoot ? root.host : null);
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Read the theme at an element whose style sheet defines --xw-ink and the rest. */
export function readTheme(root: HTMLElement): Theme {
  const dark = onDark(root);
  root.dataset["dark"] = String(dark);
  const probe = document.createElement("span");
  root.append(probe);
  const made: Theme = { dark, ink: "", quiet: "", line: "", accent: "", hard: "", surface: "", font: "" };
  for (const name of NAMES) {
    probe.style.color = `var(--xw-${name})`;
    made[name] = getComputedStyle(probe).color;
  }
  made.font = getComputedStyle(probe).fontFamily;
  probe.remove();
  return made;
}

const same = (a: Theme, b: Theme): boolean => JSON.stringify(a) === JSON.stringify(b);

const sheet = (node: Node): boolean => node instanceof HTMLStyleElement || (node instanceof HTMLLinkElement && node.rel === "stylesheet");

/** Whether a style sheet came or went: while a kernel works JupyterLab changes the icon in the head at every message. */
const sheetsChanged = (changes: MutationRecord[]): boolean =>
  changes.some((change) => [...change.addedNodes, ...change.removedNodes].some(sheet));

/** Call `look` whenever the theme may differ: hosts switch an attribute first, and load the new style sheet later. */
function watchHost(look: () => void, signal: AbortSignal): void {
  let timers: number[] = [];
  const soon = (): void => {
    timers.forEach(clearTimeout);
    timers = [0, 60, 250, 700, 1500].map((delay) => window.setTimeout(look, delay));
  };
  const observer = new MutationObserver(soon);
  const sheets = new MutationObserver((changes) => void (sheetsChanged(changes) && soon()));
  const attributes = { attributes: true, attributeFilter: ["class", "style", "data-theme", "data-jp-theme-name", "data-jp-theme-light"] };
  observer.observe(document.documentElement, attributes);
  observer.observe(document.body, attributes);
  sheets.observe(document.head, { childList: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", soon, { signal });
  signal.addEventListener("abort", () => {
    observer.disconnect();
    sheets.disconnect();
    timers.forEach(clearTimeout);
  });
  soon();
}

/** Call `changed` whenever the theme's colours differ; gives those of now. */
export function watchTheme(root: HTMLElement, changed: (theme: Theme) => void, signal: AbortSignal): Theme {
  let now = readTheme(root);
  const look = (): void => {
    if (!root.isConnected) return;
    const next = readTheme(root);
    if (same(now, next)) return;
    now = next;
    changed(next);
  };
  watchHost(look, signal);
  return now;
}

/** Mark an element as light or dark, now and whenever the host switches, and call back. */
export function followTheme(root: HTMLElement, signal: AbortSignal, changed: (dark: boolean) => void): void {
  let last: boolean | null = null;
  const look = (): void => {
    const dark = root.isConnected ? onDark(root) : last;
    if (dark === null || dark === last) return;
    last = dark;
    root.classList.toggle("xaiw-dark", dark);
    changed(dark);
  };
  watchHost(look, signal);
  look();
}

export const reducedMotion = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** "#rrggbb" as the 0x00BBGGRR the raster writes. */
export function packed(hex: string): number {
  const value = Number.parseInt(hex.slice(1), 16);
  return ((value & 255) << 16) | (value & 0xff00) | (value >> 16);
}

const channels = (color: string): number[] => color.match(/[\d.]+/g)?.map(Number) ?? [];

/** A computed colour ("rgb(...)", perhaps see-through) on a ground as 0x00BBGGRR. */
export function packedComputed(color: string, ground: string): number {
  const [r = 128, g = 128, b = 128, alpha = 1] = channels(color);
  const [R = 255, G = 255, B = 255] = channels(ground);
  const mix = (top: number, below: number): number => Math.round(top * alpha + below * (1 - alpha));
  return (mix(b, B) << 16) | (mix(g, G) << 8) | mix(r, R);
}
