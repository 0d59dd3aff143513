// Both sides of the wire protocol agree: these vectors are made by Python and checked there as well.

import { describe, expect, it } from "vitest";
import { applyColumn, bytesOf, type Column, decodeRows } from "../src/map/data/codec";
import { Link, type Model } from "../src/map/data/link";
import { parseMessage } from "../src/map/data/parse";
import { type ColumnSpec, type Delta, LEVELS, type Snapshot, type Tile, VERSION } from "../src/map/data/protocol";
import { MapState } from "../src/map/data/state";
import { VIRIDIS } from "../src/map/scatter/viridis";
import { bytes, golden, offset, type Wire } from "./golden";

const parsed = (wire: Wire): unknown => parseMessage(wire.content, wire.buffers.length);
const buffers = (wire: Wire): DataView[] => wire.buffers.map((text, i) => offset(text, 3 + i));

function columnsOf(state: MapState): Record<string, number[]> {
  const { x, y, label, flags, forgets } = state.columns;
  return Object.fromEntries(Object.entries({ x, y, label, flags, forgets }).map(([name, values]) => [name, [...values]]));
}

describe("golden vectors", () => {
  it("are of this version", () => {
    expect(golden.version).toBe(VERSION);
    expect(golden.levels).toBe(LEVELS);
    expect([...bytes(golden.viridis)]).toEqual([...VIRIDIS]);
  });

  it("decode every form of a column, at any alignment", () => {
    for (const one of golden.columns) {
      const spec = one.spec as unknown as ColumnSpec;
      for (const by of [0, 1, 2, 3]) {
        const target: Column = spec.type === "u1" ? Uint8Array.from(one.old) : Uint16Array.from(one.old);
        const set = applyColumn(target, spec, bytesOf(offset(one.data, by)), one.n);
        expect([...target]).toEqual(one.new);
        expect(set).toBe(spec.count);
      }
    }
    expect(new Set(golden.columns.map((one) => one.spec["form"]))).toEqual(new Set(["dense", "bitmap", "sparse"]));
  });

  it("replay a session to the same columns", () => {
    const state = new MapState();
    for (const { message, columns } of golden.session.steps) {
      const made = parsed(message) as Snapshot | Delta;
      if (made.kind === "snapshot") state.snapshot(made, buffers(message));
      else expect(state.delta(made, buffers(message))).toBe("applied");
      expect(columnsOf(state)).toEqual(columns);
    }
  });

  it("see a gap, change nothing, and are whole again after a snapshot", () => {
    const state = new MapState();
    const [first, , third, last] = golden.session.steps;
    state.snapshot(parsed(first!.message) as Snapshot, buffers(first!.message));
    expect(state.delta(parsed(third!.message) as Delta, buffers(third!.message))).toBe("gap");
    expect(columnsOf(state)).toEqual(first!.columns);
    expect(state.seq).toBe(4);
    state.snapshot(parsed(golden.session.again) as Snapshot, buffers(golden.session.again));
    expect(columnsOf(state)).toEqual(last!.columns);
  });

  it("give values back within half a level", () => {
    const state = new MapState();
    const [first] = golden.session.steps;
    state.snapshot(parsed(first!.message) as Snapshot, buffers(first!.message));
    golden.quantised.codes.forEach((code, i) => {
      state.columns.y[0] = code;
      expect(state.value("y", 0)).toBeCloseTo(Math.min(1, Math.max(0, golden.quantised.values[i]!)), 4);
    });
    expect(state.value("y", 7)).toBeNaN();
    expect(state.indexName(7)).toBe("7");
    expect(state.rowOf(7)).toBe(7);
    expect(state.rowOf(50)).toBe(-1);
  });

  it("parse every answer", () => {
    const kinds = golden.answers.map((wire) => (parsed(wire) as { kind: string }).kind);
    expect(kinds).toEqual(["details", "thumbs", "found", "csv", "tile", "problem"]);
    expect((parsed(golden.answers[4]!) as Tile).epochs).toEqual([1, 2]);
    expect([...decodeRows(offset(golden.answers[2]!.buffers[0]!, 1), 10)]).toEqual([4, 9]);
  });

  it("are what this side sends", () => {
    const sent: { content: Record<string, unknown>; buffers: ArrayBufferView[] }[] = [];
    const model = {
      get: () => null,
      send: (content: Record<string, unknown>, _: unknown, parts: ArrayBufferView[]) => sent.push({ content, buffers: parts }),
      on: () => undefined,
      off: () => undefined,
    } as unknown as Model;
    const nobody = { snapshot() {}, delta() {}, problem() {}, malformed() {} };
    const link = new Link(model, nobody, () => "s1");
    for (const { message, buffers: texts } of golden.requests) link.send(message as never, texts.map((text) => offset(text, 0)));
    sent.forEach(({ content }, i) => {
      expect(content).toEqual({ ...golden.requests[i]!.message, v: VERSION, client: link.client, stream: "s1" });
    });
    expect(link.client).toMatch(/^w[a-z0-9]{3,}$/);
  });
});

