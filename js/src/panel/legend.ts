// The legend: ordered by difficulty, carries the value, and is itself the chart for a quick look.

import { arrange, button, dashSample, h, mark, say } from "../shared/dom";
import type { Legend, Row, Send } from "./state";

type Hover = (key: string | null) => void;

export interface LegendHandles {
  draw(legend: Legend | null, thumbs: Record<string, string>): void;
  /** mark the row whose line the pointer is on */
  heat(key: string | null): void;
}

interface RowHandles {
  element: HTMLLIElement;
  update(row: Row, legend: Legend, thumb: string | undefined): void;
  /** say of a row that is no longer ranked that its number is of before */
  leave(): void;
}

interface Group {
  name: HTMLElement;
  list: HTMLUListElement;
}

export function makeLegend(place: HTMLElement, send: Send, hover: Hover): LegendHandles {
  const rows = new Map<string, RowHandles>();
  const groups = new Map<string, Group>();
  place.setAttribute("role", "group");
  place.addEventListener("keydown", (event) => moveFocus(place, event));
  let waiting: (() => void) | null = null;
  place.addEventListener("pointerleave", () => waiting?.());
  return {
    draw(legend, thumbs) {
      waiting = null;
      if (legend && rows.size && place.matches(":hover")) {
        // a ranking that moves must not pull the row away from under the pointer: values change, the order waits
        const shown = new Set(legend.rows.map((row) => row.key));
        for (const row of legend.rows) rows.get(row.key)?.update(row, legend, thumbs[row.key]);
        for (const [key, handles] of rows) if (!shown.has(key)) handles.leave();
        waiting = () => this.draw(legend, thumbs);
        return;
      }
      place.hidden = !legend || legend.rows.length === 0;
      if (!legend) return;
      const held = place.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
      mark(place, "aria-label", legend.label);
      const kept = new Set(legend.rows.map((row) => row.key));
      for (const key of [...rows.keys()]) if (!kept.has(key)) rows.delete(key);
      const lists = new Map<string, HTMLLIElement[]>();
      for (const row of legend.rows) {
        const handles = rows.get(row.key) ?? makeRow(row.key, legend.second, send, hover);
        rows.set(row.key, handles);
        handles.update(row, legend, thumbs[row.key]);
        const name = row.group ?? "";
        lists.set(name, [...(lists.get(name) ?? []), handles.element]);
        groupOf(groups, name).name.style.color = row.color;
      }
      arrange(
        place,
        [...lists.keys()].flatMap((name) => {
          const group = groupOf(groups, name);
          return name ? [group.name, group.list] : [group.list];
        }),
      );
      for (const [name, items] of lists) arrange(groupOf(groups, name).list, items);
      // a row that went over to another group keeps the focus, too
      if (held && held !== document.activeElement && place.contains(held)) held.focus({ preventScroll: true });
    },
    heat(key) {
      for (const [name, { element }] of rows) element.classList.toggle("xaiw-hot", name === key);
    },
  };
}

function groupOf(groups: Map<string, Group>, name: string): Group {
  const known = groups.get(name);
  if (known) return known;
  const group = { name: h("div", { class: "xaiw-group" }, name), list: h("ul", { class: "xaiw-rows" }) };
  if (name) group.list.setAttribute("aria-label", name);
  groups.set(name, group);
  return group;
}

function moveFocus(place: HTMLElement, event: KeyboardEvent): void {
  const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!move) return;
  const buttons = [...place.querySelectorAll<HTMLElement>(".xaiw-row-main")];
  const at = buttons.findIndex((button) => button.parentElement?.contains(document.activeElement));
  const next = buttons[at + move];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function makeRow(key: string, second: Legend["second"], send: Send, hover: Hover): RowHandles {
  const element = h("li", { class: "xaiw-row" });
  element.dataset["row"] = key;
  const main = button("", "xaiw-row-main", () => {
    // at once, whatever the kernel does: it confirms it, or takes it back
    const chosen = element.classList.contains("xaiw-chosen");
    for (const other of element.closest(".xaiw-legend")?.querySelectorAll(".xaiw-chosen") ?? []) other.classList.remove("xaiw-chosen");
    element.classList.toggle("xaiw-chosen", !chosen);
    send({ type: "row", key, how: "pick" });
  });
  const icon = h("span", { class: "xaiw-icon" });
  const name = h("span", { class: "xaiw-text" });
  const note = h("span", { class: "xaiw-note" });
  const names = h("span", { class: "xaiw-name" });
  names.append(name, " ", note);
  const value = h("span", { class: "xaiw-value" });
  const other = button("", second === "pin" ? "xaiw-pin" : "xaiw-swatch", () => send({ type: "row", key, how: "second" }));
  const bar = h("span", { class: "xaiw-bar" });
  // hiding a line is done at its sample, pinning at the end of the row
  if (second === "show") main.append(names, value);
  else main.append(icon, names, value);
  element.append(...(second === "show" ? [other, main] : second === "pin" ? [main, other] : [main]), bar);
  element.addEventListener("pointerenter", () => hover(key));
  element.addEventListener("pointerleave", () => hover(null));
  element.addEventListener("focusin", () => hover(key));
  element.addEventListener("focusout", () => hover(null));
  let sample = "";
  return {
    element,
    leave() {
      element.classList.add("xaiw-left");
      say(value, "left");
      mark(main, "title", "No longer among those shown; the list moves on when the pointer leaves it");
    },
    update(row, legend, thumb) {
      element.classList.remove("xaiw-left");
      element.classList.toggle("xaiw-chosen", row.selected === true);
      element.classList.toggle("xaiw-off", row.hidden === true);
      element.style.setProperty("--xw-row", row.color);
      say(name, row.text);
      say(note, row.note ?? "");
      say(value, row.value);
      mark(main, "aria-pressed", String(row.selected === true));
      const said = [row.group, row.text, row.note, row.value && `${row.value} ${legend.unit}`];
      mark(main, "aria-label", said.filter(Boolean).join(", "));
      mark(main, "title", row.title ?? null);
      bar.hidden = row.bar === undefined;
      bar.style.setProperty("--xw-length", `${Math.round(100 * Math.min(1, Math.max(0, row.bar ?? 0)))}%`);
      const looks = JSON.stringify([thumb?.length, row.color, row.dash]);
      if (looks !== sample) {
        sample = looks;
        const place = second === "show" ? other : icon;
        place.replaceChildren(thumb && second !== "show" ? picture(thumb) : dashSample(row.color, row.dash));
      }
      updateSecond(other, row, second);
    },
  };
}

function updateSecond(button: HTMLElement, row: Row, second: Legend["second"]): void {
  if (!second) return;
  const pin = second === "pin";
  const on = pin ? row.pinned === true : row.hidden !== true;
  const verb = pin ? (on ? "Unpin" : "Pin") : on ? "Hide" : "Show";
  mark(button, "aria-pressed", String(on));
  mark(button, "aria-label", `${verb} ${row.text}`);
  mark(button, "title", `${verb} ${row.text}`);
  if (pin) say(button, on ? "unpin" : "pin");
}

function picture(source: string): HTMLImageElement {
  const image = h("img", { class: "xaiw-thumb" });
  image.alt = "";
  if (source.startsWith("data:image/png;base64,")) image.src = source;
  return image;
}
