// Where a value is on the screen, and which numbers stand at an axis. Pure.

import { type AxisSpec, LEVELS } from "./protocol";

/** The part of the data that is shown, in data units. */
export interface Window {
  x0: number;
  x1: number;
  y0: number;
  y1: number;
}

/** The plot's area in CSS pixels. */
export interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** code * ax + bx is the horizontal pixel, code * ay + by the vertical one. */
export interface Transform {
  ax: number;
  bx: number;
  ay: number;
  by: number;
}

export const home = (x: AxisSpec, y: AxisSpec): Window => ({ x0: x.lo, x1: x.hi, y0: y.lo, y1: y.hi });

/** From quantised codes to pixels of an area, times the device pixel ratio. */
export function transform(window: Window, area: Area, x: AxisSpec, y: AxisSpec, ratio: number): Transform {
  const sx = (area.width * ratio) / (window.x1 - window.x0);
  const sy = (area.height * ratio) / (window.y1 - window.y0);
  return {
    ax: ((x.hi - x.lo) / LEVELS) * sx,
    bx: (x.lo - window.x0) * sx + area.left * ratio,
    ay: (-(y.hi - y.lo) / LEVELS) * sy,
    by: (window.y1 - y.lo) * sy + area.top * ratio,
  };
}

export const toX = (window: Window, area: Area, value: number): number =>
  area.left + ((value - window.x0) / (window.x1 - window.x0)) * area.width;
export const toY = (window: Window, area: Area, value: number): number =>
  area.top + ((window.y1 - value) / (window.y1 - window.y0)) * area.height;
export const fromX = (window: Window, area: Area, pixel: number): number =>
  window.x0 + ((pixel - area.left) / area.width) * (window.x1 - window.x0);
export const fromY = (window: Window, area: Area, pixel: number): number =>
  window.y1 - ((pixel - area.top) / area.height) * (window.y1 - window.y0);

const span = (low: number, high: number, least: number, most: number): number => Math.min(most, Math.max(least, high - low));

/** Keep an interval within [low, high], no narrower than 1/20000 of it. */
function fit(start: number, end: number, low: number, high: number): [number, number] {
  const size = span(start, end, (high - low) / 20000, high - low);
  const middle = (start + end) / 2;
  const first = Math.min(Math.max(middle - size / 2, low), high - size);
  return [first, first + size];
}

export function clamp(window: Window, limits: Window): Window {
  const [x0, x1] = fit(window.x0, window.x1, limits.x0, limits.x1);
  const [y0, y1] = fit(window.y0, window.y1, limits.y0, limits.y1);
  return { x0, x1, y0, y1 };
}

/** Zoom by a factor (> 1 is closer) around a point in data units. */
export function zoom(window: Window, factor: number, x: number, y: number, limits: Window): Window {
  const f = 1 / factor;
  const made = {
    x0: x + (window.x0 - x) * f,
    x1: x + (window.x1 - x) * f,
    y0: y + (window.y0 - y) * f,
    y1: y + (window.y1 - y) * f,
  };
  return clamp(made, limits);
}

/** Move by a fraction of what is shown. */
export function pan(window: Window, right: number, up: number, limits: Window): Window {
  const dx = right * (window.x1 - window.x0);
  const dy = up * (window.y1 - window.y0);
  return clamp({ x0: window.x0 + dx, x1: window.x1 + dx, y0: window.y0 + dy, y1: window.y1 + dy }, limits);
}

/** Round numbers for an axis, at most `count` + 1 of them. */
export function ticks(low: number, high: number, count: number): number[] {
  const raw = (high - low) / Math.max(1, count);
  if (!(raw > 0) || !Number.isFinite(raw)) return [];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999) ?? 10 * power;
  const made: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) made.push(+(k * step).toPrecision(12));
  return made;
}

/** A number with what is known of it: about three figures, no trailing noise. */
export function format(value: number, unit = ""): string {
  if (!Number.isFinite(value)) return "no value";
  const size = Math.abs(value);
  let text: string;
  if (size !== 0 && (size < 0.001 || size >= 1e6)) text = value.toExponential(2).replace("e+", "e");
  else if (Number.isInteger(value)) text = count(value);
  else text = value.toFixed(size < 0.1 ? 4 : size < 1 ? 3 : size < 100 ? 2 : 1);
  return (unit ? `${text} ${unit}` : text).replace("-", "\u2212");
}

/** A tick's number: as many decimals as its neighbours need. */
export function tickText(value: number, all: readonly number[]): string {
  const step = all.length > 1 ? Math.abs(all[1]! - all[0]!) : Math.abs(value) || 1;
  const digits = Math.max(0, Math.min(8, -Math.floor(Math.log10(step) + 1e-9)));
  const needed = all.some((tick) => Math.abs(tick * 10 ** digits - Math.round(tick * 10 ** digits)) > 1e-6) ? digits + 1 : digits;
  const size = Math.max(...all.map(Math.abs));
  if (size >= 1e6 || (size > 0 && size < 1e-4)) return value.toExponential(1).replace("-", "\u2212");
  return value.toFixed(value === 0 ? 0 : needed).replace(/^-/, "\u2212");
}

/** 1234567 as 1,234,567: the same in every locale, as Python writes it. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}
