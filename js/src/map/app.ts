// What the parts of the map share: the data, the selection, the filters, and one redraw per frame for whatever changed.

import { decodeRows, encodeRows } from "./data/codec";
import { filtering, NO_FILTERS, setLevels } from "./data/levels";
import { Link, type Listener, type Model } from "./data/link";
import { combine, type Combine, FULL, maskOf, rowsOf } from "./data/pick";
import type { Delta, Filters, Meta, Problem, SetControl, Snapshot } from "./data/protocol";
import { MapState } from "./data/state";
import type { Theme } from "../shared/theme";

export type Change = "data" | "labels" | "meta" | "selection" | "filters" | "hover" | "theme" | "size" | "state";

/** A part of the page; told once per frame what changed. */
export interface Part {
  update(changes: ReadonlySet<Change>): void;
}

const FEW = 12;
/** Milliseconds; Python gives a browser up after 64 MB without a word, which is over ten minutes at its most. */
const ACK_EVERY = 10_000;
const empty = new Int32Array(0);
const same = (a: Int32Array, b: Int32Array): boolean => a.length === b.length && a.every((row, i) => row === b[i]);

export class App implements Listener {
  readonly state = new MapState();
  readonly link: Link;
  readonly parts: Part[] = [];
  theme!: Theme;
  filters: Filters = NO_FILTERS;
  selected: Int32Array = empty;
  mask: Uint8Array | null = null;
  level = new Uint8Array(0);
  /** How many pass the filters. */
  passing = 0;
  hover = -1;
  /** The row the keyboard is at. */
  focus = -1;
  /** A label shown strongly while its legend entry is pointed at. */
  emphasis = -1;
  /** What to say instead of a plot, and what went wrong. */
  waiting = "Loading";
  trouble = "";
  /** Controls sent to Python and not answered yet. */
  pending = new Set<string>();
  /** Somebody has chosen this row alone, and waits for what it looks like. */
  choosing: (row: number) => void = () => undefined;
  private token = 0;
  private changes = new Set<Change>();
  private frame = 0;
  private lastAck = -Infinity;
  private lastResync = -Infinity;
  private readonly late: number[] = [];
  private readonly onSelected: () => void;

  constructor(private readonly model: Model) {
    this.link = new Link(model, this, () => this.state.stream);
    this.onSelected = () => this.takeSelection();
    model.on("change:selected", this.onSelected as never);
  }

  start(): void {
    this.takeSelection();
    this.link.send({ kind: "ready", reason: "display" });
    this.late.push(window.setTimeout(() => this.slow("Waiting for the kernel; it answers between two cells"), 2500));
    this.late.push(window.setTimeout(() => this.slow("No answer from the kernel. Is it running? Run the cell again to draw the map"), 20_000));
  }

  private slow(text: string): void {
    if (this.state.meta) return;
    this.waiting = text;
    this.changed("state");
  }

  close(): void {
    this.link.close();
    this.model.off("change:selected", this.onSelected as never);
    this.late.forEach(clearTimeout);
    cancelAnimationFrame(this.frame);
  }

