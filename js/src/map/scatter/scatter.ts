// The map itself: three canvases on top of each other (grid, points, marks), drawn only when something changed.

import type { App, Change, Part } from "../app";
import { areaOf, drawAxes, hasRegions, REGIONS, regionWord, valueAt } from "./axes";
import { button, h, say, show, sized } from "../../shared/dom";
import { drawMarks, hasMarks, placeRing } from "./marks";
import { colorTable } from "./colors";
import { inside, nearest, type Polygon } from "../data/pick";
import { recallZoom, rememberZoom } from "../data/memory";
import { LEVELS, NONE16 } from "../data/protocol";
import { Raster, type Scene } from "./raster";
import { type Area, home, transform, type Transform, type Window } from "../data/scale";
import { packedComputed, reducedMotion } from "../../shared/theme";
import { type Box, emptiest } from "./words";

/** Points may be drawn this far outside the axes, so that none is cut. */
const BLEED = 6;
/** How long points glide to their new place, in milliseconds. */
const GLIDE = 200;
/** What drawing may take while something moves, before only a sample is drawn. */
const MOVING_BUDGET = 12;

export class Scatter implements Part {
  readonly element: HTMLElement;
  readonly back = h("canvas");
  readonly points = h("canvas");
  readonly front = h("canvas");
  private readonly pointed = h("div", { class: "xw-ring", hidden: true });
  private readonly current = h("div", { class: "xw-ring xw-current", hidden: true });
  private readonly words: HTMLElement[] = [];
  private raster = new Raster(1, 1);
  private image: ImageData | null = null;
  area: Area = { left: 0, top: 0, width: 100, height: 100 };
  window: Window = { x0: 0, x1: 1, y0: 0, y1: 1 };
  limits: Window = this.window;
  /** A lasso while it is drawn (pixels), and the last one (data units). */
  lasso: number[] = [];
  lastLasso: { x: number; y: number }[] = [];
  private lassoSelection: Int32Array | null = null;
  private axesKey = "";
  private wordsKey = "";
  private glideStart = -1;
  private frame = 0;
  private rest = 0;
  private keeping = 0;
  private fullCost = 8;
  /** Drawings so far and the time of the last, for the tests and the benchmark. */
  drawn = 0;
  lastDraw = 0;

  constructor(private readonly app: App) {
    this.element = h("div", { class: "xw-canvases" }, this.back, this.points, this.front, this.current, this.pointed);
    for (const region of REGIONS) {
      const word = button(region.name, "xw-region", () => this.selectRegion(region), `Select the instances that are ${region.name}`);
      this.words.push(word);
      this.element.append(word);
    }
  }

  update(changes: ReadonlySet<Change>): void {
    const meta = this.app.meta;
    if (!meta) return;
    show(this.element, meta.view === "map");
    if (meta.view !== "map") return;
    if (changes.has("data") || changes.has("meta")) this.fitAxes();
    if (changes.has("data") && this.app.state.before && !reducedMotion()) this.glideStart = performance.now();
    if (changes.has("selection") && this.app.selected !== this.lassoSelection) this.lastLasso = [];
    const all = ["data", "meta", "selection", "filters", "theme", "size"] as const;
    if (all.some((change) => changes.has(change))) this.redraw();
    else if (changes.has("hover")) this.ring();
  }

  /** Keep the zoom while the axes stay the same; else show everything. */
  private fitAxes(): void {
    const { x, y } = this.app.meta!;
    const key = JSON.stringify([x.name, y.name, this.app.meta!.mode]);
    const limits = home(x, y);
    const wasHome = JSON.stringify(this.window) === JSON.stringify(this.limits);
    const kept = this.axesKey === "" ? recallZoom(this.app.state.stream, key, limits) : null;
    if (kept) this.window = kept;
    else if (key !== this.axesKey || wasHome) this.window = limits;
    this.limits = limits;
    this.axesKey = key;
  }

  resize(width: number, height: number): void {
    this.area = areaOf(width, height);
    const ratio = devicePixelRatio;
    const w = Math.round((this.area.width + 2 * BLEED) * ratio);
    const hh = Math.round((this.area.height + 2 * BLEED) * ratio);
    if (this.raster.width !== w || this.raster.height !== hh) this.raster = new Raster(w, hh);
    this.app.changed("size");
  }

  show(window: Window, moving = false): void {
    this.window = window;
    this.redraw(moving);
    clearTimeout(this.keeping);
    this.keeping = globalThis.setTimeout(() => this.keep(), 200);
  }

  private keep(): void {
    const home = JSON.stringify(this.window) === JSON.stringify(this.limits);
    rememberZoom(this.app.state.stream, home ? null : { axes: this.axesKey, window: this.window });
  }

