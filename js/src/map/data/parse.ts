// Checks what comes from Python before it is used: a message is data, and a newer or broken sender is possible. Pure.

import { ProtocolError } from "./codec";
import {
  COLUMN_NAMES,
  type ColumnSpec,
  type Delta,
  type FromPython,
  LIMITS,
  type Meta,
  type Snapshot,
  VERSION,
  WIDTH,
} from "./protocol";

type Fields = Record<string, unknown>;

function fail(what: string, value: unknown): never {
  throw new ProtocolError(`${what} is ${JSON.stringify(value)?.slice(0, 80) ?? "missing"}`);
}
const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function object(from: Fields, key: string): Fields {
  const value = from[key];
  return isObject(value) ? value : fail(key, value);
}
export function integer(from: Fields, key: string, low: number, high: number): number {
  const value = from[key];
  return typeof value === "number" && Number.isInteger(value) && value >= low && value <= high ? value : fail(key, value);
}
export function finite(from: Fields, key: string): number {
  const value = from[key];
  return typeof value === "number" && Number.isFinite(value) ? value : fail(key, value);
}
export function text(from: Fields, key: string): string {
  const value = from[key];
  return typeof value === "string" ? value : fail(key, value);
}
export function flag(from: Fields, key: string): boolean {
  const value = from[key];
  return typeof value === "boolean" ? value : fail(key, value);
}
function list<T>(from: Fields, key: string, most: number, item: (value: Fields, index: number) => T): T[] {
  const value = from[key];
  if (!Array.isArray(value) || value.length > most) fail(key, value);
  return value.map((entry, i) => item(isObject(entry) ? entry : { value: entry }, i));
}
const texts = (from: Fields, key: string): string[] => list(from, key, LIMITS.labels, (entry) => text(entry, "value"));

function columns(from: Fields, buffers: number, rows: number): ColumnSpec[] {
  return list(from, "columns", COLUMN_NAMES.length, (entry) => {
    const name = text(entry, "name");
    const type = text(entry, "type");
    const form = text(entry, "form");
    if (!(COLUMN_NAMES as readonly string[]).includes(name)) fail("column", name);
    if (!(type in WIDTH)) fail("column type", type);
    if (form !== "dense" && form !== "bitmap" && form !== "sparse") fail("column form", form);
    return {
      name: name as ColumnSpec["name"],
      type: type as ColumnSpec["type"],
      form,
      buffer: integer(entry, "buffer", 0, buffers - 1),
      count: integer(entry, "count", 0, rows),
    };
  });
}

function axis(from: Fields, key: string): Meta["x"] {
  const value = object(from, key);
  const made = { name: text(value, "name"), text: text(value, "text"), unit: text(value, "unit"), lo: finite(value, "lo"), hi: finite(value, "hi") };
  return made.hi > made.lo ? made : fail(`${key} range`, value);
}

function named(from: Fields): Meta["index"] {
  const value = object(from, "index");
  const kind = text(value, "kind");
  if (kind === "range") return { kind, start: finite(value, "start"), step: finite(value, "step") };
  return kind === "number" || kind === "text" ? { kind } : fail("index kind", kind);
}

export function filters(from: Fields): Meta["filters"] {
  return {
    label: integer(from, "label", -1, LIMITS.labels),
    suspected: flag(from, "suspected"),
    never: flag(from, "never"),
    movers: flag(from, "movers"),
    wrong: flag(from, "wrong"),
    shortcut: flag(from, "shortcut"),
    forgotten: integer(from, "forgotten", 0, 255),
  };
}

