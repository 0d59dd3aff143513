// Draws the points into pixels, on the processor and not through WebGL. Measured with a million points in software rendering
// (benchmarks/map/renderers.py) this is tens of times faster than any WebGL scatter plot; with a graphics card it is fast
// enough; it needs no WebGL context, of which a page of notebooks soon has too many; and the same data give the same bytes
// everywhere, which is what the tests compare. Pure: typed arrays in, typed arrays out.

import { type Kernel, kernel, PHASES, shapeOf } from "./sprites";
import { DIM, FADED, FULL, HIDDEN } from "../data/pick";
import { NONE16 } from "../data/protocol";
import type { Transform } from "../data/scale";

export interface Scene {
  xs: Uint16Array;
  ys: Uint16Array;
  /** Positions to come from, and how far the way is gone (1: arrived). */
  from: { x: Uint16Array; y: Uint16Array } | null;
  progress: number;
  /** Index into `lut` per point. */
  codes: Uint16Array;
  /** Colours as 0x00BBGGRR; the last one is for codes beyond. */
  lut: Uint32Array;
  /** Size codes, 0 to 254, or null. */
  sizes: Uint8Array | null;
  /** Label codes where shapes tell labels apart, or null. */
  labels: Uint16Array | null;
  level: Uint8Array;
  dim: number;
  transform: Transform;
  ratio: number;
}

/** Opacity per level of one point and of very many in the same pixel. */
const OPACITY: Record<number, [number, number]> = { [DIM]: [0.16, 0.3], [FADED]: [0.2, 0.5], [FULL]: [0.7, 1] };
const FINE_POINTS = 40_000;
const FINE_WORK = 4_000_000;

/** Where point i is now, in device pixels; NaN where it has no place. */
function place(to: Uint16Array, from: Uint16Array | undefined, i: number, progress: number): number {
  const code = to[i]!;
  if (code === NONE16) return NaN;
  if (from === undefined) return code;
  const old = from[i]!;
  return old === NONE16 ? code : old + (code - old) * progress;
}

