// Finds a label among thousands by what was typed of its name.

import type { Label } from "./state";

const MARKS = /\p{Mn}/gu;

/** A text as it is compared: small letters without accents. */
export const folded = (text: string): string => text.normalize("NFKD").replace(MARKS, "").toLowerCase().trim();

/** How well a name fits, the less the better; null where it does not. */
function rank(name: string, wanted: string): number | null {
  if (name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  const at = name.indexOf(wanted);
  if (at < 0) return null;
  return /[\s_\-./,(]/.test(name[at - 1] ?? "") ? 2 : 3;
}

export interface Found {
  labels: Label[];
  /** how many more there are */
  more: number;
}

/**
 * The labels whose name holds what was typed: whole names first, then those that begin so, then a word that does.
 *
 * @param first keys of labels that come first where nothing is typed, and among equals
 */
export function find(labels: Label[], typed: string, first: readonly string[], most = 50): Found {
  const wanted = folded(typed);
  const favourite = new Map(first.map((key, place) => [key, place]));
  const fitting: { label: Label; rank: number; place: number }[] = [];
  labels.forEach((label, place) => {
    const fit = wanted === "" ? 1 : rank(folded(label[1]), wanted);
    if (fit !== null) fitting.push({ label, rank: fit, place: favourite.get(label[0]) ?? first.length + place });
  });
  fitting.sort((a, b) => a.rank - b.rank || a.place - b.place);
  return { labels: fitting.slice(0, most).map(({ label }) => label), more: Math.max(0, fitting.length - most) };
}
