// The second form: every instance a row, every epoch a column. Python sends at most as many bands as there are pixels; the
// overview stays here, so that zooming and moving show something at once and are sharpened when the answer comes.

import type { App, Change, Part } from "../app";
import { bytesOf } from "../data/codec";
import { scaleTable } from "../scatter/colors";
import { h, name, say, show, sized } from "../../shared/dom";
import { drawHeatAxes, HEAT_MARGIN } from "./axes";
import { recallRows, rememberRows, type Rows } from "../data/memory";
import type { Tile } from "../data/protocol";
import { type Area, count, format } from "../data/scale";
import { scaleBar } from "../controls/legend";

export interface Drawn {
  tile: Tile;
  image: HTMLCanvasElement;
  values: Uint8Array;
  chosen: Uint8Array;
}

const ASK_AFTER = 90;
/** At most this many bands are asked for. */
const BANDS = 600;

export class Heat implements Part {
  readonly element: HTMLElement;
  readonly canvas = h("canvas");
  readonly readout = h("div", { class: "xw-readout", role: "status" });
  readonly scale = h("div", { class: "xw-scale xw-heat-scale" });
  area: Area = { left: 0, top: 0, width: 100, height: 100 };
  /** Rows of the sorted order that are shown. */
  row0 = 0;
  row1 = 1;
  total = 0;
  private overview: Drawn | null = null;
  private current: Drawn | null = null;
  private timer = 0;
  private frame = 0;
  private order = "";
  /** Rows to go back to, from before a reload. */
  private kept: Rows | null = null;
  private keeping = 0;
  private size = { width: 100, height: 100 };

  constructor(private readonly app: App) {
    this.element = h("div", { class: "xw-heat" }, this.canvas, this.readout);
  }

  update(changes: ReadonlySet<Change>): void {
    const meta = this.app.meta;
    const active = meta?.view === "history";
    show(this.element, active);
    show(this.scale, active && this.overview !== null);
    if (!meta || !active) return;
    const order = JSON.stringify([meta.metric, meta.sort, meta.descending, meta.mode, this.app.state.stream]);
    if (order !== this.order) {
      this.kept = this.order === "" ? recallRows(this.app.state.stream, order) : null;
      this.order = order;
      this.overview = this.current = null;
      this.row0 = this.row1 = this.total = 0;
      this.ask(0);
    } else if (changes.has("data") || changes.has("meta") || changes.has("selection")) this.ask(ASK_AFTER);
    if (changes.has("size") || changes.has("theme")) this.redraw();
  }

  resize(width: number, height: number): void {
    this.size = { width, height };
    this.area = { left: HEAT_MARGIN.left, top: HEAT_MARGIN.top, width: Math.max(40, width - HEAT_MARGIN.left - HEAT_MARGIN.right), height: Math.max(40, height - HEAT_MARGIN.top - HEAT_MARGIN.bottom) };
    this.redraw();
  }

