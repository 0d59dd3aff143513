// Finds an instance by its index, or the instances of a label by its name.

import type { App } from "../app";
import { decodeRows } from "../data/codec";
import { h, say, short } from "../../shared/dom";
import { count } from "../data/scale";

export class SearchBox {
  readonly element: HTMLElement;
  private readonly field = h("input", {
    type: "search", placeholder: "Index or label", "aria-label": "Find an instance by its index, or a label", spellcheck: "false", autocomplete: "off",
  });
  private readonly said = h("span", { class: "xw-quiet xw-found", role: "status" });

  constructor(
    private readonly app: App,
    private readonly center: (row: number) => void,
  ) {
    this.element = h("div", { class: "xw-search", role: "search" }, this.said, this.field);
    // hosts keep Enter from submitting forms
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      void this.find(this.field.value.trim());
    });
    this.field.addEventListener("input", () => say(this.said, ""));
  }

  private async find(text: string): Promise<void> {
    if (text === "") return;
    const here = this.here(text);
    if (here) {
      this.take(here, here.length, text);
      return;
    }
    say(this.said, "searching");
    const answer = await this.app.link.ask("found", (id) => ({ kind: "search", id, text: text.slice(0, 300) }));
    if (!answer) return;
    this.take(decodeRows(answer.buffers[0], this.app.state.n), answer.message.total, text);
  }

  /** What the browser can find by itself: a number, or a label's whole name. */
  private here(text: string): Int32Array | null {
    const { state } = this.app;
    const number = Number(text.replace(/^#/, ""));
    const row = Number.isFinite(number) ? state.rowOf(number) : -1;
    if (row >= 0) return Int32Array.of(row);
    const code = state.labels.findIndex((label) => label.name.toLowerCase() === text.toLowerCase());
    if (code < 0) return null;
    const rows: number[] = [];
    for (let i = 0; i < state.n; i++) if (state.columns.label[i] === code) rows.push(i);
    return Int32Array.from(rows);
  }

  private take(rows: Int32Array, total: number, text: string): void {
    if (rows.length === 0) {
      say(this.said, `nothing is called ${short(text, 24)}`);
      return;
    }
    say(this.said, total > rows.length ? `first ${count(rows.length)} of ${count(total)}` : total === 1 ? "found" : `${count(total)} found`);
    this.app.select(rows);
    if (rows.length === 1) {
      this.app.setFocus(rows[0]!);
      this.center(rows[0]!);
    }
  }
}
