import { describe, expect, it } from "vitest";
import { clamp, count, format, fromX, fromY, home, pan, tickText, ticks, toX, toY, transform, zoom } from "../src/map/data/scale";

const axis = (lo: number, hi: number) => ({ name: "a", text: "a", unit: "", lo, hi });
const area = { left: 50, top: 10, width: 400, height: 200 };

describe("scales", () => {
  it("map codes, values and pixels onto each other", () => {
    const [x, y] = [axis(0, 0.5), axis(-1, 1)];
    const window = { x0: 0.1, x1: 0.3, y0: -0.5, y1: 0.5 };
    const t = transform(window, area, x, y, 1);
    const code = 65534 * 0.4; // 0.2
    expect(code * t.ax + t.bx).toBeCloseTo(toX(window, area, 0.2), 9);
    expect(65534 * 0.5 * t.ay + t.by).toBeCloseTo(toY(window, area, 0), 9);
    expect(fromX(window, area, toX(window, area, 0.17))).toBeCloseTo(0.17, 12);
    expect(fromY(window, area, toY(window, area, 0.4))).toBeCloseTo(0.4, 12);
  });

  it("zoom around a point and stay inside", () => {
    const limits = home(axis(0, 1), axis(0, 10));
    const near = zoom(limits, 4, 0.25, 5, limits);
    expect(near.x1 - near.x0).toBeCloseTo(0.25);
    expect((0.25 - near.x0) / (near.x1 - near.x0)).toBeCloseTo(0.25);
    expect(zoom(near, 1 / 100, 0.25, 5, limits)).toEqual(limits);
    const far = pan(near, -10, 10, limits);
    expect(far.x0).toBe(0);
    expect(far.y1).toBe(10);
    const tiny = zoom(limits, 1e9, 1, 10, limits);
    expect(tiny.x1 - tiny.x0).toBeCloseTo(1 / 20000);
    expect(clamp({ x0: -5, x1: 50, y0: 2, y1: 3 }, limits)).toEqual({ x0: 0, x1: 1, y0: 2, y1: 3 });
  });

  it("choose round ticks", () => {
    expect(ticks(0, 0.5, 5)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5]);
    expect(ticks(0.239, 0.262, 5)).toEqual([0.24, 0.245, 0.25, 0.255, 0.26]);
    expect(ticks(1, 1, 4)).toEqual([]);
    expect(ticks(NaN, 1, 4)).toEqual([]);
    expect(ticks(0, 1, 4).map((v, _, all) => tickText(v, all))).toEqual(["0", "0.25", "0.50", "0.75", "1.00"]);
    expect(ticks(-2, 2, 4).map((v, _, all) => tickText(v, all))).toEqual(["\u22122", "\u22121", "0", "1", "2"]);
  });

  it("write numbers with what is known of them", () => {
    expect(format(0.12345)).toBe("0.123");
    expect(format(0.01234)).toBe("0.0123");
    expect(format(-3.14159, "nats")).toBe("\u22123.14 nats");
    expect(format(5)).toBe("5");
    expect(format(1.5e9)).toBe("1.50e9");
    expect(format(NaN)).toBe("no value");
    expect(count(1234567)).toBe("1,234,567");
    expect(count(999)).toBe("999");
  });
});
