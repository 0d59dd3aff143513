import { describe, expect, it } from "vitest";
import { REGIONS } from "../src/map/scatter/axes";
import { emptiest } from "../src/map/scatter/words";
import { colorTable, scaleTable } from "../src/map/scatter/colors";
import { short } from "../src/shared/dom";
import { readRows, readZoom } from "../src/map/data/memory";
import { counts, filtering, NO_FILTERS, setLevels } from "../src/map/data/levels";
import { sortRows } from "../src/map/data/order";
import { DIM, FADED, FULL, HIDDEN } from "../src/map/data/pick";
import type { Meta } from "../src/map/data/protocol";
import { decode } from "../src/map/controls/axis_menus";
import { type Columns, requantise } from "../src/map/data/state";
import { luminance, packed, packedComputed, type Theme } from "../src/shared/theme";

const columns: Columns = {
  x: Uint16Array.of(1, 2, 3, 65535),
  y: Uint16Array.of(9, 8, 7, 6),
  label: Uint16Array.of(0, 1, 1, 0),
  color: new Uint16Array(4),
  size: new Uint8Array(4),
  flags: Uint8Array.of(1, 3, 4, 1),
  forgets: Uint8Array.of(0, 2, 5, 9),
};

describe("filters", () => {
  it("decide what is shown how", () => {
    const level = new Uint8Array(4);
    expect(setLevels(level, columns, NO_FILTERS, null, -1)).toBe(3);
    expect([...level]).toEqual([FULL, FULL, FULL, HIDDEN]);
    expect(setLevels(level, columns, { ...NO_FILTERS, suspected: true }, null, -1)).toBe(2);
    expect([...level]).toEqual([FULL, FULL, DIM, HIDDEN]);
    expect(setLevels(level, columns, { ...NO_FILTERS, suspected: true, never: true }, null, -1)).toBe(1);
    expect(setLevels(level, columns, { ...NO_FILTERS, label: 1, forgotten: 5 }, null, -1)).toBe(1);
    setLevels(level, columns, NO_FILTERS, Uint8Array.of(0, 1, 0, 1), -1);
    expect([...level]).toEqual([FADED, FULL, FADED, HIDDEN]);
    setLevels(level, columns, NO_FILTERS, Uint8Array.of(0, 1, 0, 1), 0);
    expect([...level]).toEqual([FULL, FADED, FADED, HIDDEN]);
    expect(filtering(NO_FILTERS)).toBe(false);
    expect(filtering({ ...NO_FILTERS, forgotten: 1 })).toBe(true);
  });

  it("count what each would leave", () => {
    const made = counts(columns, 2, 2);
    expect([...made.labels]).toEqual([2, 2]);
    expect([made.suspected, made.never, made.movers, made.wrong, made.forgotten, made.noValue]).toEqual([3, 1, 1, 0, 3, 1]);
  });
});

describe("sorting", () => {
  it("puts those without a value last, either way", () => {
    const rows = Int32Array.of(3, 2, 1, 0);
    expect([...sortRows(rows, columns, "x", true)]).toEqual([0, 1, 2, 3]);
    expect([...sortRows(rows, columns, "x", false)]).toEqual([2, 1, 0, 3]);
    expect([...sortRows(rows, columns, "label", true)]).toEqual([0, 3, 1, 2]);
    expect([...sortRows(rows, columns, "index", false)]).toEqual([3, 2, 1, 0]);
  });
});

describe("colours", () => {
  const theme = { dark: false, quiet: "rgba(0, 0, 0, 0.5)", surface: "rgb(255, 255, 255)" } as Theme;
  const label = { name: "a", light: "#0072b2", dark: "#3d95d6" };
  it("follow the theme", () => {
    expect(packed("#0072b2")).toBe(0xb27200);
    expect(packedComputed("rgba(0, 0, 0, 0.5)", "rgb(255, 255, 255)")).toBe(0x808080);
    expect([...colorTable({ color: null } as Meta, [label], theme)]).toEqual([0xb27200, 0x808080]);
    expect(colorTable({ color: null } as Meta, [label], { ...theme, dark: true })[0]).toBe(0xd6953d);
    expect(colorTable({ color: {} } as Meta, [label], theme)).toHaveLength(256);
    expect(scaleTable(true)[254]).toBe(0x25e7fd);
  });
  it("know dark from light", () => {
    expect(luminance("rgb(17, 17, 17)")!).toBeLessThan(0.5);
    expect(luminance("rgb(255, 255, 255)")!).toBeGreaterThan(0.9);
    expect(luminance("rgba(0, 0, 0, 0)")).toBeNull();
    expect(luminance("color(srgb 0.9 0.9 0.9)")!).toBeGreaterThan(0.5);
  });
});

