// Binary columns: how the bytes of protocol.ts become typed arrays. Pure.

import { type ColumnSpec, type ColumnType, WIDTH } from "./protocol";

export type Column = Uint8Array | Uint16Array | Int32Array | Float64Array;

/** A message that is not what protocol.ts says. */
export class ProtocolError extends Error {}

/** Bytes of a buffer as hosts hand it over: some give a DataView into a larger one, some an ArrayBuffer. */
export function bytesOf(buffer: unknown): Uint8Array {
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer);
  if (ArrayBuffer.isView(buffer)) return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  throw new ProtocolError("a binary buffer is missing");
}

/** `count` values of a type from a byte offset; copies only where the bytes lie unaligned. */
export function valuesAt(bytes: Uint8Array, offset: number, count: number, type: ColumnType): Column {
  const size = count * WIDTH[type];
  if (offset + size > bytes.byteLength) {
    throw new ProtocolError(`a column has ${bytes.byteLength} bytes, ${offset + size} are needed`);
  }
  let start = bytes.byteOffset + offset;
  let source: ArrayBufferLike = bytes.buffer;
  if (start % WIDTH[type] !== 0) {
    source = bytes.slice(offset, offset + size).buffer;
    start = 0;
  }
  if (type === "u1") return new Uint8Array(source, start, count);
  if (type === "u2") return new Uint16Array(source, start, count);
  if (type === "i4") return new Int32Array(source, start, count);
  return new Float64Array(source, start, count);
}

const padded = (bytes: number): number => (bytes + 7) & ~7;

/** Write a column's new values into `target` (length n); returns how many rows it set. */
export function applyColumn(target: Column, spec: ColumnSpec, bytes: Uint8Array, n: number): number {
  if (target.length !== n) throw new ProtocolError(`column ${spec.name} has ${target.length} rows, not ${n}`);
  if (spec.form === "dense") {
    if (spec.count !== n) throw new ProtocolError(`column ${spec.name} carries ${spec.count} of ${n} values`);
    target.set(valuesAt(bytes, 0, n, spec.type));
    return n;
  }
  return spec.form === "bitmap" ? applyBitmap(target, spec, bytes, n) : applySparse(target, spec, bytes, n);
}

function applyBitmap(target: Column, spec: ColumnSpec, bytes: Uint8Array, n: number): number {
  const length = (n + 7) >> 3;
  const values = valuesAt(bytes, padded(length), spec.count, spec.type);
  let taken = 0;
  for (let b = 0; b < length; b++) {
    let word = bytes[b]!;
    for (let row = b << 3; word !== 0; row++, word >>= 1) {
      if ((word & 1) === 0) continue;
      if (row >= n || taken >= spec.count) throw new ProtocolError(`column ${spec.name}: the bitmap has too many bits`);
      target[row] = values[taken++]!;
    }
  }
  if (taken !== spec.count) throw new ProtocolError(`column ${spec.name}: ${taken} bits for ${spec.count} values`);
  return taken;
}

function applySparse(target: Column, spec: ColumnSpec, bytes: Uint8Array, n: number): number {
  const rows = valuesAt(bytes, 0, spec.count, "i4");
  const values = valuesAt(bytes, padded(spec.count * 4), spec.count, spec.type);
  for (let i = 0; i < spec.count; i++) {
    const row = rows[i]!;
    if (row < 0 || row >= n) throw new ProtocolError(`column ${spec.name}: row ${row} of ${n}`);
    target[row] = values[i]!;
  }
  return spec.count;
}

/** Rows of a selection as they travel: little-endian int32. */
export function encodeRows(rows: Int32Array): DataView {
  return new DataView(rows.slice().buffer);
}

/** The inverse, refusing rows that do not exist. */
export function decodeRows(buffer: unknown, n: number): Int32Array {
  const bytes = bytesOf(buffer);
  if (bytes.byteLength % 4 !== 0) throw new ProtocolError(`a selection of ${bytes.byteLength} bytes is not int32`);
  const rows = Int32Array.from(valuesAt(bytes, 0, bytes.byteLength / 4, "i4") as Int32Array);
  return rows.every((row) => row >= 0 && row < n) ? rows : rows.filter((row) => row >= 0 && row < n);
}