export class Raster {
  readonly pixels: Uint32Array;
  private readonly count: Uint8Array;
  /** Of the last drawing: points in view, and whether they were drawn as shapes. */
  shown = 0;
  fine = false;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.pixels = new Uint32Array(width * height);
    this.count = new Uint8Array(width * height);
  }

  /** Draw every `stride`-th point (1: all). */
  draw(scene: Scene, stride = 1): void {
    this.pixels.fill(0);
    const census = this.census(scene, stride);
    this.shown = census[DIM]! + census[FADED]! + census[FULL]!;
    const radius = pointRadius(this.shown) * scene.ratio;
    const side = 2 * Math.ceil(radius * 1.25 + 0.5) + 1;
    this.fine = this.shown <= FINE_POINTS && this.shown * side * side <= FINE_WORK;
    if (this.fine) this.drawFine(scene, radius, census, stride);
    else this.drawCoarse(scene, census, stride);
  }

  /** How many points of each level are in view. */
  private census(scene: Scene, stride: number): number[] {
    const { xs, ys, level, transform: t } = scene;
    const found = [0, 0, 0, 0];
    const [x0, x1] = [(-8 - t.bx) / t.ax, (this.width + 8 - t.bx) / t.ax];
    const [y0, y1] = [(this.height + 8 - t.by) / t.ay, (-8 - t.by) / t.ay];
    for (let i = 0; i < xs.length; i += stride) {
      const [x, y] = [xs[i]!, ys[i]!];
      if (x < x0 || x > x1 || y < y0 || y > y1) continue;
      found[level[i]!]!++;
    }
    found[HIDDEN] = 0;
    return found.map((k) => k * stride);
  }

  // ---- many points: squares, of which each pixel shows a fair sample --------------------------------------------

  private drawCoarse(scene: Scene, census: number[], stride: number): void {
    const side = Math.max(1, Math.round((this.shown > 400_000 ? 1.2 : 1.8) * scene.ratio));
    for (const level of [FULL, FADED, DIM]) {
      if (census[level] === 0) continue;
      if (scene.from && scene.progress < 1) this.scatterMoving(scene, level, side, stride);
      else this.scatter(scene, level, side, stride);
      this.compose(level, stride);
    }
  }

  private scatter(scene: Scene, wanted: number, side: number, stride: number): void {
    const { xs, ys, codes, lut, level, transform: t } = scene;
    const { ax, bx, ay, by } = t;
    const last = lut.length - 1;
    const [right, bottom] = [this.width - side, this.height - side];
    const half = (side - 1) / 2;
    for (let i = 0; i < xs.length; i += stride) {
      if (level[i] !== wanted) continue;
      const px = (xs[i]! * ax + bx - half) | 0;
      const py = (ys[i]! * ay + by - half) | 0;
      if (px < 0 || py < 0 || px > right || py > bottom) continue;
      const code = codes[i]!;
      this.square(px, py, side, wanted === DIM ? scene.dim : lut[code < last ? code : last]!, i);
    }
  }

  private scatterMoving(scene: Scene, wanted: number, side: number, stride: number): void {
    const { xs, ys, codes, lut, level, from, progress, transform: t } = scene;
    const last = lut.length - 1;
    const [right, bottom] = [this.width - side, this.height - side];
    const half = (side - 1) / 2;
    for (let i = 0; i < xs.length; i += stride) {
      if (level[i] !== wanted) continue;
      const px = (place(xs, from?.x, i, progress) * t.ax + t.bx - half) | 0;
      const py = (place(ys, from?.y, i, progress) * t.ay + t.by - half) | 0;
      if (px < 0 || py < 0 || px > right || py > bottom) continue;
      const code = codes[i]!;
      this.square(px, py, side, wanted === DIM ? scene.dim : lut[code < last ? code : last]!, i);
    }
  }

  /**
   * Every pixel keeps the colour of a random one of its points (reservoir sampling): drawn in plain order, the labels
   * that come last in the data set would hide the others.
   */
  private square(px: number, py: number, side: number, color: number, row: number): void {
    const { pixels, count, width } = this;
    const hash = Math.imul(row + 1, 0x9e3779b1) >>> 0;
    for (let y = 0; y < side; y++) {
      let o = (py + y) * width + px;
      for (let x = 0; x < side; x++, o++) {
        const before = pixels[o]!;
        if (before >= 0x1000000) continue; // a higher level is here
        const seen = count[o]!;
        if (seen === 0) {
          pixels[o] = color;
          count[o] = 1;
        } else if (seen < 255) {
          count[o] = seen + 1;
          if (hash < KEEP[seen + 1]!) pixels[o] = color;
        } else if (hash < KEEP[255]!) pixels[o] = color;
      }
    }
  }

  /** Turn counts into opacity: few points pale, many strong. */
  private compose(level: number, stride: number): void {
    const [one, many] = OPACITY[level]!;
    const alpha = new Uint32Array(256);
    for (let k = 1; k < 256; k++) {
      const share = Math.min(1, Math.log2(k * stride) / 5);
      alpha[k] = (Math.round(255 * (one + (many - one) * share)) << 24) >>> 0;
    }
    const { pixels, count } = this;
    for (let o = 0; o < count.length; o++) {
      const k = count[o]!;
      if (k === 0) continue;
      pixels[o] = (pixels[o]! | alpha[k]!) >>> 0;
      count[o] = 0;
    }
  }

  // ---- few points: antialiased shapes, the strongest level on top ------------------------------------------------

  private drawFine(scene: Scene, radius: number, census: number[], stride: number): void {
    const shapes = scene.labels !== null && radius >= 3.4 * scene.ratio;
    const plain = shapes || scene.sizes ? null : kernel("disc", radius);
    for (const level of [DIM, FADED, FULL]) {
      if (census[level] === 0) continue;
      const opacity = level === FULL ? (this.shown > 3000 ? 0.7 : 0.82) : level === FADED ? 0.26 : 0.22;
      for (let i = 0; i < scene.xs.length; i += stride) {
        if (scene.level[i] === level) this.stamp(scene, i, plain ?? this.kernelOf(scene, i, radius, shapes), opacity);
      }
    }
  }

  private kernelOf(scene: Scene, i: number, radius: number, shapes: boolean): Kernel {
    const size = scene.sizes ? radius * (0.55 + Math.round((scene.sizes[i]! / 254) * 8) / 6) : radius;
    return kernel(shapes ? shapeOf(scene.labels![i] === NONE16 ? 0 : scene.labels![i]!) : "disc", size);
  }

  private stamp(scene: Scene, i: number, { spots, reach, side }: Kernel, opacity: number): void {
    const { transform: t, from, progress } = scene;
    const px = place(scene.xs, from?.x, i, progress) * t.ax + t.bx;
    const py = place(scene.ys, from?.y, i, progress) * t.ay + t.by;
    if (!(px > -8 && py > -8 && px < this.width + 8 && py < this.height + 8)) return;
    const column = Math.floor(px);
    const line = Math.floor(py);
    const phase = Math.floor((py - line) * PHASES) * PHASES + Math.floor((px - column) * PHASES);
    const code = scene.codes[i]!;
    const last = scene.lut.length - 1;
    const color = scene.level[i] === DIM ? scene.dim : scene.lut[code < last ? code : last]!;
    const left = column - reach;
    const top = line - reach;
    const whole = left >= 0 && top >= 0 && left + side <= this.width && top + side <= this.height;
    this.blend(spots[phase]!, left, top, whole, color & 0xffffff, opacity);
  }

  private blend(spots: Int32Array, left: number, top: number, whole: boolean, color: number, opacity: number): void {
    const { pixels, width, height } = this;
    const r = color & 255;
    const g = (color >> 8) & 255;
    const b = color >> 16;
    const strength = opacity / 255;
    for (let k = 0; k < spots.length; k++) {
      const spot = spots[k]!;
      const y = top + (spot >> 16);
      const x = left + ((spot >> 8) & 255);
      if (!whole && (x < 0 || y < 0 || x >= width || y >= height)) continue;
      const o = y * width + x;
      const alpha = (spot & 255) * strength;
      const below = pixels[o]!;
      if (below === 0) {
        pixels[o] = ((((alpha * 255 + 0.5) | 0) << 24) | color) >>> 0;
        continue;
      }
      const rest = ((below >>> 24) / 255) * (1 - alpha);
      const total = alpha + rest;
      const wa = alpha / total;
      const wb = 1 - wa;
      const R = (r * wa + (below & 255) * wb + 0.5) | 0;
      const G = (g * wa + ((below >> 8) & 255) * wb + 0.5) | 0;
      const B = (b * wa + ((below >> 16) & 255) * wb + 0.5) | 0;
      pixels[o] = ((((total * 255 + 0.5) | 0) << 24) | (B << 16) | (G << 8) | R) >>> 0;
    }
  }
}

/** With k points in a pixel the k-th stays with probability 1 / k. */
const KEEP = new Float64Array(256).map((_, k) => (k === 0 ? 0 : 2 ** 32 / k));

/** Radius of a point in CSS pixels: the fewer, the larger. */
export function pointRadius(shown: number): number {
  if (shown <= 200) return 5;
  if (shown <= 1500) return 3.6;
  if (shown <= 6000) return 2.4;
  return shown <= 15_000 ? 2 : 1.6;
}
