import { describe, expect, it } from "vitest";
import { randoms } from "./golden";
import { combine, DIM, FULL, HIDDEN, inside, maskOf, nearest, rowsOf, step } from "../src/map/data/pick";

const t = { ax: 1, bx: 0, ay: 1, by: 0 };
const xs = Uint16Array.from([10, 20, 30, 40, 20]);
const ys = Uint16Array.from([10, 10, 10, 10, 30]);
const level = new Uint8Array(5).fill(FULL);

/** Whether a point is inside a polygon, the slow and plain way. */
function within(polygon: number[], x: number, y: number): boolean {
  let odd = false;
  for (let i = 0, j = polygon.length - 2; i < polygon.length; j = i, i += 2) {
    const [xi, yi, xj, yj] = [polygon[i]!, polygon[i + 1]!, polygon[j]!, polygon[j + 1]!];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

describe("picking", () => {
  it("finds the nearest drawn point within reach", () => {
    expect(nearest(xs, ys, level, t, 21, 11, 5)).toBe(1);
    expect(nearest(xs, ys, level, t, 25, 20, 3)).toBe(-1);
    const dim = level.slice();
    dim[1] = DIM;
    expect(nearest(xs, ys, dim, t, 21, 11, 5)).toBe(-1);
  });

  it("steps to the next point in a direction", () => {
    expect(step(xs, ys, level, t, 0, 1, 0)).toBe(1);
    expect(step(xs, ys, level, t, 1, 0, 1)).toBe(4);
    expect(step(xs, ys, level, t, 3, 1, 0)).toBe(-1);
  });

  it("agrees with a plain test of every point, for lassos that cross themselves", () => {
    const random = randoms(5);
    const n = 3000;
    const px = Uint16Array.from({ length: n }, () => Math.floor(random() * 400));
    const py = Uint16Array.from({ length: n }, () => Math.floor(random() * 300));
    const all = new Uint8Array(n).fill(FULL);
    // rows of pixels are tested at their middle, so the corners and points are put there as well
    const middle = { ...t, by: 0.5 };
    for (let round = 0; round < 8; round++) {
      const polygon = Array.from({ length: 2 * (3 + round) }, (_, i) => (i % 2 ? Math.floor(random() * 300) + 0.25 : random() * 400 + 0.01));
      const expected = [...px.keys()].filter((i) => within(polygon, px[i]!, py[i]! + 0.5));
      expect([...inside(px, py, all, middle, polygon)]).toEqual(expected);
    }
  });

  it("leaves out what is not shown or has no place", () => {
    const all = [0, 0, 100, 0, 100, 100, 0, 100];
    const some = level.slice();
    some[2] = HIDDEN;
    const moved = xs.slice();
    moved[3] = 65535;
    expect([...inside(moved, ys, some, t, all)]).toEqual([0, 1, 4]);
    expect([...inside(xs, ys, level, t, [500, 500, 600, 500, 600, 600])]).toEqual([]);
  });

  it("combines selections", () => {
    const old = Int32Array.from([1, 2]);
    expect([...combine(old, Int32Array.from([4, 0, 4]), "replace", 5)]).toEqual([0, 4]);
    expect([...combine(old, Int32Array.from([2, 4]), "add", 5)]).toEqual([1, 2, 4]);
    expect([...combine(old, Int32Array.from([2, 4]), "remove", 5)]).toEqual([1]);
    expect([...rowsOf(maskOf(old, 5))]).toEqual([1, 2]);
  });
});
