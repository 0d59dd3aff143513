// The quiet line: each word that can be changed is a control, and looks like a word.

import { fill, make } from "./dom";
import type { Send, Word } from "./state";

export function drawWords(place: HTMLElement, words: Word[], send: Send): void {
  fill(
    place,
    words.map((word) => {
      if ("options" in word) return choice(word, send);
      if ("action" in word) return press(word, send);
      return make("span", "xaiw-said", word.text);
    }),
  );
}

function choice(word: Extract<Word, { options: unknown }>, send: Send): HTMLElement {
  const box = make("span", "xaiw-word");
  const select = make("select");
  select.setAttribute("aria-label", word.label);
  select.setAttribute("data-key", `word ${word.name}`);
  select.title = word.label;
  let shown = word.value;
  for (const [value, text] of word.options) {
    const option = make("option", "", text);
    option.value = value;
    option.selected = value === word.value;
    if (option.selected) shown = text;
    select.append(option);
  }
  // the text under the select gives the box the width of the chosen word, not of the longest
  const text = make("span", "xaiw-shown", shown);
  text.setAttribute("aria-hidden", "true");
  select.addEventListener("change", () => {
    text.textContent = select.selectedOptions[0]?.textContent ?? select.value;
    send({ type: "word", name: word.name, value: select.value });
  });
  box.append(text, select);
  return box;
}

function press(word: Extract<Word, { action: string }>, send: Send): HTMLElement {
  const button = make("button", "xaiw-press", word.text);
  button.type = "button";
  button.disabled = word.off === true;
  button.setAttribute("data-key", `action ${word.action}`);
  if (word.label) {
    button.setAttribute("aria-label", word.label);
    button.title = word.label;
  }
  button.addEventListener("click", () => send({ type: "action", name: word.action }));
  return button;
}
