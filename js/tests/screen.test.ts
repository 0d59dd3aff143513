import { describe, expect, it } from "vitest";
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
  });
});
