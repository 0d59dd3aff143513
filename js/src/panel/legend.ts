// The legend: ordered by difficulty, carries the value, and is itself the chart for a quick look.

import { dashSample, fill, make } from "./dom";
import type { Legend, Row, Send } from "./state";

export interface LegendHandles {
  draw(legend: Legend | null, thumbs: Record<string, string>): void;
  /** mark the row whose line the pointer is on */
  heat(key: string | null): void;
}

export function makeLegend(place: HTMLElement, send: Send, hover: (key: string | null) => void): LegendHandles {
  let drawn = "";
  place.addEventListener("keydown", (event) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!move) return;
    const rows = [...place.querySelectorAll<HTMLElement>(".xaiw-row-main")];
    const at = rows.findIndex((row) => row.parentElement?.contains(document.activeElement));
    const next = rows[at + move];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  return {
    draw(legend, thumbs) {
      const text = JSON.stringify([legend, Object.keys(thumbs)]);
      if (text === drawn) return;
      drawn = text;
      place.hidden = !legend || legend.rows.length === 0;
      if (!legend) return;
      place.setAttribute("role", "group");
      place.setAttribute("aria-label", legend.label);
      fill(place, groupsOf(legend, thumbs, send, hover));
    },
    heat(key) {
      for (const row of place.querySelectorAll<HTMLElement>(".xaiw-row")) {
        row.classList.toggle("xaiw-hot", key !== null && row.dataset["row"] === key);
      }
    },
  };
}

function groupsOf(
  legend: Legend,
  thumbs: Record<string, string>,
  send: Send,
  hover: (key: string | null) => void,
): Node[] {
  const lists: Node[] = [];
  let open: HTMLUListElement | null = null;
  let group: string | undefined;
  for (const row of legend.rows) {
    if (!open || row.group !== group) {
      group = row.group;
      open = make("ul", "xaiw-rows");
      if (group) {
        const name = make("div", "xaiw-group", group);
        name.style.color = row.color;
        open.setAttribute("aria-label", group);
        lists.push(name);
      }
      lists.push(open);
    }
    open.append(rowOf(row, legend, thumbs[row.key], send, hover));
  }
  return lists;
}

function rowOf(
  row: Row,
  legend: Legend,
  thumb: string | undefined,
  send: Send,
  hover: (key: string | null) => void,
): HTMLElement {
  const item = make("li", "xaiw-row");
  item.dataset["row"] = row.key;
  item.classList.toggle("xaiw-chosen", row.selected === true);
  item.classList.toggle("xaiw-off", row.hidden === true);
  item.style.setProperty("--xw-row", row.color);
  const main = make("button", "xaiw-row-main");
  main.type = "button";
  main.setAttribute("data-key", `row ${row.key}`);
  main.setAttribute("aria-pressed", String(row.selected === true));
  const said = [row.group, row.text, row.note, row.value && `${row.value} ${legend.unit}`];
  main.setAttribute("aria-label", said.filter(Boolean).join(", "));
  if (row.title) main.title = row.title;
  if (thumb) main.append(picture(thumb));
  else if (legend.second !== "show") main.append(dashSample(row.color, row.dash));
  const name = make("span", "xaiw-name", row.text);
  if (row.note) name.append(" ", make("span", "xaiw-note", row.note));
  main.append(name, make("span", "xaiw-value", row.value));
  main.addEventListener("click", () => send({ type: "row", key: row.key, how: "pick" }));
  const second = secondButton(row, legend, send);
  if (legend.second === "show" && second) item.append(second, main);
  else item.append(main, ...(second ? [second] : []));
  if (row.bar !== undefined) {
    const bar = make("span", "xaiw-bar");
    bar.style.setProperty("--xw-length", `${Math.round(100 * Math.min(1, Math.max(0, row.bar)))}%`);
    item.append(bar);
  }
  item.addEventListener("pointerenter", () => hover(row.key));
  item.addEventListener("pointerleave", () => hover(null));
  item.addEventListener("focusin", () => hover(row.key));
  item.addEventListener("focusout", () => hover(null));
  return item;
}

function secondButton(row: Row, legend: Legend, send: Send): HTMLElement | null {
  if (!legend.second) return null;
  const pin = legend.second === "pin";
  const button = make("button", pin ? "xaiw-pin" : "xaiw-swatch");
  button.type = "button";
  button.setAttribute("data-key", `second ${row.key}`);
  const on = pin ? row.pinned === true : row.hidden !== true;
  button.setAttribute("aria-pressed", String(on));
  const verb = pin ? (on ? "Unpin" : "Pin") : on ? "Hide" : "Show";
  button.setAttribute("aria-label", `${verb} ${row.text}`);
  button.title = `${verb} ${row.text}`;
  if (pin) button.textContent = on ? "unpin" : "pin";
  else button.append(dashSample(row.color, row.dash));
  button.addEventListener("click", () => send({ type: "row", key: row.key, how: "second" }));
  return button;
}

function picture(source: string): HTMLImageElement {
  const image = make("img", "xaiw-thumb");
  image.alt = "";
  if (source.startsWith("data:image/png;base64,")) image.src = source;
  return image;
}
