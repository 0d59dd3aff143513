// Which points are near, inside, or next: plain scans over the codes, fast enough for a million (a few milliseconds). Pure.

import { NONE16 } from "./protocol";
import type { Transform } from "./scale";

/** Levels a point can be drawn at. */
export const HIDDEN = 0;
export const DIM = 1;
export const FADED = 2;
export const FULL = 3;

/** The drawn point nearest to a pixel, or -1 where none lies within `radius`; full ones win over faded ones. */
export function nearest(
  xs: Uint16Array,
  ys: Uint16Array,
  level: Uint8Array,
  t: Transform,
  px: number,
  py: number,
  radius: number,
): number {
  // whole numbers, so that the one comparison that nearly every point fails stays one of integers
  const cx0 = Math.ceil((px - radius - t.bx) / t.ax) | 0;
  const cx1 = Math.floor((px + radius - t.bx) / t.ax) | 0;
  let best = -1;
  let least = radius * radius;
  for (let i = 0; i < xs.length; i++) {
    const code = xs[i]!;
    if (code < cx0 || code > cx1 || level[i]! < FADED) continue;
    const dy = ys[i]! * t.ay + t.by - py;
    if (dy > radius || dy < -radius) continue;
    const dx = code * t.ax + t.bx - px;
    const distance = dx * dx + dy * dy;
    if (distance < least) {
      least = distance;
      best = i;
    }
  }
  return best;
}

/** The next point from `from` in a direction (unit vector in pixels): near, and not far off the line. */
export function step(
  xs: Uint16Array,
  ys: Uint16Array,
  level: Uint8Array,
  t: Transform,
  from: number,
  dx: number,
  dy: number,
): number {
  const x0 = xs[from]! * t.ax;
  const y0 = ys[from]! * t.ay;
  let best = -1;
  let least = Infinity;
  for (let i = 0; i < xs.length; i++) {
    if (level[i]! < FADED || i === from) continue;
    const ox = xs[i]! * t.ax - x0;
    const oy = ys[i]! * t.ay - y0;
    const along = ox * dx + oy * dy;
    if (along <= 0) continue;
    const across = Math.abs(ox * dy - oy * dx);
    if (across > along) continue;
    const cost = along + 2 * across;
    if (cost < least) {
      least = cost;
      best = i;
    }
  }
  return best;
}

/** A closed polygon in pixels, x and y in turn. */
export type Polygon = readonly number[];

/**
 * Rows at least FADED whose point lies inside the polygon (even-odd). Each pixel row's crossings are computed once, so
 * that the cost per point is a binary step and not the polygon's length.
 */
export function inside(xs: Uint16Array, ys: Uint16Array, level: Uint8Array, t: Transform, polygon: Polygon): Int32Array {
  const bounds = box(polygon);
  const cells = crossings(polygon, bounds);
  const found: number[] = [];
  for (let i = 0; i < xs.length; i++) {
    if (level[i]! < FADED || xs[i] === NONE16) continue;
    const px = xs[i]! * t.ax + t.bx;
    if (px < bounds.x0 || px > bounds.x1) continue;
    const py = ys[i]! * t.ay + t.by;
    if (py < bounds.y0 || py > bounds.y1) continue;
    const line = cells[Math.floor(py) - Math.floor(bounds.y0)]!;
    let crossed = 0;
    while (crossed < line.length && line[crossed]! <= px) crossed++;
    if (crossed % 2 === 1) found.push(i);
  }
  return Int32Array.from(found);
}

function box(polygon: Polygon): { x0: number; x1: number; y0: number; y1: number } {
  const made = { x0: Infinity, x1: -Infinity, y0: Infinity, y1: -Infinity };
  for (let i = 0; i + 1 < polygon.length; i += 2) {
    made.x0 = Math.min(made.x0, polygon[i]!);
    made.x1 = Math.max(made.x1, polygon[i]!);
    made.y0 = Math.min(made.y0, polygon[i + 1]!);
    made.y1 = Math.max(made.y1, polygon[i + 1]!);
  }
  return made;
}

/** For every pixel row, where its middle line crosses the polygon's edges, ascending. */
function crossings(polygon: Polygon, bounds: { y0: number; y1: number }): number[][] {
  const first = Math.floor(bounds.y0);
  const lines: number[][] = Array.from({ length: Math.floor(bounds.y1) - first + 1 }, () => []);
  const corners = polygon.length / 2;
  for (let k = 0; k < corners; k++) {
    const next = (k + 1) % corners;
    const [xa, ya, xb, yb] = [polygon[2 * k]!, polygon[2 * k + 1]!, polygon[2 * next]!, polygon[2 * next + 1]!];
    const [low, high] = ya < yb ? [ya, yb] : [yb, ya];
    for (let line = Math.max(0, Math.ceil(low - 0.5) - first); line < lines.length; line++) {
      const y = first + line + 0.5;
      if (y >= high) break;
      if (y >= low) lines[line]!.push(xa + ((y - ya) / (yb - ya)) * (xb - xa));
    }
  }
  for (const line of lines) line.sort((a, b) => a - b);
  return lines;
}

/** Rows, as a mask. */
export function maskOf(rows: Int32Array, n: number): Uint8Array {
  const mask = new Uint8Array(n);
  for (const row of rows) mask[row] = 1;
  return mask;
}

export type Combine = "replace" | "add" | "remove";

/** Combine two selections; the result is ascending. */
export function combine(old: Int32Array, more: Int32Array, how: Combine, n: number): Int32Array {
  if (how === "replace") return Int32Array.from(new Set(more)).sort();
  const mask = maskOf(old, n);
  for (const row of more) mask[row] = how === "add" ? 1 : 0;
  return rowsOf(mask);
}

export function rowsOf(mask: Uint8Array): Int32Array {
  let total = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i]) total++;
  const rows = new Int32Array(total);
  for (let i = 0, k = 0; i < mask.length; i++) if (mask[i]) rows[k++] = i;
  return rows;
}
