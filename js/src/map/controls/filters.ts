// The filters with how many each leaves. They act in the browser at once; Python is told.

import type { App, Change, Part } from "../app";
import { button, h, say, show } from "../../shared/dom";
import { counts, filtering } from "../data/levels";
import { FLAG } from "../data/protocol";
import { count } from "../data/scale";
import { Word } from "./axis_menus";

const TOGGLES = [
  { field: "suspected", text: "suspected label errors", flag: FLAG.suspected },
  { field: "wrong", text: "predicted wrongly", flag: FLAG.wrong },
  { field: "shortcut", text: "of suspicious rules", flag: FLAG.shortcut },
  { field: "never", text: "never learnt", flag: FLAG.never },
  { field: "movers", text: "biggest movers", flag: FLAG.mover },
] as const;

export class FilterLine implements Part {
  readonly element = h("div", { class: "xw-filters", role: "group", "aria-label": "Filters" });
  private readonly label: Word;
  private readonly toggles: { button: HTMLButtonElement; number: HTMLElement }[];
  private readonly forgotten: HTMLButtonElement;
  private readonly forgottenCount = h("span", { class: "xw-number" });
  private readonly times = h("input", { type: "number", min: "1", max: "255", value: "1", class: "xw-times", "aria-label": "Forgotten at least this many times" });
  private readonly shown = h("span", { class: "xw-quiet", role: "status" });
  private readonly take: HTMLButtonElement;
  private readonly reset: HTMLButtonElement;

  constructor(private readonly app: App) {
    this.label = new Word("Show the label", (value) => app.setFilters({ label: Number(value) }));
    this.toggles = TOGGLES.map(({ field, text }) => {
      const number = h("span", { class: "xw-number" });
      const made = button("", "xw-filter", () => app.setFilters({ [field]: !app.filters[field] }));
      made.append(text, " ", number);
      return { button: made, number };
    });
    this.forgotten = button("", "xw-filter", () => app.setFilters({ forgotten: app.filters.forgotten > 0 ? 0 : this.least }));
    this.forgotten.append("forgotten");
    this.times.addEventListener("input", () => {
      if (app.filters.forgotten > 0) app.setFilters({ forgotten: this.least });
      else app.changed("filters");
    });
    this.take = button("select them", "xw-word", () => app.select(app.passingRows), "Select all that are shown");
    this.reset = button("show all", "xw-word", () => app.clearFilters(), "Remove the filters");
    const forget = h("span", { class: "xw-forget" }, this.forgotten, " \u2265 ", this.times, " times: ", this.forgottenCount);
    this.element.append(h("span", { class: "xw-quiet" }, "Filter: "), this.label.element, ...this.toggles.map((toggle) => toggle.button), forget, this.shown, this.take, this.reset);
  }

  private get least(): number {
    return Math.min(255, Math.max(1, Math.round(Number(this.times.value)) || 1));
  }

  update(changes: ReadonlySet<Change>): void {
    const { app } = this;
    const meta = app.meta;
    show(this.element, meta !== null && app.state.n > 0 && meta.view === "map");
    if (!meta || !(changes.has("data") || changes.has("filters") || changes.has("labels"))) return;
    const known = counts(app.state.columns, app.state.labels.length, this.least);
    const { filters } = app;
    this.label.set(
      [{ value: "-1", text: "all labels" }, ...app.state.labels.map((label, code) => ({ value: String(code), text: `${label.name} ${count(known.labels[code]!)}` }))],
      String(filters.label),
    );
    TOGGLES.forEach(({ field }, i) => {
      const toggle = this.toggles[i]!;
      show(toggle.button, meta.available[field]);
      toggle.button.setAttribute("aria-pressed", String(filters[field]));
      say(toggle.number, count(known[field]));
      if (field === "suspected") toggle.button.title = meta.suspects;
    });
    this.forgotten.setAttribute("aria-pressed", String(filters.forgotten > 0));
    say(this.forgottenCount, count(known.forgotten));
    show(this.forgotten.parentElement!, meta.available.forgotten);
    const active = filtering(filters);
    say(this.shown, active ? `${count(app.passing)} shown` : known.noValue > 0 ? `${count(known.noValue)} have no ${meta.x.text} or ${meta.y.text} yet` : "");
    show(this.take, active && app.passing > 0);
    show(this.reset, active);
  }
}
