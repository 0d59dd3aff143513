// What the browser knows of the data: columns, their sequence number, and where points come from when they glide. Pure.

import { applyColumn, bytesOf, type Column, ProtocolError } from "./codec";
import { type AxisSpec, type ColumnSpec, type Delta, LEVELS, type LabelSpec, type Meta, NONE16, type Snapshot } from "./protocol";

export interface Columns {
  x: Uint16Array;
  y: Uint16Array;
  label: Uint16Array;
  color: Uint16Array;
  size: Uint8Array;
  flags: Uint8Array;
  forgets: Uint8Array;
}

/** "gap": something in between is missing, ask for a snapshot. */
export type Outcome = "applied" | "gap";

function empty(n: number): Columns {
  return {
    x: new Uint16Array(n).fill(NONE16),
    y: new Uint16Array(n).fill(NONE16),
    label: new Uint16Array(n).fill(NONE16),
    color: new Uint16Array(n).fill(255),
    size: new Uint8Array(n),
    flags: new Uint8Array(n),
    forgets: new Uint8Array(n),
  };
}

/** Codes of an axis moved to another range, so that a point can glide across a change of range. */
export function requantise(codes: Uint16Array, from: AxisSpec, to: AxisSpec): Uint16Array {
  const scale = (from.hi - from.lo) / (to.hi - to.lo);
  const shift = ((from.lo - to.lo) / (to.hi - to.lo)) * LEVELS;
  return codes.map((code) => (code === NONE16 ? NONE16 : Math.min(LEVELS, Math.max(0, Math.round(code * scale + shift)))));
}

export const sameAxis = (a: AxisSpec, b: AxisSpec): boolean => a.name === b.name && a.lo === b.lo && a.hi === b.hi;

export class MapState {
  stream = "";
  seq = -1;
  n = 0;
  meta: Meta | null = null;
  labels: LabelSpec[] = [];
  columns: Columns = empty(0);
  /** Positions before the last change, while they are worth gliding from. */
  before: { x: Uint16Array; y: Uint16Array } | null = null;
  private numbers: Int32Array | Float64Array | null = null;

  /** Take a snapshot as the whole truth. */
  snapshot(message: Snapshot, buffers: readonly unknown[]): void {
    const old = this.meta;
    const previous = this.n === message.n && this.stream === message.stream ? this.columns : null;
    const fresh = empty(message.n);
    let numbers: Int32Array | Float64Array | null = null;
    for (const spec of message.columns) {
      if (spec.name === "index") numbers = indexColumn(spec, buffers, message.n);
      else applyColumn(fresh[spec.name], spec, bytesOf(buffers[spec.buffer]), message.n);
    }
    this.columns = fresh;
    this.numbers = numbers;
    this.labels = message.labels;
    this.stream = message.stream;
    this.seq = message.seq;
    this.n = message.n;
    this.meta = message.meta;
    this.before = previous && old && glides(old, message.meta) ? { x: previous.x, y: previous.y } : null;
  }

  /** Take what is new; says "gap" and changes nothing where something in between is missing. */
  delta(message: Delta, buffers: readonly unknown[]): Outcome {
    if (message.stream !== this.stream || message.seq !== this.seq + 1 || message.n !== this.n || this.meta === null) {
      return "gap";
    }
    const moved = message.columns.some((spec) => spec.name === "x" || spec.name === "y");
    this.before = moved ? this.moving(this.meta, message.meta) : null;
    for (const spec of message.columns) {
      if (spec.name === "index") throw new ProtocolError("the names of the instances come with snapshots only");
      applyColumn(this.columns[spec.name], spec, bytesOf(buffers[spec.buffer]), this.n);
    }
    this.seq = message.seq;
    this.meta = message.meta;
    return "applied";
  }

  private moving(old: Meta, now: Meta): { x: Uint16Array; y: Uint16Array } {
    const place = (codes: Uint16Array, a: AxisSpec, b: AxisSpec): Uint16Array =>
      a.name === b.name && !sameAxis(a, b) ? requantise(codes, a, b) : codes.slice();
    return { x: place(this.columns.x, old.x, now.x), y: place(this.columns.y, old.y, now.y) };
  }

  /** The name of an instance, where the browser knows it ("" otherwise). */
  indexName(row: number): string {
    const value = this.indexNumber(row);
    return value === null ? "" : String(value);
  }

  indexNumber(row: number): number | null {
    const how = this.meta?.index;
    if (!how || row < 0 || row >= this.n) return null;
    if (how.kind === "range") return how.start + how.step * row;
    return this.numbers ? this.numbers[row]! : null;
  }

  /** The row of an index, or -1. */
  rowOf(index: number): number {
    const how = this.meta?.index;
    if (how?.kind === "range") {
      const row = (index - how.start) / how.step;
      return Number.isInteger(row) && row >= 0 && row < this.n ? row : -1;
    }
    return this.numbers ? this.numbers.indexOf(index) : -1;
  }

  labelName(row: number): string {
    return this.labels[this.columns.label[row] ?? NONE16]?.name ?? "";
  }

  /** The value behind a code, NaN where there is none. */
  value(axis: "x" | "y", row: number): number {
    const code = this.columns[axis][row];
    const spec = this.meta?.[axis];
    if (spec === undefined || code === undefined || code === NONE16) return NaN;
    return spec.lo + (code / LEVELS) * (spec.hi - spec.lo);
  }
}

const glides = (old: Meta, now: Meta): boolean => sameAxis(old.x, now.x) && sameAxis(old.y, now.y) && old.mode === now.mode;

function indexColumn(spec: ColumnSpec, buffers: readonly unknown[], n: number): Int32Array | Float64Array {
  const target: Column = spec.type === "i4" ? new Int32Array(n) : new Float64Array(n);
  applyColumn(target, spec, bytesOf(buffers[spec.buffer]), n);
  return target as Int32Array | Float64Array;
}
