// What was decided so far, by whom and when, and what it did to the evaluation since.

import { button, h, name, say, show } from "../shared/dom";
import type { DeskState, Effect, Logged, Send } from "./state";

const ARROWS = { better: "better", worse: "worse", same: "the same" };

export class LogView {
  readonly element = h("div", { class: "xaiw-record" });
  private readonly effect = h("div", { class: "xaiw-effect" });
  private readonly fold = h("details", { class: "xaiw-fold" });
  private readonly summary = h("summary");
  private readonly list = h("ol");
  private shown = "";

  constructor(private readonly send: Send) {
    this.fold.append(this.summary, this.list);
    this.element.append(this.effect, this.fold);
  }

  draw(state: DeskState): void {
    const key = JSON.stringify([state.log, state.effect]);
    if (key === this.shown) return;
    this.shown = key;
    this.drawEffect(state.effect);
    show(this.fold, state.log.length > 0);
    const [last] = state.log;
    if (!last) return;
    say(this.summary, `Decided so far; last: ${last.text}${last.undone ? ", undone" : ""}`);
    this.list.replaceChildren(...state.log.map((entry) => this.row(entry)));
  }

  private drawEffect(effect: Effect): void {
    show(this.effect, effect.text !== "");
    const figures = effect.rows.map((row) => {
      const unit = row.unit ? ` ${row.unit}` : "";
      return h("span", { class: "xaiw-figure", "data-change": row.change }, name(row.name, 40), ` ${row.before} \u2192 `, h("b", {}, row.now), `${unit}, ${ARROWS[row.change]}`);
    });
    this.effect.replaceChildren(...figures, h("span", { class: "xaiw-quiet" }, effect.text));
  }

  private row(entry: Logged): HTMLElement {
    const time = new Date(1000 * entry.time);
    const when = Number.isNaN(time.getTime()) ? "" : time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const look = button("", "xaiw-press", () => this.send({ type: "go", key: entry.at }));
    look.append(name(entry.text, 100));
    look.disabled = entry.at === "";
    const rest = [entry.why && ` (${entry.why})`, entry.who && `, ${entry.who}`, `, epoch ${entry.epoch}`, when && `, ${when}`, entry.undone && ", undone"];
    const made = h("li", {}, look, h("span", { class: "xaiw-quiet" }, name(rest.filter(Boolean).join(""), 240)));
    made.toggleAttribute("data-undone", entry.undone);
    return made;
  }
}
