// One quiet line that says what is shown, each word of which can be changed on the spot.

import type { App, Change, Part } from "../app";
import { h, short } from "../../shared/dom";
import type { SetControl } from "../data/protocol";

interface Choice {
  value: string;
  text: string;
}

/** A word that is a native list to choose from. */
export class Word {
  readonly element: HTMLLabelElement;
  private readonly select = h("select");
  private shown = "";

  constructor(name: string, chosen: (value: string) => void) {
    this.select.setAttribute("aria-label", name);
    this.element = h("label", { class: "xw-pick", title: name }, this.select);
    this.select.addEventListener("change", () => chosen(this.select.value));
  }

  set(choices: readonly Choice[], value: string): void {
    const key = JSON.stringify(choices);
    if (key !== this.shown) {
      this.select.replaceChildren(...choices.map((choice) => h("option", { value: choice.value }, short(choice.text, 48))));
      this.shown = key;
    }
    if (this.select.value !== value) this.select.value = value;
  }

  busy(pending: boolean): void {
    this.element.classList.toggle("xw-pending", pending);
  }
}

const plain = (names: readonly string[]): Choice[] => names.map((value) => ({ value, text: value }));

export class Sentence implements Part {
  readonly element = h("div", { class: "xw-sentence" });
  private readonly words: Record<string, Word> = {};
  private readonly map = h("span", { class: "xw-phrase" });
  private readonly heat = h("span", { class: "xw-phrase" });

  constructor(private readonly app: App) {
    const word = (field: SetControl["field"], name: string): HTMLElement => {
      this.words[field] = new Word(name, (value) => app.set(field, decode(field, value)));
      return this.words[field].element;
    };
    this.map.append(word("y", "Vertical axis"), " by ", word("x", "Horizontal axis"), ", colour ", word("color", "Colour"), ", size ", word("size", "Size"));
    this.heat.append(word("metric", "Metric"), " over epochs, sorted by ", word("sort", "Sort by"), ", ", word("descending", "Order"), " first");
    this.element.append(word("view", "Form"), " of ", this.map, this.heat, " on ", word("mode", "Mode"));
  }

  update(changes: ReadonlySet<Change>): void {
    const meta = this.app.meta;
    this.element.hidden = meta === null;
    if (!meta || !(changes.has("meta") || changes.has("state"))) return;
    const scores = meta.scores.map((score) => ({ value: score.name, text: score.text }));
    const none = { value: "", text: "none" };
    this.words["x"]!.set(scores, meta.x.name);
    this.words["y"]!.set(scores, meta.y.name);
    this.words["color"]!.set([{ value: "label", text: "label" }, ...scores], meta.color?.name ?? "label");
    this.words["size"]!.set([none, ...scores], meta.size?.name ?? "");
    this.words["mode"]!.set(plain(meta.modes.length ? meta.modes : [meta.mode]), meta.mode);
    this.words["view"]!.set([{ value: "map", text: "map" }, { value: "history", text: "history" }], meta.view);
    this.words["metric"]!.set(plain(meta.metrics), meta.metric);
    this.words["sort"]!.set(scores, meta.sort);
    this.words["descending"]!.set([{ value: "high", text: "highest" }, { value: "low", text: "lowest" }], meta.descending ? "high" : "low");
    this.map.hidden = meta.view !== "map";
    this.heat.hidden = meta.view !== "history";
    for (const [field, word] of Object.entries(this.words)) word.busy(this.app.pending.has(field));
  }
}

/** A list's value as the message carries it. */
export function decode(field: SetControl["field"], value: string): SetControl["value"] {
  if (field === "descending") return value === "high";
  if (field === "size") return value === "" ? null : value;
  return value;
}

