// The first lines: what this is, where the run is, the selection and what can be done with it, and which scores are shown.

import type { App, Change, Part } from "../app";
import { bytesOf } from "../data/codec";
import { button, h, say, show } from "../../shared/dom";
import { count } from "../data/scale";
import { SearchBox } from "./search";

export class Head implements Part {
  readonly element: HTMLElement;
  private readonly title = h("h3");
  private readonly run = h("span", { class: "xw-quiet" });
  private readonly chosen = h("span", { class: "xw-chosen", "aria-live": "polite" });
  private readonly actions: HTMLElement;
  private readonly pin: HTMLButtonElement;
  private readonly explain: HTMLButtonElement;
  private readonly review: HTMLButtonElement;
  private readonly csv: HTMLButtonElement;
  private readonly clear: HTMLButtonElement;
  private readonly search: SearchBox;

  constructor(
    private readonly app: App,
    center: (row: number) => void,
  ) {
    this.pin = button("Pin", "xw-word", () => this.act("pin"), "Pin the selected to the history");
    this.explain = button("Explain", "xw-word", () => this.act("explain"), "Explain the selected: what does the model look at?");
    this.review = button("Review", "xw-word", () => this.act("review"), "Review the selected: keep, relabel or exclude them");
    this.csv = button("Export", "xw-word", () => void this.save(), "Save the selected as a CSV file");
    this.clear = button("Clear", "xw-word", () => app.select(new Int32Array(0)), "Clear the selection");
    this.search = new SearchBox(app, center);
    this.actions = h("div", { class: "xw-actions" }, this.chosen, this.pin, this.explain, this.review, this.csv, this.clear);
    this.element = h("div", { class: "xw-head" }, h("div", { class: "xw-title" }, this.title, this.run), this.actions, this.search.element);
  }

  update(_changes: ReadonlySet<Change>): void {
    const { app } = this;
    const meta = app.meta;
    const some = app.selected.length > 0;
    show(this.element, meta !== null);
    if (!meta) return;
    say(this.title, meta.title || (app.state.n > 0 ? `All ${count(app.state.n)} instances` : "No instances yet"));
    const epoch = meta.epoch > 0 ? (meta.epochs && meta.epoch <= meta.epochs ? `epoch ${meta.epoch} of ${meta.epochs}` : `epoch ${meta.epoch}`) : "";
    say(this.run, [epoch, meta.edited].filter(Boolean).join(", "));
    say(this.chosen, some ? `${count(app.selected.length)} selected` : "");
    show(this.pin, some && meta.pin);
    show(this.explain, some && meta.explain);
    show(this.review, some && meta.review);
    show(this.actions, some);
    show(this.csv, some);
    show(this.clear, some);
  }

  private act(action: "pin" | "explain" | "review"): void {
    this.app.link.send({ kind: "act", action, rows: [] });
    this.app.changed("state");
  }

  /** Python writes the file, since it knows every score; the browser saves it. */
  private async save(): Promise<void> {
    this.csv.disabled = true;
    const answer = await this.app.link.ask("csv", (id) => ({ kind: "csv", id }));
    this.csv.disabled = false;
    if (answer) download(answer.message.name, bytesOf(answer.buffers[0]));
  }
}

function download(name: string, bytes: Uint8Array): void {
  const address = URL.createObjectURL(new Blob([bytes.slice()], { type: "text/csv;charset=utf-8" }));
  const link = h("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
