// What Python sends to the front of a panel, and what the front sends back. Mirrors xai_widgets/widgets/view/front.py.

import type { Beside } from "../shared/beside";

/** A word of the quiet line: plain text, a choice, several choices at once, or something to press. */
export type Word =
  | { text: string }
  | { name: string; label: string; value: string; options: [string, string][]; before: string }
  | { name: string; label: string; text: string; chosen: string[]; options: [string, string][]; before: string }
  | { action: string; text: string; label?: string; off?: boolean };

export interface Row {
  key: string;
  text: string;
  note?: string;
  value: string;
  /** what a pointer resting on the row reads */
  title?: string;
  color: string;
  dash: number[];
  group?: string;
  /** 0 to 1: the length of the bar under the row */
  bar?: number;
  selected?: boolean;
  hidden?: boolean;
  pinned?: boolean;
  /** which drawn line this row names: [mark, curve] */
  curve?: [number, number];
}

export interface Legend {
  label: string;
  /** what the second button of a row does: "show" (toggle), "pin", or nothing */
  second: "show" | "pin" | "";
  unit: string;
  rows: Row[];
}

export interface Head {
  title: string;
  words: Word[];
}

export interface Strip {
  level: "" | "note" | "busy" | "error";
  text: string;
  right: string;
  /** the numbers behind the word on the right, for a pointer that rests on it and for screen readers */
  hint: string;
  /** 0 to 1, or null where there is nothing to measure */
  progress: number | null;
  details: string;
  action: { name: string; text: string } | null;
}

export interface Empty {
  text: string;
  hint: string;
}

/** The run check: what was seen, and what is proved of it. */
export interface Check {
  level: "ok" | "open" | "warn";
  text: string;
  items: { level: string; text: string; remedy: string }[];
}

export interface Run {
  title: string;
  status: string;
  state: string;
  epoch: string;
  step: string;
  elapsed: number | null;
  left: number | null;
  ticking: boolean;
  progress: number | null;
  words: Word[];
}

export type LayoutWanted = "auto" | "grid" | "screen";

export interface Tab {
  name: string;
  title: string;
  /** the view in one short line */
  text: string;
  /** what changed since it was last seen, "" where nothing did */
  news: string;
}

export interface FrontState {
  kind: "panel" | "header" | "tabs";
  /** of a header: how the views are to be laid out */
  arrangement: LayoutWanted;
  beside: Beside | null;
  tabs: Tab[];
  tab: string;
  head: Head;
  tools: Word[];
  legend: Legend | null;
  thumbs: Record<string, string>;
  strip: Strip;
  empty: Empty | null;
  run: Run | null;
  check: Check | null;
  /** [light, dark] colours of the series, in order */
  palette: [string, string][];
  /** dash patterns of the Lines marks of the chart, in order */
  dashes: number[][];
  summary: string;
  /** the number of the last redraw; sent back, so that redraws do not pile up before a slow page */
  beat: number;
}

export type Message =
  | { type: "view"; dark: boolean; ratio: number; fresh: boolean }
  | { type: "word"; name: string; value: string }
  | { type: "action"; name: string }
  | { type: "tab"; name: string }
  | { type: "place"; name: string; value: "grid" | "screen" | "gone"; width: number; height: number }
  | { type: "beat"; name: string }
  | { type: "row"; key: string; how: "pick" | "second" };

export type Send = (message: Message) => void;
