// The quiet part of the plot: grid lines, numbers, the names of the axes, and the outlines of the cartography's regions.

import type { Meta } from "../data/protocol";
import { type Area, fromX, fromY, tickText, ticks, toX, toY, type Window } from "../data/scale";
import type { Theme } from "../../shared/theme";

export const MARGIN = { left: 52, right: 14, top: 14, bottom: 38 };

export const areaOf = (width: number, height: number): Area => ({
  left: MARGIN.left,
  top: MARGIN.top,
  width: Math.max(40, width - MARGIN.left - MARGIN.right),
  height: Math.max(40, height - MARGIN.top - MARGIN.bottom),
});

/**
 * The regions of dataset cartography (Swayamdipta et al., 2020). The paper takes a third of the data for each; fixed
 * limits stay where they are while points move through them.
 */
export interface Region {
  name: string;
  x: [number, number];
  y: [number, number];
  /** Where its word stands if there are no points, as fractions of the region. */
  at: [number, number];
}
export const REGIONS: readonly Region[] = [
  { name: "easy to learn", x: [0, 0.2], y: [0.7, 1], at: [0, 1] },
  { name: "ambiguous", x: [0.3, 0.5], y: [0.2, 0.8], at: [1, 0.5] },
  { name: "hard to learn", x: [0, 0.2], y: [0, 0.3], at: [0, 0] },
];

/** A region's word; the hard one says how many labels are wrong, as soon as that is known. */
export const regionWord = (region: Region, suspects: string): string => (region.name === "hard to learn" && suspects ? `hard; ${suspects}` : region.name);

export const hasRegions = (meta: Meta): boolean => meta.x.name === "variability" && meta.y.name === "confidence";

export function drawAxes(context: CanvasRenderingContext2D, area: Area, window: Window, meta: Meta, theme: Theme, regions: boolean): void {
  const xs = ticks(window.x0, window.x1, Math.max(2, Math.floor(area.width / 90)));
  const ys = ticks(window.y0, window.y1, Math.max(2, Math.floor(area.height / 60)));
  context.font = `11px ${theme.font}`;
  context.lineWidth = 1;
  context.strokeStyle = theme.line;
  context.fillStyle = theme.quiet;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const value of ys) {
    const y = Math.round(toY(window, area, value)) + 0.5;
    context.beginPath();
    context.moveTo(area.left, y);
    context.lineTo(area.left + area.width, y);
    context.stroke();
    context.fillText(tickText(value, ys), area.left - 8, y);
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const value of xs) context.fillText(tickText(value, xs), toX(window, area, value), area.top + area.height + 8);
  names(context, area, meta, theme);
  if (regions) REGIONS.forEach((region) => outline(context, area, window, region, theme));
}

const named = (axis: Meta["x"]): string => (axis.unit ? `${axis.text}, ${axis.unit}` : axis.text);

function names(context: CanvasRenderingContext2D, area: Area, meta: Meta, theme: Theme): void {
  context.fillStyle = theme.quiet;
  context.textAlign = "right";
  context.textBaseline = "bottom";
  context.fillText(named(meta.x), area.left + area.width, area.top + area.height + MARGIN.bottom - 2);
  context.save();
  context.translate(12, area.top);
  context.rotate(-Math.PI / 2);
  context.textBaseline = "middle";
  context.fillText(named(meta.y), 0, 0);
  context.restore();
}

function outline(context: CanvasRenderingContext2D, area: Area, window: Window, region: Region, theme: Theme): void {
  const [left, right] = region.x.map((value) => toX(window, area, value)) as [number, number];
  const [bottom, top] = region.y.map((value) => toY(window, area, value)) as [number, number];
  context.save();
  context.beginPath();
  context.rect(area.left, area.top, area.width, area.height);
  context.clip();
  context.setLineDash([1, 4]);
  context.lineCap = "round";
  context.strokeStyle = theme.quiet;
  context.globalAlpha = 0.55;
  context.beginPath();
  context.rect(left + 0.5, top + 0.5, right - left, bottom - top);
  context.stroke();
  context.restore();
}

/** A pixel's place in the data. */
export const valueAt = (window: Window, area: Area, px: number, py: number): { x: number; y: number } => ({
  x: fromX(window, area, px),
  y: fromY(window, area, py),
});
