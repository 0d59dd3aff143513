// Pointing at bqplot's lines: the nearest line within reach is meant, so that a thin line need not be hit to the pixel.
// Everything needed stands in the drawn paths and ticks; the kernel is only asked when something is picked.

import { h } from "../shared/dom";
import type { Row } from "./state";

const REACH = 14;

type Point = [number, number];

/** The points of a path of straight lines; a gap (a value that was never seen) starts a new run. */
export function pointsOf(path: string): Point[][] {
  const runs: Point[][] = [];
  for (const piece of path.split("M")) {
    const run: Point[] = [];
    for (const pair of piece.replace(/Z/g, "").split("L")) {
      const [x, y] = pair.split(",").map(Number);
      if (x !== undefined && y !== undefined && Number.isFinite(x) && Number.isFinite(y)) run.push([x, y]);
    }
    if (run.length) runs.push(run);
  }
  return runs;
}

/** Distance in pixels from a point to the nearest piece of the runs. */
export function distanceTo(runs: Point[][], x: number, y: number): number {
  let best = Infinity;
  for (const run of runs) {
    for (let i = 0; i < run.length; i++) {
      const [ax, ay] = run[Math.max(0, i - 1)] as Point;
      const [bx, by] = run[i] as Point;
      const [dx, dy] = [bx - ax, by - ay];
      const length = dx * dx + dy * dy;
      const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
      best = Math.min(best, Math.hypot(x - ax - t * dx, y - ay - t * dy));
    }
  }
  return best;
}

/** Pixel to value along an axis, from two of its drawn ticks. */
export function axisValue(axis: Element | undefined, vertical: boolean, pixel: number): number | null {
  const ticks = [...(axis?.querySelectorAll(".tick") ?? [])].map((tick): Point => {
    // with a space after the comma when drawn, without one after a change
    const place = /translate\(([-+\d.e]+)[ ,]+([-+\d.e]+)\)/.exec(tick.getAttribute("transform") ?? "");
    const text = (tick.querySelector("text")?.textContent ?? "").replace("−", "-").replace(/,/g, "");
    return [Number(place?.[vertical ? 2 : 1] ?? NaN), text === "" ? NaN : Number(text)];
  });
  const known = ticks.filter(([place, value]) => Number.isFinite(place) && Number.isFinite(value));
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last || first[0] === last[0]) return null;
  return first[1] + ((pixel - first[0]) * (last[1] - first[1])) / (last[0] - first[0]);
}

export interface PlotHandles {
  rows(rows: Row[], unit: string, dashes: number[][]): void;
  describe(summary: string): void;
  heat(key: string | null): void;
}