export function meta(from: Fields): Meta {
  const view = text(from, "view");
  const able = object(from, "available");
  return {
    title: text(from, "title"),
    mode: text(from, "mode"),
    modes: texts(from, "modes"),
    status: text(from, "status"),
    epoch: integer(from, "epoch", 0, 2 ** 31),
    epochs: from["epochs"] === null ? null : integer(from, "epochs", 0, 2 ** 31),
    view: view === "map" || view === "history" ? view : fail("view", view),
    scores: list(from, "scores", 1000, (entry) => ({ name: text(entry, "name"), text: text(entry, "text") })),
    metrics: texts(from, "metrics"),
    x: axis(from, "x"),
    y: axis(from, "y"),
    color: from["color"] === null ? null : axis(from, "color"),
    size: from["size"] === null ? null : axis(from, "size"),
    metric: text(from, "metric"),
    sort: text(from, "sort"),
    descending: flag(from, "descending"),
    index: named(from),
    filters: filters(object(from, "filters")),
    available: {
      suspected: flag(able, "suspected"),
      never: flag(able, "never"),
      movers: flag(able, "movers"),
      wrong: flag(able, "wrong"),
      shortcut: flag(able, "shortcut"),
      forgotten: flag(able, "forgotten"),
    },
    samples: flag(from, "samples"),
    pin: flag(from, "pin"),
    explain: flag(from, "explain"),
    review: flag(from, "review"),
    missing: integer(from, "missing", 0, LIMITS.rows),
    height: integer(from, "height", 120, 4000),
    note: text(from, "note"),
    suspects: text(from, "suspects"),
    edited: text(from, "edited"),
  };
}

function data(from: Fields, kind: "snapshot" | "delta", buffers: number): Snapshot | Delta {
  const n = integer(from, "n", 0, LIMITS.rows);
  const shared = {
    stream: text(from, "stream"),
    seq: integer(from, "seq", 0, 2 ** 31),
    n,
    meta: meta(object(from, "meta")),
    columns: columns(from, buffers, n),
  };
  if (kind === "delta") return { ...shared, kind, cause: text(from, "cause") };
  const labels = list(from, "labels", LIMITS.labels, (entry) => ({
    name: text(entry, "name"),
    light: color(entry, "light"),
    dark: color(entry, "dark"),
  }));
  return { ...shared, kind, to: text(from, "to"), labels };
}

function color(from: Fields, key: string): string {
  const value = text(from, key);
  return /^#[0-9a-fA-F]{6}$/.test(value) ? value : fail(key, value);
}

/** A message from Python as its type; throws ProtocolError where it is not one. */
export function parseMessage(content: unknown, buffers: number): FromPython {
  if (!isObject(content)) fail("message", content);
  if (content["v"] !== VERSION) fail(`version (${VERSION} is understood)`, content["v"]);
  const kind = text(content, "kind");
  if (kind === "snapshot" || kind === "delta") return data(content, kind, buffers);
  const to = text(content, "to");
  if (kind === "problem") return { kind, to, text: text(content, "text") };
  return answer(content, kind, to, buffers);
}

function answer(content: Fields, kind: string, to: string, buffers: number): FromPython {
  const id = integer(content, "id", 0, 2 ** 31);
  const head = { to, id };
  if (kind === "details") {
    const values = list(content, "values", 1000, (entry) => ({
      name: text(entry, "name"),
      value: entry["value"] === null ? null : finite(entry, "value"),
      unit: text(entry, "unit"),
    }));
    const row = integer(content, "row", 0, LIMITS.rows);
    return {
      ...head, kind, row, values,
      index: text(content, "index"), label: text(content, "label"), prediction: text(content, "prediction"),
    };
  }
  if (kind === "thumbs") {
    const items = list(content, "items", LIMITS.thumbs, (entry) => ({
      row: integer(entry, "row", 0, LIMITS.rows),
      index: text(entry, "index"),
      prediction: text(entry, "prediction"),
      width: integer(entry, "width", 0, 512),
      height: integer(entry, "height", 0, 512),
    }));
    if (items.length !== buffers) fail("number of thumbnails", buffers);
    return { ...head, kind, items };
  }
  if (kind === "found") return { ...head, kind, total: integer(content, "total", 0, LIMITS.rows) };
  if (kind === "csv") return { ...head, kind, name: text(content, "name") };
  if (kind === "tile") return tile(content, head);
  return fail("kind", kind);
}

function tile(content: Fields, head: { to: string; id: number }): FromPython {
  const total = integer(content, "total", 0, LIMITS.rows);
  return {
    ...head,
    kind: "tile",
    total,
    row0: integer(content, "row0", 0, total),
    row1: integer(content, "row1", 0, total),
    bins: integer(content, "bins", 0, LIMITS.bins),
    epochs: list(content, "epochs", LIMITS.columns, (entry) => integer(entry, "value", 0, 2 ** 31)),
    lo: finite(content, "lo"),
    hi: finite(content, "hi"),
    clipped: flag(content, "clipped"),
    metric: text(content, "metric"),
    unit: text(content, "unit"),
    names: texts(content, "names"),
  };
}
