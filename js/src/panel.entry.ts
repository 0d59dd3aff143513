// The front of a panel or of the dashboard: head line, legend, notices, theme. The chart beside it is bqplot's.

import type { AnyModel, RenderProps } from "@anywidget/types";
import { followBeside } from "./shared/beside";
import { followChosen, tellChosen } from "./shared/chosen";
import { button, h, whenInside } from "./shared/dom";
import { makeFold } from "./shared/fold";
import { keepKeys } from "./shared/keys";
import { makeCheck } from "./panel/check";
import { makeHeader } from "./panel/header";
import { makeLegend } from "./panel/legend";
import { followPlot, type PlotHandles } from "./panel/plot";
import type { FrontState, Send } from "./panel/state";
import { followRoom } from "./panel/screen";
import { drawEmpty, makeStrip } from "./panel/strip";
import { addStyles, paint } from "./panel/styles";
import { makeTabs } from "./panel/tabs";
import { makeWords } from "./panel/words";
import { followTheme } from "./shared/theme";

type Key = keyof FrontState & string;

/** A panel lower than this, in CSS pixels, has no room for sliders above its pictures. */
const TIGHT = 560;

/** Draw now and again whenever one of the keys changes; ends with the view. */
function follow(model: AnyModel<FrontState>, signal: AbortSignal, keys: Key[], draw: () => void): void {
  draw();
  for (const key of keys) {
    model.on(`change:${key}`, draw);
    signal.addEventListener("abort", () => model.off(`change:${key}`, draw));
  }
}

function render({ model, el }: RenderProps<FrontState>): () => void {
  addStyles(document);
  const ended = new AbortController();
  const { signal } = ended;
  const send: Send = (message) => model.send(message);
  const echo = (): void => send({ type: "beat", name: String(model.get("beat")) });
  model.on("change:beat", echo);
  signal.addEventListener("abort", () => model.off("change:beat", echo));
  const kind = model.get("kind");
  if (kind === "header") renderHeader(model, el, send, signal);
  else if (kind === "tabs") renderTabs(model, el, send, signal);
  else renderPanel(model, el, send, signal);
  if (kind === "tabs") return () => ended.abort();
  whenInside(el, ".xaiw", signal, (root) => {
    addStyles(root.getRootNode());
    let dark = false;
    let fresh = true;
    followTheme(root, signal, (now) => {
      dark = now;
      paint(root, model.get("palette"), dark);
      send({ type: "view", dark, ratio: window.devicePixelRatio || 1, fresh });
      fresh = false;
    });
    const repaint = (): void => paint(root, model.get("palette"), dark);
    model.on("change:palette", repaint);
    signal.addEventListener("abort", () => model.off("change:palette", repaint));
  });
  return () => ended.abort();
}

function renderHeader(model: AnyModel<FrontState>, el: HTMLElement, send: Send, signal: AbortSignal): void {
  const line = h("div", { class: "xaiw-run" });
  const strip = h("div", { class: "xaiw-strip" });
  el.append(line, strip);
  const draw = makeHeader(line, send, signal);
  const drawCheck = makeCheck(line, signal);
  const drawStrip = makeStrip(strip, send);
  follow(model, signal, ["run"], () => draw(model.get("run")));
  follow(model, signal, ["check"], () => drawCheck(model.get("check")));
  follow(model, signal, ["strip"], () => drawStrip(model.get("strip")));
  offerBeside(model, el, line, send, signal);
  whenInside(el, ".xaiw-dashboard", signal, (root) => {
    const fit = followRoom(root, () => model.get("arrangement"), send, signal);
    follow(model, signal, ["arrangement"], fit);
  });
}

/** Offer to open a view that stands alone beside the notebook, and follow whether it is. */
function offerBeside(model: AnyModel<FrontState>, el: HTMLElement, place: HTMLElement, send: Send, signal: AbortSignal): void {
  if (!model.get("beside")) return;
  const kind = place.classList.contains("xaiw-run") ? "xaiw-button" : "xaiw-press";
  const open = button("Open beside", `${kind} xaiw-open`, () => send({ type: "action", name: "beside" }), "");
  open.title = "Show it in a pane of its own beside the notebook";
  const line = h("span", { hidden: true });
  place.append(open, line);
  whenInside(el, ".xaiw", signal, (root) => {
    const changed = followBeside(root, line, () => model.get("beside"), signal);
    model.on("change:beside", changed);
    signal.addEventListener("abort", () => model.off("change:beside", changed));
  });
}