  /** Draw; while something moves a sample is enough, and everything follows when it rests. */
  redraw(moving = false): void {
    if (!this.app.meta) return;
    clearTimeout(this.rest);
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const way = this.glideStart < 0 ? 1 : Math.min(1, (performance.now() - this.glideStart) / GLIDE);
      const busy = moving || way < 1;
      const stride = busy && this.fullCost > MOVING_BUDGET ? Math.ceil(this.fullCost / MOVING_BUDGET) : 1;
      this.paint(way < 1 ? 1 - (1 - way) ** 3 : 1, stride);
      if (way < 1) this.redraw();
      else {
        this.glideStart = -1;
        this.app.state.before = null;
        if (stride > 1) this.rest = window.setTimeout(() => this.redraw(), 140);
      }
    });
  }

  /** From codes to pixels of the plot (CSS pixels). */
  get pixels(): Transform {
    const { x, y } = this.app.meta!;
    return transform(this.window, this.area, x, y, 1);
  }

  private paint(progress: number, stride: number): void {
    const started = performance.now();
    const { app, area } = this;
    const meta = app.meta!;
    const ratio = devicePixelRatio;
    const full = { width: area.left + area.width + 14, height: area.top + area.height + 38 };
    drawAxes(sized(this.back, full.width, full.height, ratio), area, this.window, meta, app.theme, this.marked);
    this.placeWords();
    this.raster.draw(this.scene(progress, ratio), stride);
    this.put(ratio);
    this.mark();
    this.lastDraw = performance.now() - started;
    if (stride === 1) this.fullCost = this.lastDraw;
    this.drawn++;
  }

  private scene(progress: number, ratio: number): Scene {
    const { app } = this;
    const { columns, before, labels } = app.state;
    const meta = app.meta!;
    const inner = { left: BLEED, top: BLEED, width: this.area.width, height: this.area.height };
    return {
      xs: columns.x,
      ys: columns.y,
      from: progress < 1 ? before : null,
      progress,
      codes: meta.color ? columns.color : columns.label,
      lut: colorTable(meta, labels, app.theme),
      sizes: meta.size ? columns.size : null,
      labels: meta.color ? null : columns.label,
      level: app.level,
      dim: packedComputed(app.theme.quiet, app.theme.surface),
      transform: transform(this.window, inner, meta.x, meta.y, ratio),
      ratio,
    };
  }

  private put(ratio: number): void {
    const { raster, points, area } = this;
    if (points.width !== raster.width || points.height !== raster.height || !this.image) {
      points.width = raster.width;
      points.height = raster.height;
      this.image = new ImageData(new Uint8ClampedArray(raster.pixels.buffer as ArrayBuffer), raster.width, raster.height);
    } else if (this.image.data.buffer !== raster.pixels.buffer) {
      this.image = new ImageData(new Uint8ClampedArray(raster.pixels.buffer as ArrayBuffer), raster.width, raster.height);
    }
    points.style.left = `${area.left - BLEED}px`;
    points.style.top = `${area.top - BLEED}px`;
    points.style.width = `${raster.width / ratio}px`;
    points.style.height = `${raster.height / ratio}px`;
    points.getContext("2d")?.putImageData(this.image, 0, 0);
  }

  /** Marks on top: the lasso, the selected, the one pointed at. */
  mark(): void {
    this.ring();
    const { area } = this;
    const some = hasMarks(this, this.app);
    show(this.front, some);
    if (!some) return;
    const context = sized(this.front, area.left + area.width + 14, area.top + area.height + 38, devicePixelRatio);
    drawMarks(context, this, this.app);
  }

  private ring(): void {
    if (!this.app.meta) return;
    placeRing(this.current, this.app, this, this.app.focus);
    placeRing(this.pointed, this.app, this, this.app.hover);
  }

  /** Whether the regions of the cartography are shown. */
  private get marked(): boolean {
    return hasRegions(this.app.meta!) && this.app.state.n > 0;
  }

  /** Put the regions' words where they lie on the fewest points; again only when something moved. */
  private placeWords(): void {
    const { app, area, window } = this;
    const key = JSON.stringify([this.marked, area, window, app.state.stream, app.state.seq, app.meta!.suspects]);
    if (key === this.wordsKey) return;
    this.wordsKey = key;
    const taken: Box[] = [];
    REGIONS.forEach((region, i) => {
      const word = this.words[i]!;
      let at: Box | null = null;
      // where what is known of the labels has no room, the region's name stands alone
      for (const text of new Set([regionWord(region, app.meta!.suspects), region.name])) {
        say(word, text);
        show(word, this.marked);
        const size = { width: word.offsetWidth, height: word.offsetHeight };
        at = this.marked ? emptiest(region, size, area, window, app.state.columns, this.pixels, taken) : null;
        if (at) break;
      }
      show(word, at !== null);
      if (!at) return;
      taken.push(at);
      word.style.left = `${at.left}px`;
      word.style.top = `${at.top}px`;
    });
  }

  private selectRegion(region: (typeof REGIONS)[number]): void {
    const { state, level } = this.app;
    const meta = this.app.meta!;
    const code = (axis: { lo: number; hi: number }, value: number): number => ((value - axis.lo) / (axis.hi - axis.lo)) * LEVELS;
    const [x0, x1] = region.x.map((value) => code(meta.x, value)) as [number, number];
    const [y0, y1] = region.y.map((value) => code(meta.y, value)) as [number, number];
    const rows: number[] = [];
    const { x, y } = state.columns;
    for (let i = 0; i < state.n; i++) {
      if (level[i]! >= 2 && x[i] !== NONE16 && x[i]! >= x0 && x[i]! <= x1 && y[i]! >= y0 && y[i]! <= y1) rows.push(i);
    }
    this.app.select(Int32Array.from(rows));
  }

  pick(px: number, py: number, radius: number): number {
    const { columns } = this.app.state;
    return nearest(columns.x, columns.y, this.app.level, this.pixels, px, py, radius);
  }

  rowsInside(polygon: Polygon): Int32Array {
    const { columns } = this.app.state;
    return inside(columns.x, columns.y, this.app.level, this.pixels, polygon);
  }

  /** Keep a lasso on the picture as long as what it selected stays selected. */
  keepLasso(polygon: Polygon): void {
    this.lastLasso = [];
    for (let i = 0; i + 1 < polygon.length; i += 2) this.lastLasso.push(valueAt(this.window, this.area, polygon[i]!, polygon[i + 1]!));
    this.lassoSelection = this.app.selected;
  }

  close(): void {
    clearTimeout(this.rest);
    clearTimeout(this.keeping);
    cancelAnimationFrame(this.frame);
  }
}
