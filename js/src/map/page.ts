// Puts the parts on the page: sizes, theme, tools and the states in which there is nothing to draw.

import { App, type Change, type Part } from "./app";
import { button, h, icon, say, show } from "../shared/dom";
import { FilterLine } from "./controls/filters";
import { Gestures } from "./scatter/gestures";
import { Head } from "./controls/head";
import { Heat } from "./heatmap/heatmap";
import { HeatGestures } from "./heatmap/gestures";
import { Legend } from "./controls/legend";
import type { Model } from "./data/link";
import style from "./map.css";
import { Pictures } from "./controls/thumbnails";
import { count, fromX, fromY, toX, toY } from "./data/scale";
import { Scatter } from "./scatter/scatter";
import { Sentence } from "./controls/axis_menus";
import { Strip } from "./controls/cards";
import { type Beside, followBeside } from "../shared/beside";
import { tellChosen } from "../shared/chosen";
import { makeFold } from "../shared/fold";
import { keepKeys } from "../shared/keys";
import { watchTheme } from "../shared/theme";
import { Tooltip } from "./controls/tooltip";

const ICONS = { plus: "M8 3v10M3 8h10", minus: "M3 8h10", home: "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3", fold: "M2 4h2M7 4h7M2 8h2M7 8h7M2 12h2M7 12h7", lasso: "M8 3c4 0 5.5 2 5 4.500S9.500 11 6.500 11 2.500 9 3 6.500 5 3 8 3zM6.500 11c-.5 1.500-1.500 2-3 2" };

/** CSS pixels; below this the legend and the filters fold away, and if it is very low the choice of scores with them. */
const TIGHT = { height: 560, width: 480, low: 320 };

export class Page implements Part {
  readonly root = h("section", { class: "xw-map", "aria-label": "Instance map" });
  readonly app: App;
  readonly scatter: Scatter;
  readonly heat: Heat;
  readonly gestures: Gestures;
  private readonly plot = h("div", { class: "xw-plot", tabindex: "0", role: "application", "aria-roledescription": "scatter plot" });
  private readonly state = h("div", { class: "xw-state", role: "status" });
  private readonly trouble = h("div", { class: "xw-trouble", role: "alert", hidden: true });
  private readonly troubleText = h("span");
  private readonly hintLine = h("div", { class: "xw-hint", hidden: true });
  private readonly lasso: HTMLButtonElement;
  private readonly closing = new AbortController();
  private readonly closers: { close(): void }[];
  private hintTimer = 0;
  private dismissed = "";

  constructor(model: Model, host: HTMLElement) {
    const app = (this.app = new App(model));
    host.append(this.root);
    this.root.append(h("style", {}, style));
    app.theme = watchTheme(this.root, (theme) => this.rethemed(theme), this.closing.signal);
    this.scatter = new Scatter(app);
    this.heat = new Heat(app);
    const pictures = new Pictures(app);
    const head = new Head(app, (row) => this.center(row));
    const [sentence, legend, filters] = [new Sentence(app), new Legend(app), new FilterLine(app)];
    const strip = new Strip(app, pictures);
    const tooltip = new Tooltip(app, this.scatter, pictures);
    const hint = (text: string): void => this.hint(text);
    this.gestures = new Gestures(this.plot, this.scatter, app, hint, this.closing.signal);
    new HeatGestures(this.plot, this.heat, app, () => this.gestures.tool === "lasso", hint, this.closing.signal);
    this.lasso = this.tool("lasso", "Select with a lasso (or hold Shift and drag)", () => this.useLasso());
    const fold = this.tool("fold", "Legend and filters", () => undefined);
    makeFold(this.root, fold, "map", () => this.tight(), this.closing.signal);
    const tools = h("div", { class: "xw-tools" }, fold, this.lasso, this.tool("plus", "Zoom in", () => this.zoom(1.6)), this.tool("minus", "Zoom out", () => this.zoom(1 / 1.6)), this.tool("home", "Show everything", () => this.home()));
    this.plot.append(this.scatter.element, this.heat.element, this.state, this.hintLine, tooltip.element);
    const side = h("div", { class: "xw-side" }, tools, legend.element, this.heat.scale);
    this.root.append(head.element, sentence.element, this.trouble, h("div", { class: "xw-stage" }, this.plot, side), filters.element, strip.element, tooltip.spoken);
    this.offerBeside(model, head.element);
    app.parts.push(pictures, this, head, sentence, legend, this.scatter, this.heat, filters, strip, tooltip);
    this.closers = [pictures, strip, tooltip, this.scatter, this.heat, app];
    this.trouble.append(this.troubleText, button("Dismiss", "xw-word", () => this.dismiss()));
    app.choosing = (row) => this.choosing(row);
    this.watchSize();
    this.watchKeys();
    this.update(new Set(["state"]));
    app.start();
  }

  /** A map that stands alone can be opened beside the notebook. */
  private offerBeside(model: Model, place: HTMLElement): void {
    const read = (): Beside | null => (model.get("beside_state") as Beside | null | undefined) ?? null;
    if (!read()) return;
    const open = button("Open beside", "xw-word xw-open", () => {
      model.set?.("beside_asked", Number(model.get("beside_asked") ?? 0) + 1);
      model.save_changes?.();
    });
    open.title = "Show it in a pane of its own beside the notebook";
    const line = h("span", { hidden: true });
    place.append(open, line);
    const { signal } = this.closing;
    const changed = followBeside(this.root, line, read, signal);
    model.on("change:beside_state", changed as never);
    signal.addEventListener("abort", () => model.off("change:beside_state", changed as never));
  }

