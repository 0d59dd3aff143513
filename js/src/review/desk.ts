// The review on the page: card, keys, list and record. Python decides what is shown; here is what is pressed.

import type { AnyModel } from "@anywidget/types";
import { button, h, mark, say, show } from "../shared/dom";
import { keepKeys } from "../shared/keys";
import { CardView } from "./card";
import { type Action, actionOf, HELP } from "./keys";
import { LogView } from "./log";
import { Picker } from "./picker";
import { Album } from "./pictures";
import css from "./review.css";
import type { DeskState, Message, Pictures, What } from "./state";
import { StripView } from "./strip";

/** Milliseconds after which it is said that the kernel has not answered. */
const SLOW = 3000;
const KEYS = ["card", "strip", "labels", "progress", "can", "log", "effect", "empty", "note"] as const;

export class Desk {
  readonly root = h("section", { class: "xaiw-desk", tabindex: "0", "aria-label": "Review" });
  private readonly album = new Album();
  private readonly send = (message: Message): void => this.tell(message);
  private readonly card: CardView;
  private readonly strip: StripView;
  private readonly log = new LogView(this.send);
  private readonly picker = new Picker(() => this.root.focus({ preventScroll: true }));
  private readonly done = h("span", { class: "xaiw-done" });
  private readonly bar = h("span");
  private readonly bulk = h("span", { class: "xaiw-bulk" });
  private readonly changes = h("span", { class: "xaiw-changes" });
  private readonly empty = h("div", { class: "xaiw-desk-empty" });
  private readonly said = h("div", { class: "xaiw-desk-said", role: "status" });
  private readonly help = h("dl", { class: "xaiw-help", hidden: true });
  private readonly buttons = new Map<Action, { element: HTMLButtonElement; text: HTMLElement }>();
  private readonly ended = new AbortController();
  private frame = 0;
  private waits = 0;

  constructor(private readonly model: AnyModel<DeskState>, el: HTMLElement) {
    this.card = new CardView(this.album, (key) => this.send({ type: "go", key }));
    this.strip = new StripView(this.card, this.send);
    addStyles(document.head);
    if (el.getRootNode() instanceof ShadowRoot) addStyles(el.getRootNode() as ShadowRoot);
    const track = h("div", { class: "xaiw-progress", "aria-hidden": "true" }, this.bar);
    this.makeButtons();
    this.help.append(...HELP.map(([key, text]) => h("div", {}, h("dt", {}, key), h("dd", {}, text))));
    this.root.append(h("div", { class: "xaiw-desk-bar" }, this.done, track, this.bulk, this.changes), this.empty, this.card.element, this.strip.element, this.said, this.help, this.log.element);
    el.append(this.root);
    this.listen();
    this.draw();
    this.send({ type: "ready" });
  }

  private makeButtons(): void {
    const made: [Action, string, string][] = [["accept", "", "A"], ["keep", "", "K"], ["relabel", "Relabel\u2026", "R"], ["exclude", "Exclude", "X"], ["skip", "Skip", "S"], ["explain", "Explain", "E"], ["undo", "Undo", "U"], ["redo", "Redo", "\u21e7U"]];
    for (const [action, text, key] of made) {
      const element = button("", "xaiw-button", () => this.act(action));
      const label = h("span", { class: "xaiw-button-text" }, text);
      element.append(label, h("kbd", { "aria-hidden": "true" }, key));
      mark(element, "aria-keyshortcuts", key === "\u21e7U" ? "Shift+U" : key);
      mark(element, "data-act", action);
      this.buttons.set(action, { element, text: label });
    }
    const main = (["accept", "keep", "relabel", "exclude", "skip", "explain"] as const).map((action) => this.buttons.get(action)!.element);
    const change = (["undo", "redo"] as const).map((action) => this.buttons.get(action)!.element);
    this.card.actions.append(h("div", { class: "xaiw-buttons-line" }, ...main), this.picker.element);
    const keys = button("Keys", "xaiw-press", () => this.act("help"), "What the keys do");
    this.changes.append(...change, keys);
  }

