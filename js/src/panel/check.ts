// The run check in the header: one line that opens, green where all is well, amber where somebody should look.

import { h, mark, say } from "../shared/dom";
import type { Check } from "./state";

const SAID: Record<string, string> = { ok: "proved", open: "not proved", warn: "look here" };

export function makeCheck(place: HTMLElement, signal: AbortSignal): (check: Check | null) => void {
  const fold = h("details", { class: "xaiw-check", hidden: true });
  const summary = h("summary");
  const list = h("ul", { class: "xaiw-check-items" });
  fold.append(summary, list);
  place.querySelector(".xaiw-facts")?.after(fold);
  let drawn = "";
  const close = (event: Event): void => {
    if (fold.open && !(event.target instanceof Node && fold.contains(event.target))) fold.open = false;
  };
  document.addEventListener("pointerdown", close, { signal, capture: true });
  fold.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !fold.open) return;
    fold.open = false;
    summary.focus();
  });
  return (check) => {
    fold.hidden = !check;
    if (!check) return;
    say(summary, check.text);
    mark(summary, "title", check.text);
    mark(fold, "data-level", check.level);
    const state = JSON.stringify(check.items);
    if (state === drawn) return;
    drawn = state;
    list.replaceChildren(...check.items.map(item));
  };
}

function item(one: Check["items"][number]): HTMLElement {
  const made = h("li", { "data-level": one.level }, h("span", { class: "xaiw-sr" }, `${SAID[one.level] ?? ""}: `), one.text);
  if (one.remedy) made.append(h("code", {}, one.remedy));
  return made;
}
