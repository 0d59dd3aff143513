import { describe, expect, it } from "vitest";
import { randoms } from "./golden";
import { covers, kernel, PHASES, SHAPES } from "../src/map/scatter/sprites";
import { DIM, FADED, FULL, HIDDEN } from "../src/map/data/pick";
import { Raster, type Scene } from "../src/map/scatter/raster";

function scene(n: number, more: Partial<Scene> = {}): Scene {
  const random = randoms(9);
  return {
    xs: Uint16Array.from({ length: n }, () => random() * 65534),
    ys: Uint16Array.from({ length: n }, () => random() * 65534),
    from: null,
    progress: 1,
    codes: Uint16Array.from({ length: n }, (_, i) => i % 2),
    lut: Uint32Array.from([0x0000ff, 0xff0000, 0x808080]),
    sizes: null,
    labels: null,
    level: new Uint8Array(n).fill(FULL),
    dim: 0x777777,
    transform: { ax: 100 / 65534, bx: 0, ay: -60 / 65534, by: 60 },
    ratio: 1,
    ...more,
  };
}
const drawn = (raster: Raster): number => raster.pixels.reduce((total, pixel) => total + (pixel ? 1 : 0), 0);
const colors = (raster: Raster): Map<number, number> => {
  const found = new Map<number, number>();
  for (const pixel of raster.pixels) if (pixel) found.set(pixel & 0xffffff, (found.get(pixel & 0xffffff) ?? 0) + 1);
  return found;
};

describe("kernels", () => {
  it("cover about the same area in every shape, at every position", () => {
    const areas = SHAPES.map((shape) => kernel(shape, 5).masks.map((mask) => mask.reduce((a, b) => a + b, 0) / 255));
    for (const one of areas) for (const area of one) expect(area).toBeGreaterThan(Math.PI * 25 * 0.6);
    for (const one of areas) for (const area of one) expect(area).toBeLessThan(Math.PI * 25 * 1.3);
    expect(areas[0]!).toHaveLength(PHASES * PHASES);
    expect(SHAPES.every((shape) => covers(shape, 0, 0) && !covers(shape, 1.4, 1.4))).toBe(true);
    expect(kernel("disc", 5)).toBe(kernel("disc", 5));
  });
});

describe("the raster", () => {
  it("draws few points as shapes and many as squares", () => {
    const raster = new Raster(100, 60);
    raster.draw(scene(50));
    expect(raster.fine).toBe(true);
    expect(raster.shown).toBe(50);
    expect(drawn(raster)).toBeGreaterThan(50 * 20);
    raster.draw(scene(100_000));
    expect(raster.fine).toBe(false);
    expect(drawn(raster)).toBeGreaterThan(5000);
  });

  it("draws a point where it is", () => {
    const raster = new Raster(100, 60);
    raster.draw(scene(1, { xs: Uint16Array.of(32767), ys: Uint16Array.of(0) }));
    expect((raster.pixels[59 * 100 + 50]! >>> 24) > 0).toBe(true);
    expect(raster.pixels[10 * 100 + 50]).toBe(0);
    raster.draw(scene(1, { xs: Uint16Array.of(65535), ys: Uint16Array.of(0), level: Uint8Array.of(HIDDEN) }));
    expect(drawn(raster)).toBe(0);
  });

  it("shows a fair sample of the labels, whatever their order in the data", () => {
    const n = 200_000;
    const sorted = Uint16Array.from({ length: n }, (_, i) => (i < n / 2 ? 0 : 1));
    const raster = new Raster(100, 60);
    raster.draw(scene(n, { codes: sorted }));
    const found = colors(raster);
    const share = found.get(0x0000ff)! / (found.get(0x0000ff)! + found.get(0xff0000)!);
    expect(share).toBeGreaterThan(0.45);
    expect(share).toBeLessThan(0.55);
  });

  it("keeps strong points above faded and dim ones", () => {
    const n = 120_000;
    const level = Uint8Array.from({ length: n }, (_, i) => [FULL, FADED, DIM][i % 3]!);
    const raster = new Raster(100, 60);
    raster.draw(scene(n, { level, codes: Uint16Array.from({ length: n }, (_, i) => i % 3) }));
    const found = colors(raster);
    expect(found.get(0x0000ff)! / drawn(raster)).toBeGreaterThan(0.9);
  });

  it("draws denser places stronger", () => {
    const n = 100_000;
    const xs = Uint16Array.from({ length: n }, (_, i) => (i < 200 ? 60_000 + i * 20 : (i * 7919) % 30_000));
    const raster = new Raster(100, 60);
    raster.draw(scene(n, { xs }));
    const alpha = (x0: number, x1: number): number => {
      let [total, count] = [0, 0];
      raster.pixels.forEach((pixel, o) => {
        if (pixel && o % 100 >= x0 && o % 100 < x1) [total, count] = [total + (pixel >>> 24), count + 1];
      });
      return total / count;
    };
    expect(alpha(0, 45)).toBeGreaterThan(alpha(90, 98) + 30);
  });

  it("is the same bytes every time, and half way in between while gliding", () => {
    const [a, b] = [new Raster(100, 60), new Raster(100, 60)];
    a.draw(scene(100_000));
    b.draw(scene(100_000));
    expect([...b.pixels]).toEqual([...a.pixels]);
    const moving = scene(1, { xs: Uint16Array.of(65534), ys: Uint16Array.of(32767), from: { x: Uint16Array.of(0), y: Uint16Array.of(32767) }, progress: 0.5 });
    a.draw(moving);
    expect(a.pixels[30 * 100 + 50]! >>> 24).toBeGreaterThan(0);
    a.draw({ ...moving, progress: 1 });
    expect(a.pixels[30 * 100 + 50]).toBe(0);
  });

  it("draws a sample while something moves", () => {
    const [all, some] = [new Raster(100, 60), new Raster(100, 60)];
    all.draw(scene(100_000));
    some.draw(scene(100_000), 10);
    expect(some.shown).toBeGreaterThan(90_000);
    expect(some.shown).toBeLessThan(110_000);
    expect(drawn(some)).toBeGreaterThan(0.5 * drawn(all));
  });
});
