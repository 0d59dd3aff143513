// What is known of the point under the pointer: at once from the browser, the rest when Python has answered.

import type { App, Change, Part } from "../app";
import { h, name, say, show } from "../../shared/dom";
import { paint, type Pictures } from "./thumbnails";
import type { Details } from "../data/protocol";
import { format } from "../data/scale";
import type { Scatter } from "../scatter/scatter";

const SIDE = 72;
const ASK_AFTER = 70; // a pointer that only passes asks nothing

export class Tooltip implements Part {
  readonly element = h("div", { class: "xw-tip", hidden: true, role: "tooltip" });
  /** For screen readers: the point the keyboard is at. */
  readonly spoken = h("div", { class: "xw-sr", "aria-live": "polite" });
  private row = -1;
  private details: Details | null = null;
  private timer = 0;

  constructor(
    private readonly app: App,
    private readonly plot: Scatter,
    private readonly pictures: Pictures,
  ) {
    pictures.arrived.push(() => this.row >= 0 && this.render());
  }

  update(changes: ReadonlySet<Change>): void {
    if (!changes.has("hover") && !changes.has("data") && !changes.has("meta")) return;
    const row = this.app.meta?.view === "map" ? this.app.hover : -1;
    if (row === this.row && !changes.has("data")) return;
    this.row = row;
    this.details = null;
    clearTimeout(this.timer);
    show(this.element, row >= 0);
    if (row < 0) return;
    this.timer = window.setTimeout(() => void this.fetch(row), ASK_AFTER);
    this.render();
  }

  private async fetch(row: number): Promise<void> {
    if (this.app.meta?.samples) this.pictures.get(row);
    const answer = await this.app.link.ask("details", (id) => ({ kind: "details", id, row }));
    if (!answer || answer.message.row !== row || this.row !== row) return;
    this.details = answer.message;
    this.render();
    if (this.app.focus === row) this.speak(answer.message);
  }

  private speak(details: Details): void {
    const values = details.values.map((one) => `${one.name} ${one.value === null ? "no value" : format(one.value, one.unit)}`);
    say(this.spoken, `Instance ${details.index}, label ${details.label}${details.prediction ? `, predicted ${details.prediction}` : ""}, ${values.slice(0, 4).join(", ")}`);
  }

  private render(): void {
    const { row, details, app } = this;
    const meta = app.meta;
    if (!meta || row < 0) return;
    const parts: Node[] = [];
    const card = meta.samples ? this.pictures.get(row) : null;
    if (meta.samples) {
      const box = h("div", { class: "xw-tip-picture" });
      if (card?.image) {
        const canvas = h("canvas");
        paint(canvas, card.image, SIDE);
        box.append(canvas);
      }
      parts.push(box);
    }
    const head = h("div", { class: "xw-tip-head" }, h("b", {}, "#", name(details?.index ?? app.state.indexName(row), 40)));
    head.append(" ", name(app.state.labelName(row), 40));
    const body = h("div", {}, head, h("div", { class: "xw-tip-said" }, ...this.said()), this.table());
    parts.push(body);
    this.element.replaceChildren(...parts);
    this.place();
  }

  private said(): (Node | string)[] {
    if (!this.details) return ["\u2026"];
    const { prediction } = this.details;
    return prediction ? ["predicted ", name(prediction, 40, "name strong")] : ["no prediction"];
  }

  private table(): HTMLElement {
    const { app, row, details } = this;
    const { x, y } = app.meta!;
    const values = details
      ? details.values
      : [x, y].map((axis, i) => ({ name: axis.text, unit: axis.unit, value: app.state.value(i === 0 ? "x" : "y", row) }));
    const table = h("dl");
    for (const one of values.slice(0, 12)) {
      table.append(h("dt", {}, one.name), h("dd", {}, one.value === null ? "no value" : format(one.value, one.unit)));
    }
    return table;
  }

  /** Beside the point, on the side where there is room. */
  private place(): void {
    const { x, y } = this.app.state.columns;
    const t = this.plot.pixels;
    const [px, py] = [x[this.row]! * t.ax + t.bx, y[this.row]! * t.ay + t.by];
    const box = this.element.parentElement!.getBoundingClientRect();
    const [w, hh] = [this.element.offsetWidth, this.element.offsetHeight];
    const left = px + 14 + w > box.width ? px - 14 - w : px + 14;
    const top = Math.min(Math.max(4, py - hh / 2), Math.max(4, box.height - hh - 4));
    this.element.style.left = `${Math.max(4, left)}px`;
    this.element.style.top = `${top}px`;
  }

  close(): void {
    clearTimeout(this.timer);
  }
}
