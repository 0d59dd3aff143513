// The quiet line: each word that can be changed is a control, and looks like a word.

import { arrange, button, h } from "../shared/dom";
import type { Send, Word } from "./state";

/** Gives the function that draws a line of words; a word that did not change stays the element it was. */
export function makeWords(place: HTMLElement, send: Send): (words: Word[]) => void {
  let drawn = new Map<string, HTMLElement>();
  return (words) => {
    const next = new Map<string, HTMLElement>();
    const elements = words.map((word, at) => {
      const key = `${at} ${JSON.stringify(word)}`;
      const same = drawn.get(key) ?? wordOf(word, send);
      next.set(key, same);
      return same;
    });
    const focused = place.contains(document.activeElement) ? document.activeElement : null;
    const name = focused?.getAttribute("data-word");
    arrange(place, elements);
    drawn = next;
    // the word under the keyboard was replaced by its new value
    if (name && !place.contains(document.activeElement)) {
      const again = [...place.querySelectorAll<HTMLElement>("[data-word]")];
      again.find((one) => one.getAttribute("data-word") === name)?.focus({ preventScroll: true });
    }
  };
}

function wordOf(word: Word, send: Send): HTMLElement {
  if ("options" in word) return choice(word, send);
  if ("action" in word) return press(word, send);
  // a comma belongs to the word before it
  return h("span", { class: word.text.startsWith(",") ? "xaiw-said xaiw-comma" : "xaiw-said" }, word.text);
}

function choice(word: Extract<Word, { options: unknown }>, send: Send): HTMLElement {
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

function press(word: Extract<Word, { action: string }>, send: Send): HTMLElement {
  const made = button(word.text, "xaiw-press", () => send({ type: "action", name: word.action }), word.label);
  made.disabled = word.off === true;
  made.setAttribute("data-word", word.action);
  return made;
}
