// What Python sends to a review, and what the review sends back. Mirrors xai_widgets/widgets/review/desk.py and page.py.

export interface Brief {
  key: string;
  index: string;
  given: string;
  predicted: string;
}

export interface History {
  name: string;
  unit: string;
  epochs: number[];
  values: number[];
  /** first, last, ticks */
  x: [number, number, number[]];
  y: [number, number, number[]];
}

export interface Card extends Brief {
  /** whether the network's prediction is known, and whether it is another than the label */
  knows: boolean;
  differs: boolean;
  /** how likely the label is wrong, "" where that is not known */
  wrong: string;
  suggested: { key: string; name: string; probability: string } | null;
  facts: string[];
  history: History | null;
  nearest: { by: string; cards: Brief[] } | null;
  decision: { what: string; text: string; who: string; epoch: number } | null;
}

export interface Entry extends Brief {
  marked: boolean;
  /** "kept", "relabelled", "excluded", or "" */
  decided: string;
}

export interface Change {
  key: string;
  text: string;
  who: string;
}

export interface Logged {
  key: string;
  /** the key of its first instance, "" where there is none */
  at: string;
  text: string;
  why: string;
  who: string;
  epoch: number;
  /** seconds since 1970 */
  time: number;
  undone: boolean;
}

export interface Effect {
  text: string;
  rows: { name: string; unit: string; before: string; now: string; change: "better" | "worse" | "same" }[];
}

export interface Progress {
  place: number;
  total: number;
  left: number;
  done: number;
  marked: number;
}

export interface Can {
  explain: boolean;
  relabel: boolean;
  labels_left_out: number;
  undo: Change | null;
  redo: Change | null;
}

/** [key, name] */
export type Label = [string, string];

export interface DeskState {
  card: Card | null;
  strip: Entry[];
  labels: Label[];
  progress: Progress;
  can: Can;
  log: Logged[];
  effect: Effect;
  said: { text: string; count: number };
  empty: { text: string; hint: string } | null;
  note: string;
  /** grows with every message that was answered */
  heard: number;
  /** grows whenever the page is to come to the review */
  call: number;
}

export type What = "accept" | "keep" | "relabel" | "exclude";

export type Message =
  | { type: "ready" | "look" | "mark_left" | "unmark" }
  | { type: "step"; by: 1 | -1 }
  | { type: "go" | "skip" | "explain" | "mark" | "through" | "undo" | "redo"; key: string }
  | { type: "decide"; what: What; key: string; label: string; marked: number };

export type Send = (message: Message) => void;

/** Pictures by the key of their instance; "" where one has none. */
export interface Pictures {
  type: "pictures";
  large: Record<string, string>;
  small: Record<string, string>;
}
