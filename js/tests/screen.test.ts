import { afterEach, describe, expect, it, vi } from "vitest";
import { takePlace } from "../src/panel/place";
import { layoutFor } from "../src/panel/screen";

describe("the layout for a room", () => {
  it("is the grid only where there is height and width for it", () => {
    expect(layoutFor("auto", { width: 1200, height: 1200 }).layout).toBe("grid");
    expect(layoutFor("auto", { width: 1200, height: 750 }).layout).toBe("screen");
    expect(layoutFor("auto", { width: 700, height: 1200 })).toMatchObject({ layout: "screen", narrow: true });
  });
  it("is what was asked for", () => {
    expect(layoutFor("grid", { width: 500, height: 300 }).layout).toBe("grid");
    expect(layoutFor("screen", { width: 1600, height: 1600 }).layout).toBe("screen");
  });
  it("fits into the height, down to what the views need", () => {
    expect(layoutFor("auto", { width: 1000, height: 700 }).height).toBeLessThan(700);
    expect(layoutFor("auto", { width: 1000, height: 100 }).height).toBe(400);
    expect(layoutFor("auto", { width: 500, height: 100 }).height).toBe(600);
    expect(layoutFor("auto", { width: 320, height: 600 })).toMatchObject({ layout: "screen", slim: true });
  });
});

/** A window with what is stored in it; gives what leaves its page. */
function open(stored: Map<string, string>): () => void {
  const leave: (() => void)[] = [];
  vi.stubGlobal("window", { addEventListener: (name: string, act: () => void) => name === "pagehide" && leave.push(act) });
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  });
  return () => leave.forEach((act) => act());
}

describe("the name of a place", () => {
  afterEach(() => vi.unstubAllGlobals());
  it("is another one for each view of a page, and free when the view ends", () => {
    open(new Map());
    const [first, second] = [new AbortController(), new AbortController()];
    const [one, two] = [takePlace(first.signal), takePlace(second.signal)];
    expect(one).not.toBe(two);
    first.abort();
    expect(takePlace(new AbortController().signal)).toBe(one);
  });
  it("is kept over a reload, and not by a window that was duplicated", () => {
    const stored = new Map<string, string>();
    const leave = open(stored);
    const name = takePlace(new AbortController().signal);
    const copy = new Map(stored);
    leave();
    open(stored);
    expect(takePlace(new AbortController().signal)).toBe(name);
    open(copy);
    expect(takePlace(new AbortController().signal)).not.toBe(name);
  });
});
