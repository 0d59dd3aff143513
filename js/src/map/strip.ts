// The selected instances as cards in a row: only those in sight exist and are fetched, so that a hundred thousand cost nothing.

import type { App, Change, Part } from "./app";
import { button, h, name, say, show } from "./dom";
import { type Card, paint, type Pictures } from "./pictures";
import { count, format } from "./scale";
import { Word } from "./sentence";
import { type Order, ORDERS, sortRows } from "./order";

const WIDTH = 92;
const SIDE = 64;
/** Browsers cannot scroll through more pixels than this many cards have. */
const MOST = 100_000;

export class Strip implements Part {
  readonly element = h("div", { class: "xw-strip", hidden: true });
  private readonly scroller = h("div", { class: "xw-cards", role: "listbox", "aria-label": "Selected instances", tabindex: "0", "aria-orientation": "horizontal" });
  private readonly track = h("div", { class: "xw-track" });
  private readonly said = h("span", { class: "xw-quiet" });
  private readonly by: Word;
  private readonly direction: Word;
  private order: Order = "x";
  private ascending = true;
  private rows: Int32Array = new Int32Array(0);
  private at = 0;
  private readonly observer = new ResizeObserver(() => this.render());

  constructor(
    private readonly app: App,
    private readonly pictures: Pictures,
  ) {
    this.by = new Word("Sort the selected by", (value) => this.sortBy(value as Order, this.ascending));
    this.direction = new Word("Order of the selected", (value) => this.sortBy(this.order, value === "low"));
    this.scroller.append(this.track);
    this.element.append(h("div", { class: "xw-strip-head" }, this.said, " sorted by ", this.by.element, ", ", this.direction.element, " first"), this.scroller);
    this.scroller.addEventListener("scroll", () => this.render(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.key(event));
    pictures.arrived.push(() => this.render());
    this.observer.observe(this.scroller);
  }

  update(changes: ReadonlySet<Change>): void {
    const { app } = this;
    const meta = app.meta;
    show(this.element, meta !== null && app.selected.length > 0);
    if (!meta || app.selected.length === 0) return;
    if (["selection", "data", "meta", "labels"].some((change) => changes.has(change as Change))) this.refill(changes.has("selection"));
    else if (changes.has("size") || changes.has("theme")) this.render();
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
    const cards: Node[] = [];
    for (let i = first; i < last; i++) cards.push(this.card(i));
    this.track.replaceChildren(...cards);
    this.track.classList.toggle("xw-predicted", this.track.querySelector(".xw-guess") !== null);
    this.scroller.setAttribute("aria-activedescendant", `${this.app.link.client}-${this.at}`);
  }

  private card(i: number): HTMLElement {
    const { app } = this;
    const row = this.rows[i]!;
    const known = this.pictures.get(row);
    const made = h("div", { class: "xw-card", role: "option", id: `${app.link.client}-${i}`, "aria-selected": String(i === this.at), "data-row": row });
    made.style.left = `${i * WIDTH}px`;
    made.append(...this.picture(known), ...this.lines(row, known), this.buttons(row));
    made.addEventListener("pointerenter", () => app.setHover(row));
    made.addEventListener("pointerleave", () => app.setHover(-1));
    made.addEventListener("click", () => this.moveTo(i));
    return made;
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
    if (guess === "") return [index, label, this.score(row)];
    const predicted = h("div", { class: wrong ? "xw-of xw-guess xw-wrong" : "xw-of xw-guess" }, "\u2192 ", name(guess, 24));
    return [index, label, predicted, this.score(row)];
  }

  private score(row: number): HTMLElement {
    const axis = this.order === "y" ? "y" : "x";
    return h("div", { class: "xw-number" }, format(this.app.state.value(axis, row), this.app.meta![axis].unit));
  }

  close(): void {
    this.observer.disconnect();
  }

  private buttons(row: number): HTMLElement {
    const { app } = this;
    const box = h("div", { class: "xw-card-actions" });
    const send = (action: "pin" | "explain") => (): void => app.link.send({ kind: "act", action, rows: [row] });
    if (app.meta?.explain) box.append(quiet(button("Explain", "xw-word", send("explain"), "Explain this instance")));
    if (app.meta?.pin) box.append(quiet(button("Pin", "xw-word", send("pin"), "Pin this instance to the history")));
    return box;
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
    const moves: Record<string, number> = { ArrowLeft: this.at - 1, ArrowRight: this.at + 1, Home: 0, End: this.rows.length - 1 };
    const row = this.rows[this.at];
    if (event.key in moves) this.moveTo(moves[event.key]!);
    else if (row === undefined) return;
    else if (event.key === "Delete") this.app.select(Int32Array.of(row), "remove");
    else if ((event.key === "e" || event.key === "Enter") && this.app.meta?.explain) this.app.link.send({ kind: "act", action: "explain", rows: [row] });
    else if (event.key === "p" && this.app.meta?.pin) this.app.link.send({ kind: "act", action: "pin", rows: [row] });
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Cards are walked through with the arrow keys; their buttons are for the pointer and have keys of their own. */
function quiet(made: HTMLButtonElement): HTMLButtonElement {
  made.tabIndex = -1;
  return made;
}
