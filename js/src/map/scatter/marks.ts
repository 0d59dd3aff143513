// What is drawn on top of the points: the lasso and rings around the selected. The ring around the one pointed at is an
// element of its own: moving it repaints a few pixels, where a canvas would be repainted whole.

import type { App } from "../app";
import { type Area, toX, toY, type Transform, type Window } from "../data/scale";
import { show } from "../../shared/dom";
import { NONE16 } from "../data/protocol";

interface Drawn {
  area: Area;
  window: Window;
  pixels: Transform;
  lasso: readonly number[];
  lastLasso: readonly { x: number; y: number }[];
}

/** More rings than this say nothing: the others are faded instead. */
const MOST_RINGS = 80;

/** Whether there is anything to draw. */
export const hasMarks = (plot: Pick<Drawn, "lasso" | "lastLasso">, app: App): boolean =>
  plot.lasso.length > 0 || plot.lastLasso.length > 0 || (app.selected.length > 0 && app.selected.length <= MOST_RINGS);

/** Put a ring around a row's point; away where there is none in view. */
export function placeRing(element: HTMLElement, app: App, plot: Pick<Drawn, "area" | "pixels">, row: number): void {
  const { x, y } = app.state.columns;
  const { area, pixels: t } = plot;
  const known = row >= 0 && row < app.state.n && x[row] !== NONE16 && y[row] !== NONE16;
  const [px, py] = known ? [x[row]! * t.ax + t.bx, y[row]! * t.ay + t.by] : [NaN, NaN];
  const inside = px >= area.left - 6 && px <= area.left + area.width + 6 && py >= area.top - 6 && py <= area.top + area.height + 6;
  show(element, inside);
  if (inside) element.style.transform = `translate(${px}px, ${py}px)`;
}

export function drawMarks(context: CanvasRenderingContext2D, plot: Drawn, app: App): void {
  const { area, window, pixels } = plot;
  context.save();
  context.beginPath();
  context.rect(area.left - 6, area.top - 6, area.width + 12, area.height + 12);
  context.clip();
  const kept = plot.lastLasso.flatMap(({ x, y }) => [toX(window, area, x), toY(window, area, y)]);
  polygon(context, kept, app.theme.hard, true);
  polygon(context, plot.lasso, app.theme.hard, false);
  if (app.selected.length <= MOST_RINGS) {
    const few = app.selected.length <= 12;
    for (const row of app.selected) ring(context, app, pixels, row, few ? 6.5 : 4, few ? 2 : 1, app.theme.ink);
  }
  context.restore();
}

function polygon(context: CanvasRenderingContext2D, points: readonly number[], color: string, closed: boolean): void {
  if (points.length < 4) return;
  context.beginPath();
  context.moveTo(points[0]!, points[1]!);
  for (let i = 2; i + 1 < points.length; i += 2) context.lineTo(points[i]!, points[i + 1]!);
  if (closed) context.closePath();
  context.globalAlpha = 0.09;
  context.fillStyle = color;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.setLineDash([5, 3]);
  context.stroke();
  context.setLineDash([]);
}

function ring(context: CanvasRenderingContext2D, app: App, t: Transform, row: number, radius: number, width: number, color: string): void {
  const { x, y } = app.state.columns;
  if (x[row] === undefined || x[row] === NONE16 || y[row] === NONE16) return;
  context.beginPath();
  context.arc(x[row]! * t.ax + t.bx, y[row]! * t.ay + t.by, radius, 0, 2 * Math.PI);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke();
}
