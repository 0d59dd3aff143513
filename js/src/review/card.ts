// The instance to decide on: large, with what is known of it.

import { arrange, h, name, say, show } from "../shared/dom";
import { drawHistory } from "./chart";
import { type Album, picture } from "./pictures";
import type { Brief, Card, DeskState } from "./state";

const BOX = 288;
const SMALL = { entry: 48, neighbour: 32 };

export class CardView {
  readonly element = h("div", { class: "xaiw-card" });
  readonly place = h("div", { class: "xaiw-card-picture" });
  readonly actions = h("div", { class: "xaiw-card-actions" });
  private readonly index = h("span", { class: "xaiw-card-index" });
  private readonly count = h("span", { class: "xaiw-quiet" });
  private readonly said = h("dl");
  private readonly facts = h("div", { class: "xaiw-quiet" });
  private readonly decision = h("div", { class: "xaiw-decided" });
  private readonly chart = h("div", { class: "xaiw-card-chart" });
  private readonly nearest = h("div", { class: "xaiw-nearest" });
  private shown = "";
  private drawn = "";

  constructor(
    private readonly album: Album,
    private readonly go: (key: string) => void,
  ) {
    const head = h("div", { class: "xaiw-card-head" }, this.index, this.count);
    const text = h("div", { class: "xaiw-card-text" }, head, this.said, this.facts, this.decision, this.actions, h("div", { class: "xaiw-card-more" }, this.chart, this.nearest));
    this.element.append(this.place, text);
  }

  draw(card: Card | null, state: DeskState): void {
    show(this.element, card !== null);
    if (!card) return;
    const { place, total } = state.progress;
    this.index.replaceChildren(name(card.index, 60));
    say(this.count, place > 0 ? `${place.toLocaleString("en")} of ${total.toLocaleString("en")}` : "not in this queue");
    this.drawPicture(card, state.note);
    const key = JSON.stringify(card);
    if (key === this.shown) return;
    this.shown = key;
    this.drawSaid(card);
    say(this.facts, card.facts.join(", "));
    drawHistory(this.chart, card.history);
    this.drawNearest(card);
  }

  private drawPicture(card: Card, note: string): void {
    const address = note ? "" : this.album.get(card.key, "large");
    const key = `${card.key} ${address === undefined ? "?" : address.length} ${note}`;
    if (key === this.drawn) return;
    this.drawn = key;
    const text = note || (address === undefined ? "The picture is read between two training steps\u2026" : "no picture of this instance");
    const shown = address ? picture(address, BOX, `Sample ${card.index}, label ${card.given || "none"}`) : h("span", { class: "xaiw-quiet" }, text);
    this.place.classList.toggle("xaiw-without", !address);
    this.element.classList.toggle("xaiw-bare", note !== "");
    this.place.replaceChildren(shown);
  }

  private drawSaid(card: Card): void {
    const rows: [string, (Node | string)[]][] = [["Label", [card.given ? name(card.given, 60, "xaiw-strong") : "none"]]];
    if (card.knows) rows.push(["Network", [name(card.predicted, 60, card.differs ? "xaiw-strong xaiw-warm" : "xaiw-strong"), card.differs ? "" : " too"]]);
    if (card.wrong) {
      const likely = card.suggested ? [", likely ", name(card.suggested.name, 60, "xaiw-strong"), ` (${card.suggested.probability})`] : [];
      rows.push(["Wrong with", [card.wrong, ...likely]]);
    }
    this.said.replaceChildren(...rows.flatMap(([term, parts]) => [h("dt", {}, term), h("dd", {}, ...parts)]));
    const { decision } = card;
    show(this.decision, decision !== null);
    if (!decision) return;
    this.decision.dataset["what"] = decision.what;
    this.decision.replaceChildren(name(decision.text, 100, "xaiw-strong"), decision.who ? " by " : "", name(decision.who, 40), ` in epoch ${decision.epoch}`);
  }

  private drawNearest(card: Card): void {
    const cards = card.nearest?.cards ?? [];
    show(this.nearest, cards.length > 0);
    if (!cards.length) return;
    const title = h("div", { class: "xaiw-quiet" }, `nearest by ${card.nearest!.by}`);
    arrange(this.nearest, [title, ...cards.map((each) => this.neighbour(each))]);
  }

  private neighbour(each: Brief): HTMLElement {
    const made = h("button", { type: "button", class: "xaiw-neighbour" });
    made.addEventListener("click", () => this.go(each.key));
    made.append(...this.thumb(each, SMALL.neighbour), h("span", { class: "xaiw-card-lines" }, ...lines(each)));
    return made;
  }

  /** A small picture; nothing where there is none. */
  thumb(each: Brief, side = SMALL.entry): HTMLElement[] {
    const address = this.album.get(each.key, "small");
    if (!address) return [];
    const box = h("span", { class: "xaiw-thumb-box" }, picture(address, side, ""));
    box.style.width = box.style.height = `${side}px`;
    return [box];
  }

  /** Pictures have come: draw what waits for them. */
  pictured(card: Card | null, note: string): void {
    if (!card) return;
    this.drawPicture(card, note);
    this.drawNearest(card);
  }
}

/** The index of an instance, its label, and where the network says something else, that. */
export function lines(each: Brief): HTMLElement[] {
  const made = [h("span", { class: "xaiw-line-index" }, name(each.index, 24)), h("span", { class: "xaiw-quiet xaiw-cut" }, name(each.given || "no label", 24))];
  const other = each.predicted !== "" && each.predicted !== each.given;
  return other ? [...made, h("span", { class: "xaiw-warm xaiw-cut" }, "\u2192 ", name(each.predicted, 24))] : made;
}
