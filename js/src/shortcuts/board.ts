// Classes by suspicion, each with its rules as cards. A card stays the same element while its rule is there, so that
// neither the focus nor a press is lost when the store grows.

import { arrange, button, h, mark, say, show } from "../shared/dom";
import type { Send } from "../panel/state";
import { makeDetails, type Details } from "./details";
import type { BoardState, Group, Rule } from "./state";

/** Pictures of a closed card; they lie over each other. */
const STACKED = 5;

interface Card {
  element: HTMLElement;
  main: HTMLButtonElement;
  mask: HTMLImageElement;
  place: HTMLElement;
  value: HTMLElement;
  bar: HTMLElement;
  fact: HTMLElement;
  stack: HTMLElement;
  details: Details;
}

interface Section {
  element: HTMLElement;
  title: HTMLElement;
  cards: HTMLElement;
}

export const percent = (share: number): string => share.toFixed(2);

export function makeBoard(place: HTMLElement, send: Send): (state: BoardState) => void {
  const sections = new Map<string, Section>();
  const cards = new Map<string, Card>();
  place.addEventListener("keydown", (event) => move(place, event));
  return (state) => {
    const kept = new Set(state.classes.flatMap((group) => group.rules.map((rule) => rule.key)));
    for (const key of [...cards.keys()]) if (!kept.has(key)) cards.delete(key);
    const shown = state.classes.map((group) => {
      const section = sections.get(group.name) ?? makeSection(group.name, sections);
      drawSection(section, group);
      arrange(section.cards, group.rules.map((rule) => {
        const card = cards.get(rule.key) ?? makeCard(rule.key, send, cards);
        drawCard(card, rule, state);
        return card.element;
      }));
      return section.element;
    });
    arrange(place, shown);
  };
}

function makeSection(name: string, sections: Map<string, Section>): Section {
  const title = h("div", { class: "xaiw-class", role: "heading", "aria-level": "4" });
  const list = h("ul", { class: "xaiw-cards" });
  const made = { element: h("section", {}, title, list), title, cards: list };
  sections.set(name, made);
  return made;
}

function drawSection(section: Section, group: Group): void {
  say(section.title, group.name);
  mark(section.element, "aria-label", `${group.name}: suspicion ${percent(group.suspicion)}`);
}

function makeCard(key: string, send: Send, cards: Map<string, Card>): Card {
  const main = button("", "xaiw-rule", () => send({ type: "row", key, how: "pick" }));
  const mask = h("img", { class: "xaiw-mask", alt: "" });
  const [name, value] = [h("span", { class: "xaiw-rule-place" }), h("span", { class: "xaiw-value" })];
  const bar = h("span", { class: "xaiw-suspicion", "aria-hidden": "true" });
  const fact = h("span", { class: "xaiw-note" });
  const stack = h("span", { class: "xaiw-stack", "aria-hidden": "true" });
  main.append(mask, h("span", { class: "xaiw-rule-text" }, h("span", { class: "xaiw-rule-line" }, name, value), bar, fact, stack));
  const details = makeDetails(key, send);
  const made = { element: h("li", { class: "xaiw-rule-card" }, main, details.element), main, mask, place: name, value, bar, fact, stack, details };
  cards.set(key, made);
  return made;
}

function drawCard(card: Card, rule: Rule, state: BoardState): void {
  const open = rule.key === state.rule;
  card.element.classList.toggle("xaiw-open-card", open);
  mark(card.main, "aria-expanded", String(open));
  mark(card.main, "aria-label", `${rule.place}, suspicion ${percent(rule.suspicion)}, ${rule.count} pictures`);
  mark(card.mask, "src", state.masks[rule.key] ?? null);
  say(card.place, rule.place);
  say(card.value, `${open ? "suspicion " : ""}${percent(rule.suspicion)}`);
  card.bar.style.setProperty("--xw-length", `${Math.round(100 * rule.suspicion)}%`);
  say(card.fact, `${rule.count.toLocaleString("en")} pictures`);
  show(card.stack, !open);
  fill(card.stack, rule, state);
  card.details.draw(rule, state, open);
}

function fill(stack: HTMLElement, rule: Rule, state: BoardState): void {
  const sources = rule.typical.map(([key]) => state.pictures[key]).filter((src): src is string => !!src).slice(0, STACKED);
  if (stack.dataset["of"] === sources.join()) return;
  stack.dataset["of"] = sources.join();
  stack.replaceChildren(...sources.map((src) => h("img", { src, alt: "" })));
}

/** Arrows lead from rule to rule. */
function move(place: HTMLElement, event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  const rules = [...place.querySelectorAll<HTMLElement>(".xaiw-rule")];
  const at = rules.findIndex((rule) => rule === document.activeElement || rule === (event.target as HTMLElement).getRootNode());
  const next = step ? rules[at + step] : undefined;
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
}
