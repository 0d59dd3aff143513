// The selected instances as cards in a row: only those in sight exist and are fetched, so that a hundred thousand cost nothing.

import type { App, Change, Part } from "../app";
import { button, h, name, say, show } from "../../shared/dom";
import { type Card, paint, type Pictures } from "./thumbnails";
import { count, format } from "../data/scale";
import { Word } from "./axis_menus";
import { type Order, ORDERS, sortRows } from "../data/order";

const WIDTH = 92;
/** So many are explained beside the map as soon as they are selected. */
const FEW = 4;
const SIDE = 64;
/** Browsers cannot scroll through more pixels than this many cards have. */
const MOST = 100_000;

interface Slot {
  element: HTMLElement;
  shown: string;
}

export class Strip implements Part {
  readonly element = h("div", { class: "xw-strip", hidden: true });
  private readonly scroller = h("div", { class: "xw-cards" });
  private readonly track = h("div", { class: "xw-track", role: "listbox", "aria-label": "Selected instances", tabindex: "0", "aria-orientation": "horizontal" });
  /** The buttons of the card pointed at, or else of the current one: a list's entries may not hold buttons themselves. */
  private readonly actions = h("div", { class: "xw-card-actions" });
  private pointed = -1;
  private readonly slots = new Map<number, Slot>();
  private readonly said = h("span", { class: "xw-quiet" });
  private readonly by: Word;
  private readonly direction: Word;
  private readonly explain: HTMLButtonElement;
  private readonly pin: HTMLButtonElement;
  private order: Order = "x";
  private ascending = true;
  private rows: Int32Array = new Int32Array(0);
  /** The selection these rows are of: a key may come before the frame that shows a new one. */
  private of: Int32Array = this.rows;
  private at = 0;
  private readonly observer = new ResizeObserver(() => this.render());

  constructor(
    private readonly app: App,
    private readonly pictures: Pictures,
  ) {
    this.by = new Word("Sort the selected by", (value) => this.sortBy(value as Order, this.ascending));
    this.direction = new Word("Order of the selected", (value) => this.sortBy(this.order, value === "low"));
    const act = (action: "pin" | "explain") => (): void => this.act(action, this.pointed >= 0 ? this.pointed : this.at);
    this.explain = button("Explain", "xw-word", act("explain"), "Explain this instance");
    this.pin = button("Pin", "xw-word", act("pin"), "Pin this instance to the history");
    this.actions.append(this.explain, this.pin);
    this.scroller.append(this.track, this.actions);
    this.scroller.addEventListener("pointerleave", () => this.point(-1));
    this.element.append(h("div", { class: "xw-strip-head" }, this.said, " sorted by ", this.by.element, ", ", this.direction.element, " first"), this.scroller);
    this.scroller.addEventListener("scroll", () => this.render(), { passive: true });
    this.track.addEventListener("keydown", (event) => this.key(event));
    pictures.arrived.push(() => this.render());
    this.observer.observe(this.scroller);
  }

  update(changes: ReadonlySet<Change>): void {
    const { app } = this;
    const meta = app.meta;
    show(this.element, meta !== null && app.selected.length > 0);
    this.element.toggleAttribute("data-few", app.selected.length <= FEW);
    if (!meta || app.selected.length === 0) return;
    if (changes.has("selection") || changes.has("labels")) this.refill(changes.has("selection"));
    else if (changes.has("data") || changes.has("meta")) {
      // nothing moves away under the hand
      if (this.scroller.matches(":hover, :focus-within")) this.render();
      else this.refill(false);
    } else if (changes.has("size") || changes.has("theme")) this.render();
  }

  private sortBy(order: Order, ascending: boolean): void {
    this.order = order;
    this.ascending = ascending;
    this.refill(true);
  }

  private refill(rewind: boolean): void {
    const meta = this.app.meta!;
    const axes: Partial<Record<Order, string>> = { x: meta.x.text, y: meta.y.text };
    this.by.set(ORDERS.map((value) => ({ value, text: axes[value] ?? value })), this.order);
    this.direction.set([{ value: "low", text: "lowest" }, { value: "high", text: "highest" }], this.ascending ? "low" : "high");
    this.of = this.app.selected;
    this.rows = sortRows(this.app.selected, this.app.state.columns, this.order, this.ascending).subarray(0, MOST);
    say(this.said, this.app.selected.length > MOST ? `First ${count(MOST)} of ${count(this.app.selected.length)}` : `${count(this.rows.length)} selected`);
    this.track.style.width = `${this.rows.length * WIDTH}px`;
    this.at = Math.min(this.at, this.rows.length - 1);
    if (rewind) {
      this.at = 0;
      this.scroller.scrollLeft = 0;
    }
    this.render();
  }

