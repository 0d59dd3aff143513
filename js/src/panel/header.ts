// The first line of a dashboard: what runs, how far it is, and the two buttons.

import { arrange, button as makeButton, h, mark, say } from "../shared/dom";
import type { Run, Send, Word } from "./state";
import { makeProgress } from "./strip";

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
  const title = h("span", { class: "xaiw-run-title" });
  mark(title, "role", "heading");
  mark(title, "aria-level", "2");
  const state = h("span", { class: "xaiw-state" });
  mark(state, "role", "status");
  const [epoch, step, time] = [h("span"), h("span", { class: "xaiw-step" }), h("span", { class: "xaiw-time" })];
  const facts = h("span", { class: "xaiw-facts" });
  facts.append(epoch, step, time);
  const progress = makeProgress();
  const buttons = h("span", { class: "xaiw-buttons" });
  place.append(title, state, facts);
  place.append(progress.element, buttons);
  const drawButtons = makeButtons(buttons, send);

  const tick = (): void => {
    // between two messages the browser counts by itself
    const more = run?.ticking ? (performance.now() - since) / 1000 : 0;
    const left = run?.left == null ? "" : `, ${duration(run.left - more)} left`;
    say(time, run?.elapsed == null ? "" : `${duration(run.elapsed + more)}${left}`);
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
    say(title, run.title);
    say(state, run.state);
    state.dataset["status"] = run.status;
    say(epoch, run.epoch);
    say(step, run.step);
    tick();
    progress.update(run.progress, run.epoch);
    drawButtons(run.words);
  };
}

function makeButtons(place: HTMLElement, send: Send): (words: Word[]) => void {
  const made = new Map<string, HTMLButtonElement>();
  return (words) => {
    const shown: HTMLElement[] = [];
    for (const word of words) {
      if (!("action" in word)) continue;
      const name = word.action;
      const button = made.get(name) ?? makeButton("", "xaiw-button", () => send({ type: "action", name }));
      made.set(name, button);
      say(button, word.text);
      button.disabled = word.off === true;
      mark(button, "title", word.label ?? null);
      shown.push(button);
    }
    arrange(place, shown);
  };
}
