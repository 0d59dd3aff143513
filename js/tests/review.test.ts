import { describe, expect, it } from "vitest";
import { runsOf } from "../src/review/chart";
import { find, folded } from "../src/review/find";
import { actionOf } from "../src/review/keys";
import { Album, enlarged, trusted } from "../src/review/pictures";
import type { History, Label } from "../src/review/state";

const press = (key: string, more: object = {}) => actionOf({ key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...more });

describe("finding a label", () => {
  const labels: Label[] = [["i0", "truck"], ["i1", "fire truck"], ["i2", "Trüffel"], ["i3", "true"], ["i4", "strudel"], ["i5", "cat"]];

  it("puts whole names first, then beginnings, then words, then the rest", () => {
    expect(find(labels, "tru", []).labels.map(([key]) => key)).toEqual(["i0", "i2", "i3", "i1", "i4"]);
    expect(find(labels, "TRUE ", []).labels.map(([key]) => key)).toEqual(["i3"]);
    expect(find(labels, "truck", []).labels.map(([key]) => key)).toEqual(["i0", "i1"]);
    expect(find(labels, "zebra", []).labels).toEqual([]);
  });

  it("shows the likely ones first where nothing is typed, and among equals", () => {
    expect(find(labels, "", ["i5", "i3"]).labels.map(([key]) => key).slice(0, 3)).toEqual(["i5", "i3", "i0"]);
    expect(find(labels, "tr", ["i3"]).labels[0]![0]).toBe("i3");
  });

  it("reads what was typed as text, accents aside", () => {
    expect(folded(" Ä\u0301é ")).toBe("ae");
    expect(find([["i0", ".*"], ["i1", "any"]], ".*", []).labels.map(([key]) => key)).toEqual(["i0"]);
  });

  it("cuts a list of thousands and says how many more there are", () => {
    const many: Label[] = Array.from({ length: 20_000 }, (_, i) => [`i${i}`, `class ${i}`]);
    expect(find(many, "class", [])).toMatchObject({ more: 19_950 });
    expect(find(many, "class 19999", []).labels).toEqual([["i19999", "class 19999"]]);
  });
});

describe("keys", () => {
  it("decide alone, and nothing by accident", () => {
    expect(["a", "k", "r", "x", "s", "u", "e"].map((key) => press(key))).toEqual(["accept", "keep", "relabel", "exclude", "skip", "undo", "explain"]);
    expect(press("X")).toBe("exclude"); // caps lock
    expect(press("X", { shiftKey: true })).toBeNull();
    expect(press("x", { ctrlKey: true })).toBeNull();
    expect(press("x", { altKey: true })).toBeNull();
    expect(press("q")).toBeNull();
  });

  it("undo and redo as everywhere", () => {
    expect(press("z", { ctrlKey: true })).toBe("undo");
    expect(press("Z", { metaKey: true, shiftKey: true })).toBe("redo");
    expect(press("y", { ctrlKey: true })).toBe("redo");
    expect(press("U", { shiftKey: true })).toBe("redo");
  });

  it("mark with Shift and the arrows", () => {
    expect(press("ArrowRight")).toBe("next");
    expect(press("ArrowRight", { shiftKey: true })).toBe("mark_next");
    expect(press("a", { ctrlKey: true })).toBe("mark_left");
  });
});

describe("pictures", () => {
  it("enlarge small ones by a whole number and keep their pixels", () => {
    expect(enlarged(32, 32, 288)).toEqual({ width: 288, height: 288, sharp: true });
    expect(enlarged(28, 20, 288)).toEqual({ width: 280, height: 200, sharp: true });
    expect(enlarged(640, 320, 288)).toEqual({ width: 288, height: 144, sharp: false });
    expect(enlarged(200, 100, 288)).toEqual({ width: 200, height: 100, sharp: false });
  });

  it("are only those that Python made", () => {
    expect(trusted("data:image/png;base64,iVBO+/=")).toBe(true);
    for (const bad of ["javascript:alert(1)", "data:image/svg+xml;base64,AA==", "https://a.example/x.png", "data:image/png;base64,AA==\" onload=x"]) expect(trusted(bad)).toBe(false);
  });

  it("stand in for large ones, and old ones go", () => {
    const album = new Album();
    album.take({ type: "pictures", large: {}, small: { i1: "s" } });
    expect([album.get("i1", "large"), album.get("i2", "large")]).toEqual(["s", undefined]);
    for (let i = 0; i < 30; i++) album.take({ type: "pictures", large: { [`i${i}`]: `l${i}` }, small: {} });
    expect(album.get("i1", "large")).toBe("s");
    expect(album.get("i29", "large")).toBe("l29");
  });
});

describe("the history", () => {
  const history: History = { name: "loss", unit: "nats", epochs: [1, 2, 3, 7, 8], values: [0, 5, 10, 10, 0], x: [1, 8, [1, 8]], y: [0, 10, [0, 10]] };

  it("leaves a gap where nothing was seen", () => {
    const runs = runsOf(history);
    expect(runs.map((run) => run.length)).toEqual([3, 2]);
    expect(runs[0]![0]).toEqual([34, 72]);
    expect(runs[1]![1]).toEqual([292, 72]);
    expect(runs[0]![2]![1]).toBe(8);
  });

  it("of which every fourth epoch was sent is one line up to the last", () => {
    expect(runsOf({ ...history, epochs: [1, 5, 9, 13, 14], values: [4, 3, 2, 1, 0], x: [1, 20, [1, 20]] })).toHaveLength(1);
  });

  it("of a single epoch is one point", () => {
    expect(runsOf({ ...history, epochs: [3], values: [5] })).toHaveLength(1);
  });
});
