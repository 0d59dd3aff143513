// Where the word of a region stands: inside the region or beside it, on the fewest points.

import { type Area, type Transform, toX, toY, type Window } from "../data/scale";
import { NONE16 } from "../data/protocol";
import type { Region } from "./axes";

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

interface Points {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
}

const GAP = 6;
/** So many points tell where there are few; all of a million would take too long. */
const SAMPLE = 20_000;
const STEPS = [0, 0.25, 0.5, 0.75, 1];

const meets = (a: Box, b: Box): boolean =>
  a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height && b.top < a.top + a.height;

/** The region in pixels, as far as it is in view. */
function inView(region: Region, area: Area, window: Window): Box {
  const clip = (value: number, low: number, size: number): number => Math.min(low + size, Math.max(low, value));
  const [left, right] = region.x.map((value) => clip(toX(window, area, value), area.left, area.width)) as [number, number];
  const [bottom, top] = region.y.map((value) => clip(toY(window, area, value), area.top, area.height)) as [number, number];
  return { left, top, width: right - left, height: bottom - top };
}

/**
 * The place of a word of this size, or null where the region is too small for it or every place meets a word that stands
 * already. Of equally empty places the one that the region asks for.
 */
export function emptiest(region: Region, size: { width: number; height: number }, area: Area, window: Window, points: Points, pixels: Transform, taken: Box[]): Box | null {
  const view = inView(region, area, window);
  const [w, hh] = [view.width - size.width - 2 * GAP, view.height - size.height - 2 * GAP];
  if (w < 0 || hh < 0) return null;
  const beside = [view.left + view.width + GAP, view.left - size.width - GAP];
  const lefts = [...STEPS.map((right) => view.left + GAP + right * w), ...beside].filter((left) => left >= area.left && left + size.width <= area.left + area.width);
  const places = lefts.flatMap((left) => STEPS.map((down): Box => ({ left, top: view.top + GAP + down * hh, ...size })));
  const free = places.filter((place) => !taken.some((other) => meets(place, other)));
  if (free.length === 0) return null;
  const [wx, wy] = [view.left + GAP + region.at[0] * w, view.top + GAP + (1 - region.at[1]) * hh];
  const covered = new Float64Array(free.length);
  const stride = Math.max(1, Math.floor(points.x.length / SAMPLE));
  for (let i = 0; i < points.x.length; i += stride) {
    if (points.x[i] === NONE16 || points.y[i] === NONE16) continue;
    const [px, py] = [points.x[i]! * pixels.ax + pixels.bx, points.y[i]! * pixels.ay + pixels.by];
    if (py < view.top || py > view.top + view.height) continue;
    for (let k = 0; k < free.length; k++) {
      const place = free[k]!;
      if (px > place.left - 3 && px < place.left + size.width + 3 && py > place.top - 3 && py < place.top + size.height + 3) covered[k]!++;
    }
  }
  const far = (place: Box): number => Math.hypot(place.left - wx, place.top - wy) / 1e4;
  let best = 0;
  for (let k = 1; k < free.length; k++) if (covered[k]! + far(free[k]!) < covered[best]! + far(free[best]!)) best = k;
  return free[best]!;
}
