// The last line of a panel: progress, notices, and errors with the traceback folded.

import { button as makeButton, h, mark, say } from "../shared/dom";
import type { Empty, Send, Strip } from "./state";

export function makeStrip(place: HTMLElement, send: Send): (strip: Strip) => void {
  const text = h("span", { class: "xaiw-said" });
  const fold = h("details", { class: "xaiw-fold" });
  const summary = h("summary");
  const details = h("pre");
  fold.append(summary, details);
  const progress = makeProgress();
  const right = h("span", { class: "xaiw-said" });
  let action = "";
  const button = makeButton("", "xaiw-button", () => send({ type: "action", name: action }));
  place.append(text, fold, progress.element, right, button);
  return (strip) => {
    place.hidden = !strip.level;
    place.className = `xaiw-strip xaiw-${strip.level || "none"}`;
    // errors are announced at once, notes when the screen reader has time, and progress, which never rests, only when asked for
    mark(place, "role", strip.level === "error" ? "alert" : strip.level === "note" ? "status" : null);
    const folded = strip.details !== "";
    text.hidden = folded;
    fold.hidden = !folded;
    say(folded ? summary : text, strip.text);
    say(details, strip.details);
    if (!folded) fold.open = false;
    progress.update(strip.progress, strip.text);
    right.hidden = !strip.right;
    say(right, strip.right);
    mark(right, "title", strip.hint || null);
    mark(right, "aria-label", strip.hint ? `${strip.right}: ${strip.hint}` : null);
    mark(right, "tabindex", strip.hint ? "0" : null);
    mark(right, "role", strip.hint ? "note" : null);
    right.classList.toggle("xaiw-hinted", strip.hint !== "");
    button.hidden = !strip.action;
    action = strip.action?.name ?? "";
    say(button, strip.action?.text ?? "");
  };
}

export interface ProgressHandles {
  element: HTMLElement;
  update(fraction: number | null, label: string): void;
}

export function makeProgress(): ProgressHandles {
  const element = h("div", { class: "xaiw-progress" });
  const done = h("span");
  element.append(done);
  mark(element, "role", "progressbar");
  mark(element, "aria-valuemin", "0");
  mark(element, "aria-valuemax", "100");
  return {
    element,
    update(fraction, label) {
      element.hidden = fraction === null;
      const percent = Math.round(100 * Math.min(1, Math.max(0, fraction ?? 0)));
      mark(element, "aria-label", label || "progress");
      mark(element, "aria-valuenow", String(percent));
      done.style.width = `${percent}%`;
    },
  };
}

export function drawEmpty(place: HTMLElement, empty: Empty | null): void {
  place.hidden = !empty;
  place.replaceChildren();
  if (empty) place.append(h("div", { class: "xaiw-empty-text" }, empty.text), h("div", { class: "xaiw-empty-hint" }, empty.hint));
}