function renderTabs(model: AnyModel<FrontState>, el: HTMLElement, send: Send, signal: AbortSignal): void {
  const place = h("div", { class: "xaiw-tabs" });
  keepKeys(place, signal);
  el.append(place);
  whenInside(el, ".xaiw-dashboard", signal, (root) => {
    const draw = makeTabs(place, root, send);
    follow(model, signal, ["tabs", "tab"], () => draw(model.get("tabs"), model.get("tab")));
  });
}

function renderPanel(model: AnyModel<FrontState>, el: HTMLElement, send: Send, signal: AbortSignal): void {
  const head = h("div", { class: "xaiw-head" });
  const title = h("span", { class: "xaiw-title" });
  title.setAttribute("role", "heading");
  title.setAttribute("aria-level", "3");
  const words = h("span", { class: "xaiw-words" });
  head.append(title, words);
  offerBeside(model, el, head, send, signal);
  const tools = h("div", { class: "xaiw-tools" });
  const legendPlace = h("div", { class: "xaiw-legend" });
  const empty = h("div", { class: "xaiw-empty" });
  const strip = h("div", { class: "xaiw-strip" });
  const tips = h("div", { class: "xaiw-tips" });
  el.append(head, tools, legendPlace, empty, strip, tips);

  let plot: PlotHandles | null = null;
  // rows of instances, and their lines, choose a sample
  const tell: Send = (message) => {
    const rows = model.get("legend")?.second === "pin" ? model.get("legend")!.rows : [];
    const row = message.type === "row" && message.how === "pick" ? rows.find((one) => one.key === message.key) : undefined;
    if (row && !row.selected) tellChosen(el, { text: row.text, note: row.note ?? "" });
    send(message);
  };
  const hover = (key: string | null): void => {
    legend.heat(key);
    plot?.heat(key);
  };
  const legend = makeLegend(legendPlace, tell, hover);
  const drawLegend = (): void => {
    const state = model.get("legend");
    legend.draw(state, model.get("thumbs"));
    plot?.rows(state?.rows ?? [], state?.unit ?? "", model.get("dashes"));
  };
  const drawWords = makeWords(words, send);
  const drawTools = makeWords(tools, send);
  const drawStrip = makeStrip(strip, send);
  follow(model, signal, ["head"], () => {
    title.textContent = model.get("head").title;
    drawWords(model.get("head").words);
  });
  follow(model, signal, ["tools"], () => {
    tools.hidden = model.get("tools").length === 0;
    drawTools(model.get("tools"));
  });
  follow(model, signal, ["legend", "thumbs"], drawLegend);
  follow(model, signal, ["strip"], () => drawStrip(model.get("strip")));
  follow(model, signal, ["empty"], () => drawEmpty(empty, model.get("empty")));
  whenInside(el, ".xaiw-panel", signal, (panel) => {
    panel.setAttribute("role", "region");
    panel.setAttribute("aria-label", model.get("head").title);
    nameSliders(panel, signal);
    keepKeys(panel, signal);
    if (panel.classList.contains("xaiw-saliency")) {
      foldSettings(panel, head, signal);
      follow(model, signal, ["summary"], followChosen(panel, el, () => model.get("summary"), signal));
    }
    const pick = (key: string): void => tell({ type: "row", key, how: "pick" });
    plot = followPlot(panel, tips, signal, pick, hover);
    drawLegend();
    follow(model, signal, ["summary"], () => plot?.describe(model.get("summary")));
  });
}

/** Sliders and choices give way to the pictures where both do not fit. */
function foldSettings(panel: HTMLElement, head: HTMLElement, signal: AbortSignal): void {
  const settings = button("Settings", "xaiw-press xaiw-settings", () => undefined);
  head.append(settings);
  const tight = (): boolean => !!panel.closest('[data-layout="screen"]') && panel.clientHeight < TIGHT;
  makeFold(panel, settings, "settings", tight, signal);
}

/** ipywidgets gives its sliders no accessible name: lend them their visible label. */
function nameSliders(panel: HTMLElement, signal: AbortSignal): void {
  const name = (): void => {
    for (const slider of panel.querySelectorAll(".widget-slider")) {
      const text = slider.querySelector(".widget-label")?.textContent ?? "";
      for (const part of slider.querySelectorAll(".noUi-handle, .widget-readout")) {
        if (part.getAttribute("aria-label") !== text) part.setAttribute("aria-label", text);
      }
    }
  };
  const watch = new MutationObserver(name);
  watch.observe(panel, { childList: true, subtree: true });
  signal.addEventListener("abort", () => watch.disconnect());
  name();
}

export default { render };
