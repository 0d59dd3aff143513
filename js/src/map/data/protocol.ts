// The wire protocol of the instance map: every message, its fields and its limits. xai_widgets/widgets/_protocol.py is its
// mirror; tests/widgets/golden/instance_map.json is read by the tests of both sides. A change here is a new VERSION.

export const VERSION = 3;
/** Highest code of a quantised axis; the code above it means "no value". */
export const LEVELS = 65534;
export const NONE16 = 65535;
export const NONE8 = 255;
/** Bits of the flags column. */
export const FLAG = { suspected: 1, never: 2, mover: 4, wrong: 8, shortcut: 16 } as const;

export const LIMITS = {
  rows: 20_000_000,
  thumbs: 64,
  search: 200,
  text: 300,
  bins: 1024,
  columns: 512,
  labels: 65_535,
} as const;

// ---- Python to browser -------------------------------------------------------------------------------------------

/** uint16 axes; label codes; uint8 for the rest. `index` names the instances and comes with snapshots only. */
export type ColumnName = "x" | "y" | "label" | "color" | "size" | "flags" | "forgets" | "index";
export const COLUMN_NAMES: readonly ColumnName[] = ["x", "y", "label", "color", "size", "flags", "forgets", "index"];
export type ColumnType = "u1" | "u2" | "i4" | "f8";
export const WIDTH: Readonly<Record<ColumnType, number>> = { u1: 1, u2: 2, i4: 4, f8: 8 };

/**
 * dense: n values. bitmap: ceil(n / 8) bytes, least significant bit first, padded to 8, then the values of the set rows.
 * sparse: `count` ascending uint32 rows padded to 8 bytes, then their values.
 */
export type Form = "dense" | "bitmap" | "sparse";
export interface ColumnSpec {
  name: ColumnName;
  type: ColumnType;
  form: Form;
  buffer: number;
  count: number;
}

export interface AxisSpec {
  name: string;
  /** As it is shown. */
  text: string;
  unit: string;
  lo: number;
  hi: number;
}
export interface LabelSpec {
  name: string;
  light: string;
  dark: string;
}
export interface ScoreSpec {
  name: string;
  text: string;
}
export interface Filters {
  label: number;
  suspected: boolean;
  never: boolean;
  movers: boolean;
  wrong: boolean;
  shortcut: boolean;
  forgotten: number;
}

export interface Meta {
  title: string;
  mode: string;
  modes: string[];
  status: string;
  epoch: number;
  epochs: number | null;
  view: "map" | "history";
  scores: ScoreSpec[];
  metrics: string[];
  x: AxisSpec;
  y: AxisSpec;
  color: AxisSpec | null;
  size: AxisSpec | null;
  metric: string;
  sort: string;
  descending: boolean;
  index: { kind: "range"; start: number; step: number } | { kind: "number" } | { kind: "text" };
  filters: Filters;
  available: { suspected: boolean; never: boolean; movers: boolean; wrong: boolean; shortcut: boolean; forgotten: boolean };
  samples: boolean;
  pin: boolean;
  explain: boolean;
  review: boolean;
  missing: number;
  height: number;
  note: string;
  /** How many labels are wrong, in a few words; "" where it is too early to tell. */
  suspects: string;
  /** From which epochs on this data is edited itself; "" where it is not. */
  edited: string;
}

export interface Snapshot {
  kind: "snapshot";
  to: string;
  stream: string;
  seq: number;
  n: number;
  meta: Meta;
  labels: LabelSpec[];
  columns: ColumnSpec[];
}
export interface Delta {
  kind: "delta";
  stream: string;
  seq: number;
  n: number;
  /** Who caused it ("" for the data itself): that window has what it asked for already. */
  cause: string;
  meta: Meta;
  columns: ColumnSpec[];
}
export interface Problem {
  kind: "problem";
  to: string;
  text: string;
}
/** Answers carry the id of the request and the window it came from. */
interface Answer {
  to: string;
  id: number;
}
export interface Details extends Answer {
  kind: "details";
  row: number;
  index: string;
  label: string;
  prediction: string;
  values: { name: string; value: number | null; unit: string }[];
}
export interface Thumbs extends Answer {
  kind: "thumbs";
  /** One per row asked for; width 0 where there is no picture. Buffer i holds its RGB bytes. */
  items: { row: number; index: string; prediction: string; width: number; height: number }[];
}
/** Buffer 0 holds the first rows that match, int32. */
export interface Found extends Answer {
  kind: "found";
  total: number;
}
/** Buffer 0 holds the file, UTF-8. */
export interface Csv extends Answer {
  kind: "csv";
  name: string;
}
/**
 * Rows row0..row1 of the sorted order in `bins` bands. Buffer 0: one byte per band and epoch (255: not seen). Buffer 1: one
 * byte per band, the share of it that is selected.
 */
export interface Tile extends Answer {
  kind: "tile";
  row0: number;
  row1: number;
  total: number;
  bins: number;
  epochs: number[];
  lo: number;
  hi: number;
  /** A few values are above hi and have its colour. */
  clipped: boolean;
  metric: string;
  unit: string;
  /** Names of the rows where few are shown, else empty. */
  names: string[];
}
export type FromPython = Snapshot | Delta | Problem | Details | Thumbs | Found | Csv | Tile;

// ---- browser to Python -------------------------------------------------------------------------------------------

export interface Ready {
  kind: "ready";
  reason: "display" | "gap" | "malformed";
}
/** Buffer 0 holds the rows, int32. */
export interface Select {
  kind: "select";
  token: number;
}
/** Says that a change has arrived: Python stops sending to nobody. */
export interface Ack {
  kind: "ack";
  seq: number;
}
export interface SetControl {
  kind: "set";
  field: "x" | "y" | "color" | "size" | "mode" | "view" | "metric" | "sort" | "descending" | "filters";
  value: string | boolean | null | Filters;
}
export interface Ask {
  kind: "details";
  id: number;
  row: number;
}
export interface AskThumbs {
  kind: "thumbs";
  id: number;
  rows: number[];
  /** False: only names and predictions are wanted. */
  pictures: boolean;
}
export interface Search {
  kind: "search";
  id: number;
  text: string;
}
export interface AskTile {
  kind: "tile";
  id: number;
  row0: number;
  row1: number;
  bins: number;
}
export interface SelectSorted {
  kind: "select_sorted";
  row0: number;
  row1: number;
}
export interface Act {
  kind: "act";
  action: "pin" | "explain" | "review";
  /** Rows it is about; empty: the selection. */
  rows: number[];
}
export interface AskCsv {
  kind: "csv";
  id: number;
}
export type ToPython = Ready | Ack | Select | SetControl | Ask | AskThumbs | Search | AskTile | SelectSorted | Act | AskCsv;
/** Every message to Python says its version, which window it comes from, and which order of rows that window knows. */
export type Envelope = ToPython & { v: number; client: string; stream: string };