  /** Ask for what is shown, once the hand rests. */
  private ask(after: number): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.fetch(), after);
  }

  private async fetch(): Promise<void> {
    const bins = Math.max(1, Math.min(BANDS, Math.round(this.area.height * Math.min(2, devicePixelRatio))));
    const whole = this.total === 0 || (this.row0 === 0 && this.row1 === this.total);
    const { row0, row1 } = this;
    const answer = await this.app.link.ask("tile", (id) => ({ kind: "tile", id, row0: whole ? 0 : row0, row1: whole ? 0 : row1, bins }));
    if (!answer) return;
    const drawn = draw(answer.message, bytesOf(answer.buffers[0]), bytesOf(answer.buffers[1]), this.app.theme.dark);
    if (this.total !== answer.message.total && whole) {
      this.row0 = 0;
      this.row1 = answer.message.total;
    }
    this.total = answer.message.total;
    if (whole) this.overview = drawn;
    this.current = drawn;
    const { metric, lo, hi, unit, clipped } = answer.message;
    this.scale.replaceChildren(...scaleBar(metric, lo, hi, unit, this.app.theme.dark, clipped));
    show(this.scale, true);
    this.redraw();
    const { kept } = this;
    this.kept = null;
    if (kept && kept.row1 <= this.total) this.rows(kept.row0, kept.row1);
  }

  redraw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    const meta = this.app.meta;
    if (!meta || meta.view !== "history") return;
    const context = sized(this.canvas, this.size.width, this.size.height, devicePixelRatio);
    if (!this.overview) return;
    const { area } = this;
    const columns = this.columns();
    context.imageSmoothingEnabled = false;
    context.save();
    context.beginPath();
    context.rect(area.left, area.top, area.width, area.height);
    context.clip();
    this.place(context, this.overview, columns);
    if (this.current && this.current !== this.overview) this.place(context, this.current, columns);
    context.restore();
    drawHeatAxes(context, this, this.app, this.current ?? this.overview, columns);
  }

  /** How many epochs wide the picture is: as long as the run will be. */
  columns(): number {
    const seen = this.overview?.tile.epochs ?? [];
    const last = seen.length > 0 ? seen[seen.length - 1]! : 1;
    return Math.max(last, this.app.meta?.epochs ?? 0);
  }

  private place(context: CanvasRenderingContext2D, drawn: Drawn, columns: number): void {
    const { tile, image } = drawn;
    if (tile.epochs.length === 0 || tile.bins === 0) return;
    const { area } = this;
    const perRow = area.height / Math.max(1, this.row1 - this.row0);
    const top = area.top + (tile.row0 - this.row0) * perRow;
    const tall = (tile.row1 - tile.row0) * perRow;
    tile.epochs.forEach((epoch, i) => {
      const next = tile.epochs[i + 1] ?? epoch + (i > 0 ? epoch - tile.epochs[i - 1]! : 1);
      const left = area.left + ((epoch - 1) / columns) * area.width;
      const right = area.left + (Math.min(next - 1, columns) / columns) * area.width;
      const x = Math.round(left);
      context.drawImage(image, i, 0, 1, tile.bins, x, top, Math.max(1, Math.round(right) - x), tall);
    });
  }

  /** Show other rows: within the data, never less than one. */
  rows(row0: number, row1: number): void {
    const size = Math.min(this.total, Math.max(1, row1 - row0));
    const first = Math.min(Math.max(0, row0), this.total - size);
    this.row0 = Math.round(first);
    this.row1 = Math.min(this.total, Math.max(this.row0 + 1, Math.round(first + size)));
    this.redraw();
    this.ask(ASK_AFTER);
    clearTimeout(this.keeping);
    this.keeping = window.setTimeout(() => this.keep(), 200);
  }

  private keep(): void {
    const { order, row0, row1 } = this;
    rememberRows(this.app.state.stream, row0 === 0 && row1 === this.total ? null : { order, row0, row1 });
  }

  zoom(factor: number, at: number): void {
    if (this.total === 0) return;
    const size = (this.row1 - this.row0) / factor;
    const row = this.row0 + at * (this.row1 - this.row0);
    const made = factor > 1 ? Math.floor(size) : Math.ceil(size);
    this.rows(row - at * made, row - at * made + made);
  }

  pan(share: number): void {
    const shift = Math.round(share * (this.row1 - this.row0)) || Math.sign(share);
    this.rows(this.row0 + shift, this.row1 + shift);
  }

  /** Rows of the sorted order under a band of the picture. */
  rowsAt(y0: number, y1: number): [number, number] {
    const row = (y: number): number => this.row0 + Math.floor(((y - this.area.top) / this.area.height) * (this.row1 - this.row0));
    const inside = (value: number): number => Math.min(Math.max(value, this.row0), this.row1 - 1);
    return [inside(row(Math.min(y0, y1))), inside(row(Math.max(y0, y1))) + 1];
  }

  /** Say what is under the pointer. */
  point(x: number, y: number): void {
    const drawn = this.current ?? this.overview;
    const epoch = Math.floor(((x - this.area.left) / this.area.width) * this.columns()) + 1;
    if (!drawn || y < this.area.top || y > this.area.top + this.area.height || x < this.area.left) {
      say(this.readout, "");
      return;
    }
    const { tile, values } = drawn;
    const [row] = this.rowsAt(y, y);
    const band = Math.floor(((row - tile.row0) / Math.max(1, tile.row1 - tile.row0)) * tile.bins);
    const column = tile.epochs.findIndex((first, i) => epoch >= first && epoch < (tile.epochs[i + 1] ?? first + 1));
    const code = values[band * tile.epochs.length + column] ?? 255;
    const over = code === 254 && tile.clipped ? "\u2265 " : "";
    const value = code === 255 || column < 0 ? "not seen" : over + format(tile.lo + (code / 254) * (tile.hi - tile.lo), tile.unit);
    const first = tile.row0 + Math.round((band * (tile.row1 - tile.row0)) / tile.bins);
    const last = Math.max(first + 1, tile.row0 + Math.round(((band + 1) * (tile.row1 - tile.row0)) / tile.bins));
    const who = tile.names[row - tile.row0];
    this.readout.replaceChildren(
      ...(who !== undefined ? ["#", name(who, 60)] : [last - first > 1 ? `instances ${count(first + 1)} to ${count(last)}, mean` : `instance ${count(first + 1)}`]),
      ` in epoch ${epoch}: ${tile.metric} ${value}`,
    );
  }

  close(): void {
    clearTimeout(this.timer);
    clearTimeout(this.keeping);
    cancelAnimationFrame(this.frame);
  }
}

/** A tile as a picture of one pixel per band and epoch. */
function draw(tile: Tile, values: Uint8Array, chosen: Uint8Array, dark: boolean): Drawn {
  const image = document.createElement("canvas");
  const [wide, tall] = [tile.epochs.length, tile.bins];
  image.width = Math.max(1, wide);
  image.height = Math.max(1, tall);
  const table = scaleTable(dark);
  const pixels = new ImageData(image.width, image.height);
  const words = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < wide * tall; i++) {
    const code = values[i] ?? 255;
    words[i] = code === 255 ? 0 : (0xff000000 | table[code]!) >>> 0;
  }
  image.getContext("2d")?.putImageData(pixels, 0, 0);
  return { tile, image, values, chosen };
}

