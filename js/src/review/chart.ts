// The history of one instance as a small line: its loss over the epochs of the run.

import { h, mark } from "../shared/dom";
import type { History } from "./state";

const SIZE = { width: 300, height: 92, left: 34, right: 8, top: 8, bottom: 20 };

export type Point = [number, number];

/** The points of the line in pixels, in runs: epochs in which nothing was seen leave a gap. */
export function runsOf(history: History, place: typeof SIZE = SIZE): Point[][] {
  const [x0, x1] = history.x;
  const [y0, y1] = history.y;
  const strides = history.epochs.slice(1).map((epoch, i) => epoch - history.epochs[i]!);
  const stride = [...strides].sort((a, b) => a - b)[strides.length >> 1]!; // of a long history every so many, and the last
  const runs: Point[][] = [];
  history.epochs.forEach((epoch, i) => {
    const point: Point = [
      place.left + ((epoch - x0) / (x1 - x0 || 1)) * (place.width - place.left - place.right),
      place.height - place.bottom - ((history.values[i]! - y0) / (y1 - y0 || 1)) * (place.height - place.top - place.bottom),
    ];
    if (i > 0 && strides[i - 1]! <= 1.5 * stride) runs.at(-1)!.push(point);
    else runs.push([point]);
  });
  return runs;
}

function make<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Record<string, string | number>, text = ""): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text) made.textContent = text;
  return made;
}

const written = (value: number): string => String(Number(value.toPrecision(6)));

export function drawHistory(place: HTMLElement, history: History | null): void {
  place.hidden = history === null;
  place.replaceChildren();
  if (!history) return;
  const { width, height, left, right, top, bottom } = SIZE;
  const chart = make("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
  const last = history.values.at(-1)!;
  mark(chart, "aria-label", `${history.name} over ${history.epochs.length} epochs, ${written(last)} ${history.unit} at last`);
  const [y0, y1, yTicks] = history.y;
  const ends = [yTicks[0]!, yTicks.at(-1)!];
  for (const tick of ends) {
    const y = height - bottom - ((tick - y0) / (y1 - y0 || 1)) * (height - top - bottom);
    chart.append(make("line", { x1: left, x2: width - right, y1: y, y2: y, class: "xaiw-gridline" }));
    chart.append(make("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, written(tick)));
  }
  const [x0, x1, xTicks] = history.x;
  for (const tick of xTicks.length > 5 ? [xTicks[0]!, xTicks.at(-1)!] : xTicks) {
    const x = left + ((tick - x0) / (x1 - x0 || 1)) * (width - left - right);
    chart.append(make("text", { x, y: height - 5, "text-anchor": tick === xTicks.at(-1) ? "end" : "middle" }, written(tick)));
  }
  for (const run of runsOf(history)) {
    if (run.length > 1) chart.append(make("polyline", { points: run.map((point) => point.map((v) => v.toFixed(1)).join(",")).join(" "), class: "xaiw-line" }));
  }
  const [x, y] = runsOf(history).at(-1)!.at(-1)!;
  chart.append(make("circle", { cx: x, cy: y, r: 3, class: "xaiw-end" }));
  place.append(h("div", { class: "xaiw-quiet" }, `${history.name}${history.unit ? `, ${history.unit},` : ""} by epoch`), chart);
}
