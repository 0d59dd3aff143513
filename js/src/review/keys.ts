// Which key does what. Letters alone decide, so that one hand is enough; with Shift or Alt they do nothing by accident.

export type Action =
  | "accept" | "keep" | "relabel" | "exclude" | "skip" | "explain"
  | "undo" | "redo" | "next" | "back" | "mark" | "mark_next" | "mark_back" | "mark_left" | "unmark" | "help";

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

const PLAIN: Record<string, Action> = {
  a: "accept", k: "keep", r: "relabel", "/": "relabel", x: "exclude", delete: "exclude", s: "skip", e: "explain", u: "undo",
  m: "mark", " ": "mark", arrowright: "next", arrowleft: "back", escape: "unmark", "?": "help",
};
const SHIFTED: Record<string, Action> = { u: "redo", arrowright: "mark_next", arrowleft: "mark_back", "?": "help", "/": "relabel" };
const CONTROL: Record<string, Action> = { z: "undo", y: "redo", a: "mark_left" };

/** For those who ask: what the keys do. */
export const HELP: [string, string][] = [
  ["A", "take the suggested label"], ["K", "keep the label"], ["R", "give another label"], ["X", "exclude"], ["S", "skip for now"],
  ["E", "explain: what does the network look at?"], ["U", "undo"], ["Shift U", "redo"], ["\u2190 \u2192", "look around"],
  ["M", "mark, to decide on many at once"], ["Shift \u2192", "mark the next, too"], ["Ctrl A", "mark all that are left"], ["Esc", "take the marks away"],
];

export function actionOf(pressed: Pressed): Action | null {
  const key = pressed.key.toLowerCase();
  if (pressed.altKey) return null;
  if (pressed.ctrlKey || pressed.metaKey) return pressed.shiftKey ? (key === "z" ? "redo" : null) : (CONTROL[key] ?? null);
  return (pressed.shiftKey ? SHIFTED[key] : PLAIN[key]) ?? null;
}