  private choosing(row: number): void {
    const { state } = this.app;
    if (state.indexName(row)) tellChosen(this.root, { text: `#${state.indexName(row)}`, note: state.labelName(row) });
  }

  private rethemed(theme: App["theme"]): void {
    this.app.theme = theme;
    this.app.changed("theme");
  }

  private tool(kind: keyof typeof ICONS, name: string, act: () => void): HTMLButtonElement {
    const made = button("", "xw-tool", act, name);
    made.append(icon(ICONS[kind]));
    return made;
  }

  private dismiss(): void {
    this.dismissed = this.troubleText.textContent ?? "";
    this.app.trouble = "";
    this.app.changed("state");
  }

  private useLasso(): void {
    this.gestures.tool = this.gestures.tool === "lasso" ? "move" : "lasso";
    this.lasso.setAttribute("aria-pressed", String(this.gestures.tool === "lasso"));
    this.plot.classList.toggle("xw-lassoing", this.gestures.tool === "lasso");
  }

  /** Whether legend and filters would leave the points no room: only a dashboard that fits into one screen is ever so low. */
  private tight(): boolean {
    return !!this.root.closest('[data-layout="screen"]') && (this.root.clientHeight < TIGHT.height || this.root.clientWidth < TIGHT.width);
  }

  private zoom(factor: number): void {
    if (this.app.meta?.view === "history") this.heat.zoom(factor, 0.5);
    else this.gestures.zoomBy(factor);
  }

  private home(): void {
    if (this.app.meta?.view === "history") this.heat.rows(0, this.heat.total);
    else this.scatter.show(this.scatter.limits);
  }

  /** Bring a point into view, at the zoom there is. */
  private center(row: number): void {
    const { scatter, app } = this;
    const [x, y] = [app.state.value("x", row), app.state.value("y", row)];
    const { area, window, limits } = scatter;
    const [px, py] = [toX(window, area, x), toY(window, area, y)];
    const inside = px >= area.left && px <= area.left + area.width && py >= area.top && py <= area.top + area.height;
    if (inside || Number.isNaN(x) || Number.isNaN(y)) return;
    const [dx, dy] = [x - fromX(window, area, area.left + area.width / 2), y - fromY(window, area, area.top + area.height / 2)];
    const moved = { x0: window.x0 + dx, x1: window.x1 + dx, y0: window.y0 + dy, y1: window.y1 + dy };
    scatter.show({ x0: Math.max(limits.x0, moved.x0), x1: Math.min(limits.x1, moved.x1), y0: Math.max(limits.y0, moved.y0), y1: Math.min(limits.y1, moved.y1) });
  }

  hint(text: string): void {
    say(this.hintLine, text);
    show(this.hintLine, true);
    clearTimeout(this.hintTimer);
    this.hintTimer = window.setTimeout(() => show(this.hintLine, false), 1600);
  }

  /** Show where the focus is to those who use the keyboard, also where a script put it. */
  private watchKeys(): void {
    const { signal } = this.closing;
    keepKeys(this.root, signal, () => true);
    this.root.addEventListener("keydown", () => (this.root.dataset["keys"] = "true"), { signal, capture: true });
    this.root.addEventListener("keyup", (event) => event.key === "Tab" && (this.root.dataset["keys"] = "true"), { signal });
    this.root.addEventListener("pointerdown", () => delete this.root.dataset["keys"], { signal, capture: true });
  }

  private watchSize(): void {
    const observer = new ResizeObserver(() => this.resized());
    observer.observe(this.plot);
    const density = (): void => {
      matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener("change", () => { this.resized(); density(); }, { once: true, signal: this.closing.signal });
    };
    density();
    this.closing.signal.addEventListener("abort", () => observer.disconnect());
    this.resized();
  }

  private resized(): void {
    const { clientWidth, clientHeight } = this.plot;
    if (clientWidth === 0 || clientHeight === 0) return;
    this.root.dataset["low"] = String(this.root.clientHeight < TIGHT.low);
    this.scatter.resize(clientWidth, clientHeight);
    this.heat.resize(clientWidth, clientHeight);
  }

  update(changes: ReadonlySet<Change>): void {
    const { app } = this;
    const { meta, state } = app;
    if (meta) this.root.style.setProperty("--xw-height", `${meta.height}px`);
    const text = stateText(app);
    say(this.state, text);
    show(this.state, text !== "");
    const trouble = app.trouble || meta?.note || "";
    show(this.trouble, trouble !== "" && trouble !== this.dismissed);
    say(this.troubleText, trouble);
    this.root.classList.toggle("xw-empty", text !== "");
    this.root.dataset["seq"] = String(state.seq);
    if (meta && (changes.has("data") || changes.has("meta") || changes.has("selection"))) {
      const what = meta.view === "map" ? `${meta.y.text} by ${meta.x.text}` : `history of ${meta.metric}`;
      this.plot.setAttribute("aria-label", `${what}, ${count(state.n)} instances, ${count(app.selected.length)} selected. Arrow keys go from point to point, Enter selects, plus and minus zoom.`);
    }
  }

  close(): void {
    this.closing.abort();
    clearTimeout(this.hintTimer);
    this.closers.forEach((part) => part.close());
    this.root.remove();
  }
}

/** What to say where there is nothing to draw. */
function stateText(app: App): string {
  const { meta, state } = app;
  if (!meta) return app.waiting;
  if (state.n === 0) return `Nothing recorded on ${meta.mode || "this tracker"} yet. The map fills as soon as tracker.record(...) is called.`;
  if (meta.view === "map" && meta.missing >= state.n) {
    return `No instance has ${meta.y.text} and ${meta.x.text} yet. Choose other scores, or record what they need.`;
  }
  return "";
}
