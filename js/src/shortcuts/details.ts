// An opened rule: why it is suspicious, its most and least typical pictures, and what covering its region does.

import { button, h, mark, say, show } from "../shared/dom";
import type { Send } from "../panel/state";
import type { BoardState, Outcome, Rule, Shot } from "./state";

export interface Details {
  element: HTMLElement;
  draw(rule: Rule, state: BoardState, open: boolean): void;
}

export function makeDetails(key: string, send: Send): Details {
  const facts = h("ul", { class: "xaiw-facts-list" });
  const [typical, extreme] = [h("div", { class: "xaiw-shots" }), h("div", { class: "xaiw-shots" })];
  const named = (words: string): HTMLElement => h("div", { class: "xaiw-group xaiw-note" }, words);
  const [most, fewest] = [named("most of the mask there"), named("least of the mask there")];
  const cover = button("Cover it", "xaiw-button", () => send({ type: "row", key, how: "second" }));
  const said = h("span", { class: "xaiw-said", role: "status" });
  const covered = h("div", { class: "xaiw-shots" });
  const element = h("div", { class: "xaiw-details", hidden: true }, facts, most, typical, fewest, extreme, h("div", { class: "xaiw-cover" }, cover, said), covered);
  return {
    element,
    draw(rule, state, open) {
      show(element, open);
      if (!open) return;
      drawFacts(facts, rule.facts);
      const pick = (shot: string): void => send({ type: "row", key: `${key}#${shot}`, how: "pick" });
      drawShots(typical, rule.typical, state, pick);
      drawShots(extreme, rule.extreme.filter(([shot]) => !rule.typical.some(([other]) => other === shot)), state, pick);
      show(fewest, extreme.childElementCount > 0);
      drawCover(cover, said, covered, rule, state);
    },
  };
}

function drawFacts(list: HTMLElement, facts: string[]): void {
  if (list.dataset["of"] === facts.join("\n")) return;
  list.dataset["of"] = facts.join("\n");
  list.replaceChildren(...facts.map((fact) => h("li", {}, fact)));
}

function drawShots(place: HTMLElement, shots: Shot[], state: BoardState, pick: (key: string) => void): void {
  const there = shots.filter(([key]) => state.pictures[key]);
  const of = there.map(([key]) => `${key} ${state.pictures[key]}`).join();
  if (place.dataset["of"] !== of) {
    place.dataset["of"] = of;
    place.replaceChildren(...there.map(([key, name]) => {
      const made = button("", "xaiw-shot", () => pick(key), name);
      mark(made, "data-key", key);
      made.append(h("img", { src: state.pictures[key]!, alt: "" }));
      return made;
    }));
  }
  const one = state.chosen.length === 1;
  for (const shot of place.children) mark(shot, "aria-pressed", String(one && state.chosen[0] === shot.getAttribute("data-key")));
}

function drawCover(cover: HTMLButtonElement, said: HTMLElement, place: HTMLElement, rule: Rule, state: BoardState): void {
  const { off, busy, outcome } = state.cover;
  const working = busy === rule.key;
  cover.disabled = off !== "" || working;
  said.classList.toggle("xaiw-warm", !off && !working && outcome?.level === "error");
  say(said, off || (working ? "Covering…" : outcome?.text ?? ""));
  drawCovered(place, working || off ? null : outcome);
}

function drawCovered(place: HTMLElement, outcome: Outcome | null): void {
  const of = outcome?.pictures.map((each) => each.shot[0] + each.src + each.now).join() ?? "";
  if (place.dataset["of"] === of) return;
  place.dataset["of"] = of;
  const made = outcome?.pictures.map(({ shot, src, now }) =>
    h("figure", { class: "xaiw-covered" }, h("img", { src, alt: `${shot[1]}, covered` }), h("figcaption", { title: now }, now)));
  place.replaceChildren(...(made ?? []));
}
