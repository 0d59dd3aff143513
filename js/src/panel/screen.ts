// The layout for the room that is there: a grid where it fits, else one screen with tabs. Measured in the browser, since
// every window has a room of its own; Python hears what was chosen.

import { takePlace } from "./place";
import type { LayoutWanted, Send } from "./state";

/** From this visible height on, in CSS pixels, the grid of all views fits. */
const TALL = 1100;
/** From this width on two views fit beside each other. */
const WIDE = 820;
/** What is left free around a dashboard that fills the visible height: the padding of a notebook's output. */
const AROUND = 18;
/** Below this width lines break so often that one screen does not hold them: as at a browser zoom of 200 %. */
const SLIM = 400;
const LEAST = { wide: 400, narrow: 600 };
const MOST = { wide: 1150, narrow: 1500 };

export interface Room {
  width: number;
  height: number;
}

export interface Layout {
  layout: "grid" | "screen";
  narrow: boolean;
  /** whether it is as high as it has to be, and scrolled */
  slim: boolean;
  /** of the whole dashboard, where it is to fit into the screen */
  height: number;
}

/** Choose the layout for a room. */
export function layoutFor(wanted: LayoutWanted, room: Room): Layout {
  const narrow = room.width < WIDE;
  const layout = wanted !== "auto" ? wanted : narrow || room.height < TALL ? "screen" : "grid";
  const size = narrow ? "narrow" : "wide";
  return { layout, narrow, slim: room.width < SLIM, height: Math.round(Math.min(MOST[size], Math.max(LEAST[size], room.height - AROUND))) };
}

/** The nearest ancestor that scrolls what it holds and keeps its height whatever that is, or null where the window does. */
export function scrollerOf(root: HTMLElement): HTMLElement | null {
  const found: HTMLElement[] = [];
  for (let node = root.parentElement; node && node !== document.body; node = node.parentElement) {
    const { overflowY } = getComputedStyle(node);
    if (overflowY === "auto" || overflowY === "scroll" || overflowY === "hidden") found.push(node);
  }
  // an output's box grows with what it holds, a notebook's scroll area does not: tried out, within one frame
  const heights = ["0px", "6000px"].map((height) => {
    root.style.setProperty("height", height, "important");
    return found.map((node) => node.clientHeight);
  });
  root.style.removeProperty("height");
  return found.find((node, i) => node.clientHeight > 0 && heights[0]![i] === heights[1]![i]) ?? null;
}

/** Lay a dashboard out, and again whenever its room changes; gives what does it for another wish. */
export function followRoom(root: HTMLElement, wanted: () => LayoutWanted, send: Send, signal: AbortSignal): () => void {
  const scroller = scrollerOf(root);
  const page = takePlace(signal);
  let told = "";
  let timer = 0;
  const tell = (value: "grid" | "screen" | "gone", room: Room): void => {
    const { width, height } = room;
    const said = `${value} ${width} ${height}`;
    if (said !== told) send({ type: "place", name: page, value, width, height });
    told = said;
  };
  const fit = (): void => {
    const room = { width: Math.round(root.clientWidth), height: Math.round(scroller?.clientHeight ?? window.innerHeight) };
    if (room.width === 0 || room.height === 0) return; // in a tab of the host that is not shown
    if (root.classList.contains("xaiw-elsewhere")) return tell("gone", { width: 0, height: 0 });
    const { layout, narrow, slim, height } = layoutFor(wanted(), room);
    root.dataset["layout"] = layout;
    root.dataset["narrow"] = String(narrow);
    root.dataset["slim"] = String(slim);
    root.style.setProperty("--xw-screen", `${height}px`);
    clearTimeout(timer);
    timer = window.setTimeout(() => tell(layout, room), 150); // a pane that is being dragged says where it ended
  };
  const observer = new ResizeObserver(fit);
  observer.observe(root);
  if (scroller) observer.observe(scroller);
  else window.addEventListener("resize", fit, { signal });
  signal.addEventListener("abort", () => {
    observer.disconnect();
    clearTimeout(timer);
    tell("gone", { width: 0, height: 0 });
  });
  fit();
  return fit;
}