describe("messages that are not what they should be", () => {
  const good = golden.session.steps[1]!.message;
  const broken: [string, Record<string, unknown>][] = [
    ["another version", { v: 99 }],
    ["no kind", { kind: 5 }],
    ["an unknown kind", { kind: "explode" }],
    ["a negative length", { n: -1 }],
    ["a fractional sequence number", { seq: 1.5 }],
    ["too many rows", { n: 1e9 }],
    ["no columns", { columns: "x" }],
    ["an unknown column", { columns: [{ name: "__proto__", type: "u2", form: "dense", buffer: 0, count: 50 }] }],
    ["an unknown type", { columns: [{ name: "x", type: "f16", form: "dense", buffer: 0, count: 50 }] }],
    ["a buffer that is not there", { columns: [{ name: "x", type: "u2", form: "dense", buffer: 9, count: 50 }] }],
    ["no meta", { meta: null }],
    ["an empty range", { meta: { ...(good.content["meta"] as object), x: { name: "x", text: "x", unit: "", lo: 1, hi: 1 } } }],
    ["a range of NaN", { meta: { ...(good.content["meta"] as object), x: { name: "x", text: "x", unit: "", lo: null, hi: 1 } } }],
  ];
  it.each(broken)("%s", (_name, change) => {
    expect(() => parseMessage({ ...good.content, ...change }, good.buffers.length)).toThrow();
  });

  it("are refused whatever they are", () => {
    for (const content of [null, undefined, 3, "x", [], {}, { v: VERSION }]) expect(() => parseMessage(content, 0)).toThrow();
    const label = { name: "a", light: "red;background:url(x)", dark: "#000000" };
    const snapshot = golden.session.steps[0]!.message;
    expect(() => parseMessage({ ...snapshot.content, labels: [label] }, 9)).toThrow();
  });

  it("leave the picture as it was", () => {
    const state = new MapState();
    const first = golden.session.steps[0]!;
    state.snapshot(parsed(first.message) as Snapshot, buffers(first.message));
    const delta = parsed(good) as Delta;
    expect(() => state.delta(delta, good.buffers.map(() => new DataView(new ArrayBuffer(1))))).toThrow(/bytes/);
    expect(state.seq).toBe(4);
    const tiny = { name: "x", type: "u2", form: "sparse", buffer: 0, count: 1 } as const;
    const far = new Uint8Array(new Int32Array([999, 0]).buffer.byteLength + 8);
    new DataView(far.buffer).setInt32(0, 999, true);
    expect(() => applyColumn(new Uint16Array(5), tiny, far, 5)).toThrow(/row 999/);
    const bitmap = { name: "x", type: "u2", form: "bitmap", buffer: 0, count: 1 } as const;
    expect(() => applyColumn(new Uint16Array(5), bitmap, new Uint8Array(16).fill(255), 5)).toThrow(/bits/);
  });
});
