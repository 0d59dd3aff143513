// Numbers and marks around the history: epochs below, rows at the left, the selected as a bar at the right.

import type { App } from "../app";
import { short } from "../../shared/dom";
import type { Drawn } from "./heatmap";
import { type Area, count, ticks } from "../data/scale";

export const HEAT_MARGIN = { left: 86, right: 20, top: 10, bottom: 38 };

interface Shown {
  area: Area;
  row0: number;
  row1: number;
  total: number;
}

export function drawHeatAxes(context: CanvasRenderingContext2D, shown: Shown, app: App, drawn: Drawn, columns: number): void {
  const { area } = shown;
  context.font = `11px ${app.theme.font}`;
  context.fillStyle = app.theme.quiet;
  context.textBaseline = "top";
  context.textAlign = "center";
  const width = area.width / columns;
  for (const epoch of ticks(1, columns, Math.max(2, Math.min(columns, Math.floor(area.width / 60))))) {
    if (Number.isInteger(epoch)) context.fillText(String(epoch), area.left + (epoch - 0.5) * width, area.top + area.height + 8);
  }
  context.textAlign = "right";
  context.textBaseline = "bottom";
  context.fillText("epoch", area.left + area.width, area.top + area.height + HEAT_MARGIN.bottom - 2);
  const { meta } = app;
  const score = meta?.scores.find((one) => one.name === meta.sort)?.text ?? "";
  context.save();
  context.translate(12, area.top);
  context.rotate(-Math.PI / 2);
  context.textBaseline = "middle";
  context.fillText(`instances, ${meta?.descending ? "highest" : "lowest"} ${score} at the top`, 0, 0);
  context.restore();
  rowNumbers(context, shown, drawn);
  selected(context, shown, app, drawn);
}

function rowNumbers(context: CanvasRenderingContext2D, shown: Shown, drawn: Drawn): void {
  const { area, row0, row1 } = shown;
  const perRow = area.height / Math.max(1, row1 - row0);
  context.textAlign = "right";
  context.textBaseline = "middle";
  const { names } = drawn.tile;
  if (names.length > 0 && perRow >= 13 && drawn.tile.row0 <= row0 && drawn.tile.row1 >= row1) {
    for (let row = row0; row < row1; row++) {
      const text = names[row - drawn.tile.row0] ?? "";
      context.fillText(`#${short(text, 10)}`, area.left - 8, area.top + (row - row0 + 0.5) * perRow);
    }
    return;
  }
  for (const row of ticks(row0 + 1, row1, Math.max(2, Math.floor(area.height / 50)))) {
    if (Number.isInteger(row)) context.fillText(count(row), area.left - 8, area.top + (row - 0.5 - row0) * perRow);
  }
}

/** Beside the rows: how much of each band is selected. */
function selected(context: CanvasRenderingContext2D, shown: Shown, app: App, drawn: Drawn): void {
  const { area, row0, row1 } = shown;
  const { tile, chosen } = drawn;
  const perRow = area.height / Math.max(1, row1 - row0);
  const band = ((tile.row1 - tile.row0) / Math.max(1, tile.bins)) * perRow;
  const top = area.top + (tile.row0 - row0) * perRow;
  context.save();
  context.beginPath();
  context.rect(area.left + area.width, area.top, HEAT_MARGIN.right, area.height);
  context.clip();
  context.fillStyle = app.theme.accent;
  for (let k = 0; k < tile.bins; k++) {
    if (chosen[k]) context.fillRect(area.left + area.width + 4, top + k * band, 3 + (9 * chosen[k]!) / 255, Math.max(2, band));
  }
  context.restore();
}
