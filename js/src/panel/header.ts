// The first line of a dashboard: what runs, how far it is, and the two buttons.

import { make } from "./dom";
import type { Run, Send, Word } from "./state";
import { progressBar } from "./strip";

/** 70 -> "70 s", 605 -> "10 min 5 s", 7260 -> "2 h 1 min". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 100) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function makeHeader(place: HTMLElement, send: Send, signal: AbortSignal): (run: Run | null) => void {
  let run: Run | null = null;
  let since = performance.now();
  const time = make("span", "xaiw-time");

  const tick = (): void => {
    if (!run || run.elapsed === null) {
      time.textContent = "";
      return;
    }
    // between two messages the browser counts by itself
    const more = run.ticking ? (performance.now() - since) / 1000 : 0;
    const left = run.left === null ? "" : `, ${duration(run.left - more)} left`;
    time.textContent = `${duration(run.elapsed + more)}${left}`;
  };
  const timer = setInterval(() => {
    if (run?.ticking && !document.hidden) tick();
  }, 1000);
  signal.addEventListener("abort", () => clearInterval(timer));

  return (next) => {
    run = next;
    since = performance.now();
    place.hidden = !run;
    if (!run) return;
    const focused = place.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
    const state = make("span", "xaiw-state", run.state);
    state.dataset["status"] = run.status;
    state.setAttribute("role", "status");
    const facts = make("span", "xaiw-facts");
    for (const text of [run.epoch, run.step]) if (text) facts.append(make("span", "", text));
    tick();
    facts.append(time);
    const title = make("span", "xaiw-run-title", run.title);
    title.setAttribute("role", "heading");
    title.setAttribute("aria-level", "2");
    const parts: HTMLElement[] = [title, state, facts];
    parts.push(run.progress === null ? make("span", "xaiw-spring") : progressBar(run.progress, run.epoch));
    parts.push(buttons(run.words, send));
    place.replaceChildren(...parts);
    if (focused) {
      const all = [...place.querySelectorAll<HTMLElement>("[data-key]")];
      all.find((one) => one.getAttribute("data-key") === focused)?.focus({ preventScroll: true });
    }
  };
}

function buttons(words: Word[], send: Send): HTMLElement {
  const box = make("span", "xaiw-buttons");
  for (const word of words) {
    if (!("action" in word)) continue;
    const button = make("button", "xaiw-button", word.text);
    button.type = "button";
    button.disabled = word.off === true;
    if (word.label) button.title = word.label;
    button.setAttribute("data-key", `action ${word.action}`);
    button.addEventListener("click", () => send({ type: "action", name: word.action }));
    box.append(button);
  }
  return box;
}