export function followPlot(
  panel: HTMLElement,
  tipPlace: HTMLElement,
  signal: AbortSignal,
  pick: (key: string) => void,
  hover: (key: string | null) => void,
): PlotHandles {
  let rows: Row[] = [];
  let unit = "";
  let dashes: number[][] = [];
  let summary = "";
  const tip = h("div", { class: "xaiw-tip" });
  tip.hidden = true;
  tipPlace.append(tip);
  const cache = new WeakMap<Element, { d: string; runs: Point[][] }>();

  const plot = (): HTMLElement | null => panel.querySelector<HTMLElement>(".xaiw-plot");
  const marks = (): Element[] => [...(plot()?.querySelectorAll(".svg-figure > g > g:first-of-type > g") ?? [])];

  const lineOf = (row: Row, all = marks()): Element | null => {
    if (!row.curve) return null;
    const group = all[row.curve[0]]?.querySelectorAll(":scope > g.curve")[row.curve[1]];
    return group?.querySelector("path.line") ?? null;
  };

  const runsOf = (line: Element): Point[][] => {
    const d = line.getAttribute("d") ?? "";
    const known = cache.get(line);
    if (known?.d === d) return known.runs;
    const runs = pointsOf(d);
    cache.set(line, { d, runs });
    return runs;
  };

  const at = (event: PointerEvent | MouseEvent): Point | null => {
    const area = plot()?.querySelector<SVGGraphicsElement>(".plotarea_events");
    const matrix = area?.getScreenCTM();
    if (!matrix) return null;
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    return [point.x, point.y];
  };

  const nearest = (point: Point): Row | null => {
    let best: Row | null = null;
    let reach = REACH;
    const all = marks();
    for (const row of rows) {
      if (row.hidden) continue;
      const line = lineOf(row, all);
      const distance = line ? distanceTo(runsOf(line), point[0], point[1]) : Infinity;
      if (distance < reach) [best, reach] = [row, distance];
    }
    return best;
  };

  const showTip = (row: Row, point: Point, event: PointerEvent): void => {
    const line = lineOf(row);
    const vertices = line ? runsOf(line).flat() : [];
    const vertex = vertices.reduce<Point | null>(
      (best, one) => (best && Math.abs(best[0] - point[0]) <= Math.abs(one[0] - point[0]) ? best : one),
      null,
    );
    const axes = plot()?.querySelectorAll(".svg-background g.axis");
    const x = vertex && axisValue(axes?.[0], false, vertex[0]);
    const y = vertex && axisValue(axes?.[1], true, vertex[1]);
    const name = [row.text, row.note].filter(Boolean).join(" ");
    const facts = x !== null && y !== null ? `epoch ${Math.round(x)}, ${y.toFixed(2).replace("-0.00", "0.00")} ${unit}`.trim() : "";
    tip.replaceChildren(h("b", {}, name), h("span", {}, facts));
    tip.hidden = false;
    const box = panel.getBoundingClientRect();
    const left = Math.min(event.clientX - box.left + 12, box.width - tip.offsetWidth - 6);
    tip.style.left = `${Math.max(6, left)}px`;
    tip.style.top = `${event.clientY - box.top - tip.offsetHeight - 10}px`;
  };

  const inside = (event: Event): boolean => event.target instanceof Element && !!event.target.closest(".xaiw-plot");
  const leave = (): void => {
    if (!tip.hidden) hover(null);
    tip.hidden = true;
    plot()?.classList.remove("xaiw-reach");
  };
  panel.addEventListener(
    "pointermove",
    (event) => {
      const point = inside(event) ? at(event) : null;
      const row = point && nearest(point);
      if (!point || !row) return leave();
      plot()?.classList.add("xaiw-reach");
      hover(row.key);
      showTip(row, point, event);
    },
    { signal },
  );
  panel.addEventListener("pointerleave", leave, { signal });
  panel.addEventListener(
    "click",
    (event) => {
      const point = inside(event) ? at(event) : null;
      const row = point && nearest(point);
      if (row) pick(row.key);
    },
    { signal },
  );

  const describe = (): void => {
    // bqplot draws without a word for those who cannot see it; it may also appear after this module
    const svg = plot()?.querySelector(".svg-figure");
    if (!svg) {
      if (!signal.aborted) setTimeout(describe, 300);
      return;
    }
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", summary);
    for (const part of plot()?.querySelectorAll(".svg-background, canvas") ?? []) part.setAttribute("aria-hidden", "true");
  };

  return {
    rows(next, nextUnit, nextDashes) {
      [rows, unit, dashes] = [next, nextUnit, nextDashes];
      dashes.forEach((dash, mark) => panel.style.setProperty(`--xw-dash${mark}`, dash.length ? dash.join(" ") : "none"));
    },
    describe(text) {
      summary = text;
      describe();
    },
    heat(key) {
      plot()?.classList.toggle("xaiw-heated", key !== null);
      for (const line of plot()?.querySelectorAll("path.line.xaiw-hot") ?? []) line.classList.remove("xaiw-hot");
      const row = key === null ? undefined : rows.find((one) => one.key === key);
      if (row) lineOf(row)?.classList.add("xaiw-hot");
    },
  };
}