  private listen(): void {
    const { signal } = this.ended;
    const follow = (event: string, act: (...given: never[]) => void): void => {
      this.model.on(event as never, act as never);
      signal.addEventListener("abort", () => this.model.off(event as never, act as never));
    };
    for (const key of KEYS) follow(`change:${key}`, () => this.soon());
    follow("change:heard", () => this.answered());
    follow("change:said", () => say(this.said, this.model.get("said").text));
    follow("change:call", () => this.called());
    follow("msg:custom", ((content: unknown) => this.receive(content)) as never);
    keepKeys(this.root, signal, (event) => !(event.ctrlKey || event.metaKey) || actionOf(event) !== null);
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.root.addEventListener("click", (event) => {
      if (!(event.target as HTMLElement).closest("button, input, summary, a")) this.root.focus({ preventScroll: true });
    });
    // whoever comes back to the page sees what others have decided meanwhile
    window.addEventListener("focus", () => this.model.send({ type: "look" }), { signal });
  }

  private receive(content: unknown): void {
    const { type } = (content ?? {}) as Partial<Pictures>;
    if (type !== "pictures") return;
    this.album.take(content as Pictures);
    this.card.pictured(this.model.get("card"), this.model.get("note"));
    this.soon();
  }

  /** The page is to come to the review; of several windows only the one that is used does. */
  private called(): void {
    if (!document.hasFocus()) return;
    this.root.scrollIntoView({ block: "nearest" });
    this.root.focus({ preventScroll: true });
  }

  private tell(message: Message): void {
    this.model.send(message);
    if (message.type === "ready") return;
    clearTimeout(this.waits);
    this.root.setAttribute("aria-busy", "true");
    this.waits = window.setTimeout(() => say(this.said, "The kernel has not answered yet; it will between two training steps, or after the cell"), SLOW);
  }

  private answered(): void {
    clearTimeout(this.waits);
    this.root.removeAttribute("aria-busy");
    say(this.said, this.model.get("said").text);
  }