describe("small things", () => {
  it("cut and clean texts", () => {
    expect(short("a\u0000b\u001bc")).toBe("a\u2400b\u2400c");
    expect(short("x".repeat(10_000), 20)).toHaveLength(20);
    expect(short("\u{1f600}".repeat(50), 10).endsWith("\u2026")).toBe(true);
    expect([...short("\u{1f600}".repeat(50), 10)]).toHaveLength(10);
  });
  it("move codes to another range", () => {
    const axis = (lo: number, hi: number) => ({ name: "a", text: "a", unit: "", lo, hi });
    expect([...requantise(Uint16Array.of(0, 65534, 65535), axis(0, 1), axis(0, 2))]).toEqual([0, 32767, 65535]);
  });
  it("place the words of the regions where there are the fewest points", () => {
    const area = { left: 0, top: 0, width: 500, height: 300 };
    const size = { width: 120, height: 16 };
    const hard = REGIONS[2]!;
    const all = { x0: 0, x1: 0.5, y0: 0, y1: 1 };
    const pixels = { ax: 1, bx: 0, ay: 1, by: 0 };
    const none = { x: [], y: [] };
    // of an empty region its lower left corner
    expect(emptiest(hard, size, area, all, none, pixels, [])).toEqual({ left: 6, top: 278, ...size });
    const lowest = { x: [20, 40, 60, 150, 160], y: [285, 288, 290, 285, 288] };
    const moved = emptiest(hard, size, area, all, lowest, pixels, [])!;
    expect(lowest.x.some((x, i) => x > moved.left && x < moved.left + 120 && lowest.y[i]! > moved.top && lowest.y[i]! < moved.top + 16)).toBe(false);
    expect(emptiest(hard, size, area, { x0: 0.4, x1: 0.5, y0: 0.5, y1: 1 }, none, pixels, [])).toBeNull();
    const taken = [{ left: 0, top: 200, width: 500, height: 100 }];
    expect(emptiest(hard, size, area, all, none, pixels, taken)).toBeNull();
  });
  it("turn a choice into what is sent", () => {
    expect(decode("descending", "high")).toBe(true);
    expect(decode("size", "")).toBeNull();
    expect(decode("x", "mean")).toBe("mean");
  });
});

describe("the zoom kept over a reload", () => {
  const limits = { x0: 0, x1: 1, y0: 0, y1: 2 };
  const window = { x0: 0.2, x1: 0.4, y0: 0, y1: 0.5 };

  it("is given back for the same axes", () => {
    expect(readZoom(JSON.stringify({ axes: "a", window }), "a", limits)).toEqual(window);
    expect(readZoom(JSON.stringify({ axes: "b", window }), "a", limits)).toBeNull();
  });

  it.each(["null", "3", "{", "[]", '{"axes":"a"}', '{"axes":"a","window":{"x0":1}}'])("is not taken from %s", (text) => {
    expect(readZoom(text, "a", limits)).toBeNull();
  });

  it("is not taken from outside the axes, or backwards", () => {
    for (const wrong of [{ ...window, x1: 3 }, { ...window, x1: 0.1 }]) {
      expect(readZoom(JSON.stringify({ axes: "a", window: wrong }), "a", limits)).toBeNull();
    }
  });
});

describe("kept rows", () => {
  const rows = { order: "a", row0: 3, row1: 20 };

  it("are given back for the same order", () => {
    expect(readRows(JSON.stringify(rows), "a")).toEqual(rows);
    expect(readRows(JSON.stringify(rows), "b")).toBeNull();
  });

  it.each([{ row0: 20 }, { row0: -1 }, { row0: 0.5 }, { row1: "20" }, { row1: null }])("are not taken with %o", (wrong) => {
    expect(readRows(JSON.stringify({ ...rows, ...wrong }), "a")).toBeNull();
  });

  it.each(["null", "3", "{", "[]", '{"order":"a"}'])("are not taken from %s", (text) => {
    expect(readRows(text, "a")).toBeNull();
  });
});
