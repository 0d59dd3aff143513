// Sorts rows by what the browser knows of them. Pure.

import type { Columns } from "./state";

export const ORDERS = ["x", "y", "label", "index"] as const;
export type Order = (typeof ORDERS)[number];

/** Rows sorted by an axis, the label or their place in the data; those without a value come last. */
export function sortRows(rows: Int32Array, columns: Columns, order: Order, ascending: boolean): Int32Array {
  if (order === "index") return ascending ? rows.slice().sort() : rows.slice().sort().reverse();
  const codes = columns[order];
  // a code and its row as one number: the engine's own sort of numbers is many times faster than one that calls back
  const keys = new Float64Array(rows.length);
  rows.forEach((row, i) => {
    const code = codes[row]!;
    const key = code === 65535 ? 65536 : ascending ? code : 65535 - code;
    keys[i] = key * 2 ** 31 + row;
  });
  keys.sort();
  return Int32Array.from(keys, (key) => key % 2 ** 31);
}
