// The chosen sample at once, from what the browser holds: its name and label stand where its caption will, and what was shown
// before is paled, until Python has answered. A screen reader hears both.

import { h, say, show } from "./dom";

export interface Chosen {
  /** the instance's name, as Python writes it */
  text: string;
  /** its label and what else is known of it */
  note: string;
}

const EVENT = "xaiw-chosen";
/** An answer that takes longer than this, in ms, is said to be waited for. */
const LONG = 1500;
/** A caption is drawn by another view than the one that hears of the answer, a moment later. */
const DRAWN = 300;

/** Tell the other views of a dashboard which sample somebody has just chosen. */
export function tellChosen(from: Element, chosen: Chosen): void {
  from.closest(".xaiw-dashboard")?.dispatchEvent(new CustomEvent<Chosen>(EVENT, { detail: chosen }));
}

/**
 * Follow what is chosen, for the panel that will show it.
 *
 * @param place where the line stands
 * @param read what the panel says it shows
 * @returns what is to be called when that has changed
 */
export function followChosen(panel: HTMLElement, place: HTMLElement, read: () => string, signal: AbortSignal): () => void {
  const name = h("b");
  const note = h("span");
  const waits = h("span", { class: "xaiw-note" });
  const line = h("div", { class: "xaiw-next", hidden: true, "aria-hidden": "true" }, name, " ", note, " ", waits);
  const spoken = h("div", { class: "xaiw-sr", role: "status" });
  place.append(line, spoken);
  let timer = 0;
  let last = read();
  const expect = (chosen: Chosen | null): void => {
    clearTimeout(timer);
    show(line, chosen !== null);
    panel.classList.toggle("xaiw-awaits", chosen !== null);
    say(name, chosen?.text ?? "");
    say(note, chosen?.note ?? "");
    say(waits, "");
    if (chosen) timer = window.setTimeout(() => say(waits, "waiting for the kernel"), LONG);
  };
  const caption = (): string => {
    const lines = [...panel.querySelectorAll<HTMLElement>(".xaiw-sample:not(.xaiw-hide) .xaiw-caption")];
    return lines.map((one) => [...one.children].map((part) => part.textContent).join(", ")).join("; ");
  };
  const root = panel.closest(".xaiw-dashboard");
  root?.addEventListener(EVENT, (event) => {
    const chosen = (event as CustomEvent<Chosen>).detail;
    if (read() === `saliency of ${chosen.text}`) return; // it is what is shown
    expect(chosen);
    say(spoken, [chosen.text, chosen.note].filter(Boolean).join(", "));
  }, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return () => {
    if (read() === last) return;
    last = read();
    expect(null);
    timer = window.setTimeout(() => say(spoken, caption()), DRAWN);
  };
}
