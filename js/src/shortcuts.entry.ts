// The board of the view "Is it cheating?" as an anywidget module; the head line around it is the front's.

import type { RenderProps } from "@anywidget/types";
import { whenInside } from "./shared/dom";
import { makeBoard } from "./shortcuts/board";
import css from "./shortcuts/board.css";
import type { BoardState } from "./shortcuts/state";

const KEYS = ["classes", "masks", "pictures", "rule", "chosen", "cover"] as const;

function addStyles(root: Node): void {
  const place = root instanceof ShadowRoot ? root : document.head;
  if (place.querySelector("style[data-xaiw-board]")) return;
  const style = document.createElement("style");
  style.setAttribute("data-xaiw-board", "");
  style.textContent = css;
  place.append(style);
}

function render({ model, el }: RenderProps<BoardState>): () => void {
  const ended = new AbortController();
  addStyles(document);
  whenInside(el, ".xaiw", ended.signal, (root) => addStyles(root.getRootNode()));
  const draw = makeBoard(el, (message) => model.send(message));
  const state = (): BoardState => Object.fromEntries(KEYS.map((key) => [key, model.get(key)])) as unknown as BoardState;
  let frame = 0;
  const soon = (): void => {
    cancelAnimationFrame(frame); // several keys come in one message
    frame = requestAnimationFrame(() => draw(state()));
  };
  for (const key of KEYS) model.on(`change:${key}`, soon);
  draw(state());
  return () => {
    ended.abort();
    cancelAnimationFrame(frame);
    for (const key of KEYS) model.off(`change:${key}`, soon);
  };
}

export default { render };
