// The last line of a panel: progress, notices, and errors with the traceback folded.

import { make } from "./dom";
import type { Empty, Send, Strip } from "./state";

export function drawStrip(place: HTMLElement, strip: Strip, send: Send): void {
  place.hidden = !strip.level;
  place.className = `xaiw-strip xaiw-${strip.level || "none"}`;
  // errors are announced at once, progress only when the screen reader has time
  place.setAttribute("role", strip.level === "error" ? "alert" : "status");
  if (!strip.level) {
    place.replaceChildren();
    return;
  }
  const parts: HTMLElement[] = [];
  if (strip.details) {
    const fold = make("details", "xaiw-fold");
    fold.open = place.querySelector("details")?.open === true;
    fold.append(make("summary", "", strip.text), make("pre", "", strip.details));
    parts.push(fold);
  } else {
    parts.push(make("span", "xaiw-said", strip.text));
  }
  if (strip.progress !== null) parts.push(progressBar(strip.progress, strip.text));
  if (strip.right) parts.push(make("span", "xaiw-said", strip.right));
  if (strip.action) {
    const { name, text } = strip.action;
    const button = make("button", "xaiw-button", text);
    button.type = "button";
    button.setAttribute("data-key", `action ${name}`);
    button.addEventListener("click", () => send({ type: "action", name }));
    parts.push(button);
  }
  const focused = place.contains(document.activeElement);
  place.replaceChildren(...parts);
  if (focused) place.querySelector<HTMLElement>("button, summary")?.focus({ preventScroll: true });
}

export function progressBar(fraction: number, label: string): HTMLElement {
  const bar = make("div", "xaiw-progress");
  const percent = Math.round(100 * Math.min(1, Math.max(0, fraction)));
  bar.setAttribute("role", "progressbar");
  bar.setAttribute("aria-label", label);
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", "100");
  bar.setAttribute("aria-valuenow", String(percent));
  const done = make("span");
  done.style.width = `${percent}%`;
  bar.append(done);
  return bar;
}

export function drawEmpty(place: HTMLElement, empty: Empty | null): void {
  place.hidden = !empty;
  place.replaceChildren();
  if (empty) place.append(make("div", "xaiw-empty-text", empty.text), make("div", "xaiw-empty-hint", empty.hint));
}
