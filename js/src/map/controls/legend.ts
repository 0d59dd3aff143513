// The labels with their colour, shape and count; or the scale of a colour map. Choosing a label selects its instances.

import type { App, Change, Part } from "../app";
import { cssOf, scaleTable } from "../scatter/colors";
import { button, h, name, show } from "../../shared/dom";
import { OUTLINES, shapeOf } from "../scatter/sprites";
import { type Counts, counts } from "../data/levels";
import { count, format } from "../data/scale";

const MOST = 200;

export class Legend implements Part {
  readonly element = h("div", { class: "xw-legend", role: "group", "aria-label": "Labels" });
  private readonly scale = h("div", { class: "xw-scale" });
  private readonly list = h("div", { class: "xw-labels" });
  private entries: HTMLButtonElement[] = [];
  private known: Counts | null = null;

  constructor(private readonly app: App) {
    this.element.append(this.scale, this.list);
  }

  update(changes: ReadonlySet<Change>): void {
    const { app } = this;
    const meta = app.meta;
    if (!meta) return;
    if (changes.has("labels") || changes.has("data") || changes.has("theme")) this.rebuild();
    const heat = meta.view === "history";
    show(this.list, !heat && app.state.labels.length > 0);
    const axis = heat ? null : meta.color;
    show(this.scale, axis !== null);
    if (axis) this.scale.replaceChildren(...scaleBar(axis.text, axis.lo, axis.hi, axis.unit, app.theme.dark));
    show(this.element, !this.list.hidden || !this.scale.hidden);
    if (changes.has("selection") || changes.has("labels") || changes.has("data")) this.press();
  }

  private rebuild(): void {
    const { labels, columns } = this.app.state;
    this.known = counts(columns, labels.length, 1);
    const order = [...labels.keys()].filter((code) => this.known!.labels[code]! > 0 || this.app.state.n === 0).slice(0, MOST);
    const colored = this.app.meta!.color === null;
    this.entries = order.map((code) => this.entry(code, colored));
    const rest = labels.length - order.length;
    this.list.replaceChildren(...this.entries, ...(rest > 0 ? [h("div", { class: "xw-quiet" }, `and ${count(rest)} more`)] : []));
  }

  private entry(code: number, colored: boolean): HTMLButtonElement {
    const { app } = this;
    const label = app.state.labels[code]!;
    const made = button("", "xw-label", (event) => this.choose(code, event.ctrlKey || event.metaKey || event.shiftKey));
    made.dataset["code"] = String(code);
    const total = this.known!.labels[code]!;
    if (colored) made.append(swatch(code, app.theme.dark ? label.dark : label.light));
    made.append(name(label.name || "no name", 40), h("span", { class: "xw-number" }, count(total)));
    made.addEventListener("pointerenter", () => app.setEmphasis(code));
    made.addEventListener("pointerleave", () => app.setEmphasis(-1));
    return made;
  }

  private choose(code: number, more: boolean): void {
    const { app } = this;
    const rows: number[] = [];
    const { label } = app.state.columns;
    for (let i = 0; i < app.state.n; i++) if (label[i] === code && app.level[i]! >= 2) rows.push(i);
    const pressed = this.entries.find((entry) => entry.dataset["code"] === String(code))?.getAttribute("aria-pressed") === "true";
    app.setEmphasis(-1);
    app.select(Int32Array.from(rows), pressed ? "remove" : more ? "add" : "replace");
  }

  /** An entry is pressed where all of its instances are selected. */
  private press(): void {
    const { app } = this;
    const chosen = new Float64Array(app.state.labels.length);
    for (const row of app.selected) {
      const code = app.state.columns.label[row];
      if (code !== undefined && code < chosen.length) chosen[code]!++;
    }
    for (const entry of this.entries) {
      const code = Number(entry.dataset["code"]);
      const all = chosen[code]! > 0 && chosen[code] === this.known?.labels[code];
      entry.setAttribute("aria-pressed", String(all));
    }
  }
}

/** The colour and the shape of a label. */
export function swatch(code: number, color: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "-1.3 -1.3 2.6 2.6");
  svg.setAttribute("width", "13");
  svg.setAttribute("height", "13");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", OUTLINES[shapeOf(code)]);
  path.style.fill = color;
  svg.append(path);
  return svg;
}

/** A colour scale with its ends. */
export function scaleBar(title: string, lo: number, hi: number, unit: string, dark: boolean, clipped = false): HTMLElement[] {
  const table = scaleTable(dark);
  const stops = [0, 32, 64, 96, 128, 160, 192, 224, 254].map((k) => cssOf(table[k]!));
  const bar = h("div", { class: "xw-bar" });
  bar.style.backgroundImage = `linear-gradient(to right, ${stops.join(", ")})`;
  const ends = h("div", { class: "xw-ends" }, h("span", {}, format(lo)), h("span", {}, `${clipped ? "\u2265 " : ""}${format(hi, unit)}`));
  return [h("div", { class: "xw-quiet" }, title), bar, ends];
}