  private render(): void {
    // hosts take pages apart for a moment, when the theme changes for instance: what was there stays
    if (this.element.hidden || this.scroller.clientWidth === 0) return;
    const first = Math.max(0, Math.floor(this.scroller.scrollLeft / WIDTH) - 1);
    const last = Math.min(this.rows.length, Math.ceil((this.scroller.scrollLeft + this.scroller.clientWidth) / WIDTH) + 1);
    for (const [i, slot] of this.slots) {
      if (i >= first && i < last) continue;
      slot.element.remove();
      this.slots.delete(i);
    }
    for (let i = first; i < last; i++) this.fill(this.slots.get(i) ?? this.slot(i), i);
    this.track.classList.toggle("xw-predicted", this.track.querySelector(".xw-guess") !== null);
    this.track.setAttribute("aria-activedescendant", `${this.app.link.client}-${this.at}`);
    this.place();
  }

  /** An element for the i-th card; it stays while its contents change, under the pointer and for screen readers. */
  private slot(i: number): Slot {
    const element = h("div", { class: "xw-card", role: "option", id: `${this.app.link.client}-${i}` });
    element.style.left = `${i * WIDTH}px`;
    element.addEventListener("pointerenter", () => this.point(i));
    element.addEventListener("click", () => this.moveTo(i));
    const made = { element, shown: "" };
    this.slots.set(i, made);
    this.track.append(element);
    return made;
  }

  private fill(slot: Slot, i: number): void {
    const row = this.rows[i]!;
    const card = this.pictures.get(row);
    slot.element.setAttribute("aria-selected", String(i === this.at));
    const score = this.score(row);
    const shown = JSON.stringify([row, card, card?.image ? 1 : 0, score.textContent, this.app.state.labelName(row)]);
    if (shown === slot.shown) return;
    slot.shown = shown;
    slot.element.dataset["row"] = String(row);
    slot.element.replaceChildren(...this.picture(card), ...this.lines(row, card), score);
  }

  private point(i: number): void {
    this.pointed = i;
    this.app.setHover(i >= 0 ? this.rows[i]! : -1);
    this.place();
  }

  private place(): void {
    show(this.explain, this.app.meta?.explain === true);
    show(this.pin, this.app.meta?.pin === true);
    this.actions.style.left = `${(this.pointed >= 0 ? this.pointed : this.at) * WIDTH}px`;
  }

  private act(action: "pin" | "explain", i: number): void {
    const row = this.rows[i];
    if (row !== undefined) this.app.link.send({ kind: "act", action, rows: [row] });
  }

  private picture(card: Card | null): Node[] {
    if (!this.app.meta?.samples) return [];
    const box = h("div", { class: "xw-picture" });
    if (card?.image) {
      const canvas = h("canvas");
      paint(canvas, card.image, SIDE);
      box.append(canvas);
    } else if (card) box.append(h("span", { class: "xw-quiet" }, "no image"));
    return [box];
  }

  private lines(row: number, card: Card | null): Node[] {
    const { app } = this;
    const index = h("div", { class: "xw-index" }, "#", name(card?.index ?? app.state.indexName(row), 24));
    const label = h("div", { class: "xw-of" }, name(app.state.labelName(row) || "no label", 24));
    const guess = card?.prediction ?? "";
    const wrong = guess !== "" && guess !== app.state.labelName(row);
    if (guess === "") return [index, label];
    const predicted = h("div", { class: wrong ? "xw-of xw-guess xw-wrong" : "xw-of xw-guess" }, "\u2192 ", name(guess, 24));
    return [index, label, predicted];
  }

  private score(row: number): HTMLElement {
    const axis = this.order === "y" ? "y" : "x";
    return h("div", { class: "xw-number" }, format(this.app.state.value(axis, row), this.app.meta![axis].unit));
  }

  close(): void {
    this.observer.disconnect();
  }

  private moveTo(i: number): void {
    this.at = Math.min(Math.max(0, i), this.rows.length - 1);
    const [left, width] = [this.at * WIDTH, this.scroller.clientWidth];
    if (left < this.scroller.scrollLeft) this.scroller.scrollLeft = left;
    else if (left + WIDTH > this.scroller.scrollLeft + width) this.scroller.scrollLeft = left + WIDTH - width;
    this.app.setFocus(this.rows[this.at]!);
    this.render();
  }

  private key(event: KeyboardEvent): void {
    if (this.of !== this.app.selected) this.refill(true);
    const moves: Record<string, number> = { ArrowLeft: this.at - 1, ArrowRight: this.at + 1, Home: 0, End: this.rows.length - 1 };
    const row = this.rows[this.at];
    if (event.key in moves) this.moveTo(moves[event.key]!);
    else if (row === undefined) return;
    else if (event.key === "Delete") this.app.select(Int32Array.of(row), "remove");
    else if ((event.key === "e" || event.key === "Enter") && this.app.meta?.explain) this.act("explain", this.at);
    else if (event.key === "p" && this.app.meta?.pin) this.act("pin", this.at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
