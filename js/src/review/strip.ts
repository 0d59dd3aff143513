// What comes up next and what was before, small: click to look at one, mark several to decide on them together.

import { arrange, h, mark, show } from "../shared/dom";
import { type CardView, lines } from "./card";
import type { DeskState, Entry, Send } from "./state";

const SIGNS: Record<string, string> = { kept: "\u2713", relabelled: "\u270e", excluded: "\u2715" };

export class StripView {
  readonly element = h("div", { class: "xaiw-strip-cards", role: "listbox", tabindex: "0", "aria-label": "The queue", "aria-multiselectable": "true", "aria-orientation": "horizontal" });
  private readonly made = new Map<string, { element: HTMLElement; shown: string }>();

  constructor(
    private readonly cards: CardView,
    private readonly send: Send,
  ) {}

  draw(state: DeskState): void {
    show(this.element, state.strip.length > 0);
    const here = new Set(state.strip.map((entry) => entry.key));
    for (const key of [...this.made.keys()]) if (!here.has(key)) this.made.delete(key);
    arrange(this.element, state.strip.map((entry) => this.entry(entry, state.card?.key === entry.key)));
  }

  private entry(entry: Entry, current: boolean): HTMLElement {
    const one = this.made.get(entry.key) ?? { element: this.make(entry.key), shown: "" };
    this.made.set(entry.key, one);
    const pictures = this.cards.thumb(entry);
    const shown = JSON.stringify([entry, current, pictures.length]);
    if (shown === one.shown) return one.element;
    one.shown = shown;
    mark(one.element, "aria-selected", String(entry.marked));
    mark(one.element, "aria-current", current ? "true" : null);
    mark(one.element, "data-decided", entry.decided || null);
    mark(one.element, "title", [entry.index, entry.given && `label ${entry.given}`, entry.predicted && `network ${entry.predicted}`, entry.decided, entry.marked && "marked"].filter(Boolean).join(", "));
    const sign = h("span", { class: "xaiw-sign", "aria-hidden": "true" }, entry.marked ? "\u25cf" : (SIGNS[entry.decided] ?? ""));
    one.element.replaceChildren(...pictures, h("span", { class: "xaiw-card-lines" }, ...lines(entry)), sign);
    return one.element;
  }

  private make(key: string): HTMLElement {
    const element = h("div", { class: "xaiw-entry", role: "option", "data-key": key });
    element.addEventListener("click", (event) => {
      const kind = event.shiftKey ? "through" : event.ctrlKey || event.metaKey ? "mark" : "go";
      this.send({ type: kind, key });
    });
    return element;
  }
}
