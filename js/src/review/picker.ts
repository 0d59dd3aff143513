// Type to find a label among thousands, and take it with Enter.

import { button, h, mark, name, say, show } from "../shared/dom";
import { find } from "./find";
import type { Label } from "./state";

const RECENT = 5;

export class Picker {
  readonly element = h("div", { class: "xaiw-picker", hidden: true });
  private readonly field = h("input", {
    type: "text", role: "combobox", "aria-expanded": "true", "aria-autocomplete": "list", "aria-label": "Find a label by its name",
    placeholder: "Type a part of the label", spellcheck: "false", autocomplete: "off",
  });
  private readonly list = h("ul", { role: "listbox", "aria-label": "Labels" });
  private readonly more = h("div", { class: "xaiw-quiet", role: "status" });
  private readonly id = `xaiw-picker-${Math.random().toString(36).slice(2, 8)}`;
  private labels: Label[] = [];
  private first: string[] = [];
  private readonly recent: string[] = [];
  private leftOut = 0;
  private shown: Label[] = [];
  private at = 0;
  private take: (key: string) => void = () => undefined;

  constructor(private readonly ended: () => void) {
    mark(this.field, "aria-controls", this.id);
    this.list.id = this.id;
    this.element.append(h("div", { class: "xaiw-picker-line" }, this.field, button("Cancel", "xaiw-press", () => this.close())), this.list, this.more);
    this.field.addEventListener("input", () => this.search());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("keydown", (event) => event.stopPropagation());
  }

  get open(): boolean {
    return !this.element.hidden;
  }

  /** Ask for a label; `first` are those most likely meant. */
  ask(labels: Label[], first: string[], leftOut: number, take: (key: string) => void): void {
    [this.labels, this.first, this.leftOut, this.take] = [labels, [...first, ...this.recent], leftOut, take];
    this.field.value = "";
    show(this.element, true);
    this.search();
    this.field.focus();
  }

  close(): void {
    if (!this.open) return;
    show(this.element, false);
    this.ended();
  }

  private search(): void {
    const found = find(this.labels, this.field.value, this.first);
    this.shown = found.labels;
    this.at = 0;
    this.list.replaceChildren(
      ...found.labels.map((label, place) => {
        const row = h("li", { role: "option", id: `${this.id}-${place}` }, name(label[1], 60));
        row.addEventListener("pointerdown", (event) => {
          event.preventDefault(); // the field keeps the focus
          this.choose(place);
        });
        return row;
      }),
    );
    const hidden = found.more > 0 ? `and ${found.more.toLocaleString("en")} more: type on` : "";
    const cut = this.leftOut > 0 ? `${this.leftOut.toLocaleString("en")} labels are not listed here; review.relabel(label) takes all` : "";
    say(this.more, found.labels.length ? [hidden, cut].filter(Boolean).join("; ") : `no label has this in its name${cut ? `; ${cut}` : ""}`);
    this.point(0);
  }

  private point(place: number): void {
    const rows = [...this.list.children];
    this.at = Math.min(Math.max(0, place), rows.length - 1);
    rows.forEach((row, i) => mark(row, "aria-selected", String(i === this.at)));
    mark(this.field, "aria-activedescendant", rows.length ? `${this.id}-${this.at}` : null);
    rows[this.at]?.scrollIntoView({ block: "nearest" });
  }

  private choose(place: number): void {
    const label = this.shown[place];
    if (!label) return;
    this.recent.splice(0, this.recent.length, label[0], ...this.recent.filter((key) => key !== label[0]).slice(0, RECENT - 1));
    this.close();
    this.take(label[0]);
  }

  private key(event: KeyboardEvent): void {
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.key in moves) this.point(this.at + moves[event.key]!);
    else if (event.key === "Enter") this.choose(this.at);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
  }
}
