// What Python sends of the rules. Mirrors xai_widgets/widgets/shortcuts/board.py; what is sent back are a panel's messages.

/** [key, name] of an instance; the key is also that of its picture. */
export type Shot = [string, string];

export interface Rule {
  key: string;
  place: string;
  /** 0 to 1 */
  suspicion: number;
  count: number;
  facts: string[];
  why: string;
  typical: Shot[];
  extreme: Shot[];
}

export interface Group {
  name: string;
  suspicion: number;
  rules: Rule[];
}

export interface Outcome {
  level: "" | "error";
  text: string;
  pictures: { shot: Shot; src: string; now: string }[];
}

export interface Cover {
  /** why nothing can be covered, "" where it can */
  off: string;
  /** the rule that is being covered */
  busy: string;
  outcome: Outcome | null;
}

export interface BoardState {
  classes: Group[];
  masks: Record<string, string>;
  pictures: Record<string, string>;
  /** the rule that is opened */
  rule: string;
  /** keys of the selected instances among the pictures */
  chosen: string[];
  cover: Cover;
}