  /** Draw once for all that changed together. */
  private soon(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private get state(): DeskState {
    const { model } = this;
    return Object.fromEntries([...KEYS, "said" as const].map((key) => [key, model.get(key)])) as unknown as DeskState;
  }

  private draw(): void {
    const { state } = this;
    if (state.progress.total === undefined) return; // not drawn by Python yet
    this.drawBar(state);
    show(this.empty, state.empty !== null);
    if (state.empty) this.empty.replaceChildren(h("div", {}, state.empty.text), h("div", { class: "xaiw-quiet" }, state.empty.hint));
    this.card.draw(state.card, state);
    this.strip.draw(state);
    this.log.draw(state);
    this.drawButtons(state);
    say(this.said, state.said.text);
  }

  private drawBar({ progress }: DeskState): void {
    const number = (value: number): string => value.toLocaleString("en");
    say(this.done, `${number(progress.left)} left, ${number(progress.done)} decided`);
    this.bar.style.width = `${progress.total ? (100 * (progress.total - progress.left)) / progress.total : 0}%`;
    const key = `${progress.marked} ${progress.left > 0}`;
    if (this.bulk.dataset["key"] === key) return;
    this.bulk.dataset["key"] = key;
    const all = button("Mark all left", "xaiw-press", () => this.act("mark_left"));
    const none = button("Clear", "xaiw-press", () => this.act("unmark"), "Clear the marks");
    this.bulk.replaceChildren(...(progress.marked ? [h("b", {}, `${number(progress.marked)} marked`), none] : progress.left > 0 ? [all] : []));
  }

  private drawButtons({ card, can, progress }: DeskState): void {
    const focused = this.root.querySelector<HTMLButtonElement>("button[data-act]:focus");
    const many = progress.marked ? ` ${progress.marked.toLocaleString("en")}` : "";
    this.label("accept", many ? `Take${many} suggested` : card?.suggested ? `Take ${card.suggested.name}` : "", many !== "" || card?.suggested != null);
    this.label("keep", many ? `Keep${many}` : card?.given ? `Keep ${card.given}` : "Keep", card !== null);
    this.label("relabel", `Relabel${many}\u2026`, can.relabel);
    this.label("exclude", `Exclude${many}`, card !== null);
    this.label("skip", "Skip", many === "");
    this.label("explain", "Explain", can.explain && many === "");
    for (const action of ["undo", "redo"] as const) {
      const change = can[action];
      this.label(action, action === "undo" ? "Undo" : "Redo", true);
      const { element } = this.buttons.get(action)!;
      element.disabled = change === null;
      mark(element, "title", change ? `${action === "undo" ? "Undo" : "Redo"}: ${change.text}${change.who ? ` (${change.who})` : ""}` : null);
    }
    // a button that can do no more hears no key: who was on it goes on reviewing
    if (focused?.disabled || focused?.hidden) this.root.focus({ preventScroll: true });
  }

  private label(action: Action, text: string, visible: boolean): void {
    const { element, text: label } = this.buttons.get(action)!;
    show(element, visible);
    say(label, text);
  }

  private key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.key === " " && target.closest("button, summary")) return;
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    this.act(action);
  }

  /** Do what was pressed. What it is about is what is on the page, whatever has changed in the kernel since. */
  private act(action: Action): void {
    const { card, can, progress, strip } = this.state;
    if (action === "help") show(this.help, this.help.hidden);
    else if (action === "undo" || action === "redo") {
      const change = can[action];
      if (change && this.ready) this.send({ type: action, key: change.key });
    } else if (action === "mark_left" || action === "unmark") this.send({ type: action });
    else if (action === "next" || action === "back") this.send({ type: "step", by: action === "next" ? 1 : -1 });
    else if (!card || !this.ready) return;
    else if (action === "mark") this.send({ type: "mark", key: card.key });
    else if (action === "mark_next" || action === "mark_back") this.markOn(action === "mark_next" ? 1 : -1, strip.map((entry) => entry.key), card.key, progress.marked);
    else if (action === "skip" || action === "explain") this.pointed(action, card.key, can.explain, progress.marked);
    else this.decide(action, card.key, progress.marked);
  }

  /** Whether what is on the page is what the last key led to: nothing is decided on that nobody has seen. */
  private get ready(): boolean {
    return !this.root.hasAttribute("aria-busy");
  }

  private pointed(action: "skip" | "explain", key: string, explains: boolean, marked: number): void {
    if (marked || (action === "explain" && !explains)) return;
    this.send({ type: action, key });
  }

  private markOn(by: 1 | -1, keys: string[], key: string, marked: number): void {
    const next = keys[keys.indexOf(key) + by];
    if (marked === 0) this.model.send({ type: "mark", key });
    if (!next) return;
    this.model.send({ type: "through", key: next });
    this.send({ type: "go", key: next });
  }

  private decide(what: What, key: string, marked: number): void {
    if (what !== "relabel") {
      this.send({ type: "decide", what, key, label: "", marked });
      return;
    }
    const { card, can, labels } = this.state;
    if (!can.relabel) return;
    const predicted = labels.find(([, text]) => text === card?.predicted)?.[0];
    const first = [card?.suggested?.key, predicted].filter((each): each is string => each !== undefined);
    this.picker.ask(labels, first, can.labels_left_out, (label) => this.send({ type: "decide", what, key, label, marked }));
  }

  close(): void {
    this.ended.abort();
    clearTimeout(this.waits);
    cancelAnimationFrame(this.frame);
  }
}

function addStyles(place: HTMLElement | ShadowRoot): void {
  if (place.querySelector("style[data-xaiw-review]")) return;
  place.append(h("style", { "data-xaiw-review": true }, css));
}
