// The tabs of a dashboard that fits into one screen: each says in one line what its view shows, and what changed in it.

import { arrange, button, h, mark, say } from "../shared/dom";
import type { Send, Tab } from "./state";

interface Made {
  element: HTMLButtonElement;
  title: HTMLElement;
  text: HTMLElement;
  news: HTMLElement;
}

export function makeTabs(place: HTMLElement, root: HTMLElement, send: Send): (tabs: Tab[], tab: string) => void {
  const made = new Map<string, Made>();
  const own = Math.random().toString(36).slice(2, 8);
  mark(place, "role", "tablist");
  mark(place, "aria-label", "Views");
  const choose = (name: string): void => {
    root.dataset["tab"] = name; // at once, whatever the kernel does
    for (const [other, { element }] of made) select(element, other === name);
    send({ type: "tab", name });
  };
  place.addEventListener("keydown", (event) => move(place, event));
  return (tabs, tab) => {
    root.dataset["tab"] = tab;
    mark(place, "data-many", String(tabs.length > 3));
    for (const each of tabs) {
      const { element, title, text, news } = made.get(each.name) ?? make(each.name, choose, made);
      say(title, each.title);
      say(text, each.text);
      say(news, each.news);
      news.hidden = each.news === "";
      mark(element, "title", [each.title, each.text, each.news].filter(Boolean).join(", "));
      select(element, each.name === tab);
      const panel = root.querySelector(`.xaiw-tab-${each.name}`);
      if (!panel) continue;
      panel.id ||= `xaiw-${own}-${each.name}`;
      mark(element, "aria-controls", panel.id);
    }
    arrange(place, tabs.map((each) => made.get(each.name)!.element));
  };
}

function make(name: string, choose: (name: string) => void, made: Map<string, Made>): Made {
  const element = button("", "xaiw-tab", () => choose(name));
  const [title, text, news] = [h("span", { class: "xaiw-tab-title" }), h("span", { class: "xaiw-tab-text" }), h("span", { class: "xaiw-news" })];
  element.append(h("span", { class: "xaiw-tab-line" }, title, news), text);
  mark(element, "role", "tab");
  mark(element, "data-tab", name);
  const one = { element, title, text, news };
  made.set(name, one);
  return one;
}

function select(element: HTMLElement, on: boolean): void {
  mark(element, "aria-selected", String(on));
  mark(element, "tabindex", on ? "0" : "-1");
}

function move(place: HTMLElement, event: KeyboardEvent): void {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = [...place.querySelectorAll<HTMLElement>(".xaiw-tab")];
  const at = tabs.findIndex((tab) => tab === document.activeElement);
  const next = tabs[(at + step + tabs.length) % tabs.length];
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
  next.click();
}
