// The quiet line: each word that can be changed is a control, and looks like a word.

import { arrange, button, h } from "../shared/dom";
import type { Send, Word } from "./state";

/** Gives the function that draws a line of words; a word that did not change stays the element it was. */
export function makeWords(place: HTMLElement, send: Send): (words: Word[]) => void {
  let drawn = new Map<string, HTMLElement>();
  return (words) => {
    const next = new Map<string, HTMLElement>();
    const elements = words.flatMap(parted).map((word, at) => {
      const key = `${at} ${JSON.stringify(word)}`;
      const same = drawn.get(key) ?? wordOf(word, send);
      next.set(key, same);
      return same;
    });
    const focused = place.contains(document.activeElement) ? document.activeElement : null;
    const name = focused?.getAttribute("data-word");
    const open = [...place.querySelectorAll("details[open]")].map((one) => one.getAttribute("data-list"));
    arrange(place, elements);
    // a list stays open while its boxes are switched one after the other
    for (const list of place.querySelectorAll("details")) if (open.includes(list.getAttribute("data-list"))) list.open = true;
    drawn = next;
    // the word under the keyboard was replaced by its new value
    if (name && !place.contains(document.activeElement)) {
      const again = [...place.querySelectorAll<HTMLElement>("[data-word]")];
      again.find((one) => one.getAttribute("data-word") === name)?.focus({ preventScroll: true });
    }
  };
}

/** A comma belongs to the word before it, at whose end a line may break. */
function parted(word: Word): Word[] {
  if ("options" in word || "action" in word || !word.text.startsWith(",")) return [word];
  const rest = word.text.slice(1).trim();
  return [{ text: "," }, ...(rest ? [{ text: rest }] : [])];
}

function wordOf(word: Word, send: Send): HTMLElement {
  if ("action" in word) return press(word, send);
  if (!("options" in word)) return h("span", { class: word.text === "," ? "xaiw-said xaiw-comma" : "xaiw-said" }, word.text);
  const control = "chosen" in word ? several(word, send) : choice(word, send);
  // a control and its name stay on one line
  return word.before ? h("span", { class: "xaiw-pair" }, h("span", { class: "xaiw-said" }, word.before), control) : control;
}

function choice(word: Extract<Word, { value: string }>, send: Send): HTMLElement {
  const box = h("span", { class: "xaiw-word" });
  const select = h("select");
  select.setAttribute("aria-label", word.label);
  select.setAttribute("data-word", word.name);
  select.title = word.label;
  let shown = word.value;
  for (const [value, text] of word.options) {
    const option = h("option", {}, text);
    option.value = value;
    option.selected = value === word.value;
    if (option.selected) shown = text;
    select.append(option);
  }
  // the text under the select gives the box the width of the chosen word, not of the longest
  const text = h("span", { class: "xaiw-shown" }, shown);
  text.setAttribute("aria-hidden", "true");
  select.addEventListener("change", () => {
    text.textContent = select.selectedOptions[0]?.textContent ?? select.value;
    send({ type: "word", name: word.name, value: select.value });
  });
  box.append(text, select);
  return box;
}

/** A list of boxes behind a word. */
function several(word: Extract<Word, { chosen: string[] }>, send: Send): HTMLElement {
  const summary = h("summary", { "aria-label": `${word.label}: ${word.text}`, title: word.label, "data-word": word.name }, word.text);
  const list = h("span", { class: "xaiw-list", role: "group", "aria-label": word.label });
  const fold = h("details", { class: "xaiw-several", "data-list": word.name }, summary, list);
  for (const [value, text] of word.options) {
    const box = h("input", { type: "checkbox", "data-word": `${word.name} ${value}` });
    box.checked = word.chosen.includes(value);
    box.addEventListener("change", () => send({ type: "word", name: word.name, value }));
    list.append(h("label", {}, box, h("span", {}, text)));
  }
  fold.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !fold.open) return;
    fold.open = false;
    summary.focus();
  });
  // a press or the Tab key beside it closes it; a list that was replaced by its new state hears of neither any more
  const press = (event: Event): void => {
    if (fold.isConnected && event.target instanceof Node && fold.contains(event.target)) return;
    fold.open = false;
    document.removeEventListener("pointerdown", press, true);
  };
  fold.addEventListener("toggle", () => {
    if (fold.open) document.addEventListener("pointerdown", press, true);
    else document.removeEventListener("pointerdown", press, true);
  });
  fold.addEventListener("focusout", ({ relatedTarget: to }) => {
    if (to instanceof Node && fold.isConnected && !fold.contains(to) && !to.contains(fold)) fold.open = false;
  });
  return h("span", { class: "xaiw-word xaiw-listed" }, fold);
}

function press(word: Extract<Word, { action: string }>, send: Send): HTMLElement {
  const made = button(word.text, "xaiw-press", () => send({ type: "action", name: word.action }), word.label);
  made.disabled = word.off === true;
  made.setAttribute("data-word", word.action);
  return made;
}
