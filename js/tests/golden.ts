// The golden vectors that the tests of both sides read.

import data from "../../tests/widgets/golden/instance_map.json";

export interface Wire {
  content: Record<string, unknown>;
  buffers: string[];
}
export interface Golden {
  version: number;
  levels: number;
  columns: { spec: Record<string, unknown>; n: number; old: number[]; new: number[]; data: string }[];
  session: { n: number; steps: { message: Wire; columns: Record<string, number[]> }[]; again: Wire };
  answers: Wire[];
  requests: { message: Record<string, unknown>; buffers: string[]; n: number }[];
  viridis: string;
  quantised: { values: number[]; codes: number[] };
}

export const golden = data as unknown as Golden;

export const bytes = (text: string): Uint8Array => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

/** Bytes as JupyterLab hands them over: a DataView somewhere inside a larger buffer. */
export function offset(text: string, by: number): DataView {
  const data = bytes(text);
  const larger = new Uint8Array(data.length + by + 5);
  larger.set(data, by);
  return new DataView(larger.buffer, by, data.length);
}

/** Random numbers in [0, 1), the same ones every time (mulberry32). */
export function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