  /** Note what changed; the parts hear of it once, in the next frame. */
  changed(...what: Change[]): void {
    for (const change of what) this.changes.add(change);
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      const changes = this.changes;
      this.changes = new Set();
      if (changes.has("data") || changes.has("selection") || changes.has("filters")) this.relevel();
      for (const part of this.parts) part.update(changes);
    });
  }

  private relevel(): void {
    if (this.level.length !== this.state.n) this.level = new Uint8Array(this.state.n);
    // few selected are ringed; fading everything else for them would hide where they are
    const mask = this.selected.length > FEW ? this.mask : null;
    this.passing = setLevels(this.level, this.state.columns, this.filters, mask, this.emphasis);
  }

  // ---- from Python ------------------------------------------------------------------------------------------------

  snapshot(message: Snapshot, buffers: readonly unknown[]): void {
    // a snapshot for everybody that is older than what is here was overtaken
    if (message.stream === this.state.stream && message.seq < this.state.seq) return;
    try {
      this.state.snapshot(message, buffers);
    } catch (error) {
      this.malformed(error as Error);
      return;
    }
    this.filters = message.meta.filters;
    this.pending.clear();
    this.trouble = "";
    this.hover = this.focus = -1;
    this.takeSelection();
    this.changed("data", "labels", "meta", "selection", "filters", "state");
  }

  delta(message: Delta, buffers: readonly unknown[]): void {
    if (!this.state.meta) return;
    let outcome: string;
    try {
      outcome = this.state.delta(message, buffers);
    } catch (error) {
      this.malformed(error as Error);
      return;
    }
    if (outcome === "gap") {
      const stale = message.stream === this.state.stream && message.seq <= this.state.seq;
      if (!stale) this.resync("gap");
      return;
    }
    if (message.cause !== this.link.client) this.filters = message.meta.filters;
    this.pending.clear();
    this.acknowledge();
    this.changed("meta", "filters", "state", ...(message.columns.length ? (["data"] as const) : []));
  }

  /** Say now and then that somebody is here; every message keeps a busy kernel from its work. */
  private acknowledge(): void {
    const now = performance.now();
    if (now - this.lastAck < ACK_EVERY) return;
    this.lastAck = now;
    this.link.send({ kind: "ack", seq: this.state.seq });
  }

  problem(message: Problem): void {
    this.pending.clear();
    this.trouble = message.text;
    this.changed("state");
  }

  malformed(error: Error): void {
    this.trouble = `A message from the kernel could not be read (${error.message}). The picture may be old.`;
    this.changed("state");
    this.resync("malformed");
  }

  private resync(reason: "gap" | "malformed"): void {
    const now = performance.now();
    if (now - this.lastResync < (reason === "gap" ? 300 : 10_000)) return;
    this.lastResync = now;
    this.link.send({ kind: "ready", reason });
  }

  // ---- what the user does -----------------------------------------------------------------------------------------

  set(field: SetControl["field"], value: SetControl["value"]): void {
    this.pending.add(field);
    this.link.send({ kind: "set", field, value });
    this.changed("state");
  }

  setFilters(change: Partial<Filters>): void {
    this.filters = { ...this.filters, ...change };
    this.link.send({ kind: "set", field: "filters", value: this.filters });
    this.changed("filters");
  }

  clearFilters(): void {
    if (filtering(this.filters)) this.setFilters(NO_FILTERS);
  }

  setEmphasis(label: number): void {
    if (this.emphasis === label) return;
    this.emphasis = label;
    this.changed("filters");
  }

  setHover(row: number): void {
    if (this.hover === row) return;
    this.hover = row;
    this.changed("hover");
  }

  setFocus(row: number): void {
    this.focus = row;
    this.hover = row;
    this.changed("hover");
  }

  select(rows: Int32Array, how: Combine = "replace"): void {
    this.place(combine(this.selected, rows, how, this.state.n));
    const [row] = this.selected;
    if (row !== undefined && this.selected.length === 1) this.choosing(row);
    this.token++;
    this.link.send({ kind: "select", token: this.token }, [encodeRows(this.selected)]);
  }

  private place(rows: Int32Array): void {
    this.selected = rows;
    this.mask = maskOf(rows, this.state.n);
    this.changed("selection");
  }

  /** Take the selection as Python has it, unless it answers a click that is not the last. */
  private takeSelection(): void {
    const [client, token] = String(this.model.get("_selected_from") ?? "").split(" ");
    if (client === this.link.client && Number(token) < this.token) return;
    const value = this.model.get("selected");
    const rows = value ? decodeRows(value, this.state.n) : empty;
    if (!same(rows, this.selected) || (this.mask?.length ?? 0) !== this.state.n) this.place(rows);
  }

  /** Everything the filters leave. */
  get passingRows(): Int32Array {
    const level = new Uint8Array(this.state.n);
    setLevels(level, this.state.columns, this.filters, null, -1);
    return rowsOf(level.map((value) => (value === FULL ? 1 : 0)));
  }

  get meta(): Meta | null {
    return this.state.meta;
  }
}
