// Which points are shown how: filters, selection and emphasis become one level per point. Pure.

import { DIM, FADED, FULL, HIDDEN } from "./pick";
import { FLAG, type Filters, NONE16 } from "./protocol";
import type { Columns } from "./state";

export const NO_FILTERS: Filters = { label: -1, suspected: false, never: false, movers: false, wrong: false, shortcut: false, forgotten: 0 };

export const filtering = (f: Filters): boolean =>
  f.label >= 0 || f.suspected || f.never || f.movers || f.wrong || f.shortcut || f.forgotten > 0;

/** Flags that must all be set. */
function wantedFlags(f: Filters): number {
  return (f.suspected ? FLAG.suspected : 0) | (f.never ? FLAG.never : 0) | (f.movers ? FLAG.mover : 0) | (f.wrong ? FLAG.wrong : 0) | (f.shortcut ? FLAG.shortcut : 0);
}

/** Fill `level`; returns how many pass the filters (and have a place). */
export function setLevels(
  level: Uint8Array,
  columns: Columns,
  filters: Filters,
  selected: Uint8Array | null,
  emphasis: number,
): number {
  const { x, y, label, flags, forgets } = columns;
  const wanted = wantedFlags(filters);
  let passing = 0;
  for (let i = 0; i < level.length; i++) {
    if (x[i] === NONE16 || y[i] === NONE16) {
      level[i] = HIDDEN;
      continue;
    }
    const passes =
      (filters.label < 0 || label[i] === filters.label) &&
      (flags[i]! & wanted) === wanted &&
      forgets[i]! >= filters.forgotten;
    if (!passes) level[i] = DIM;
    else {
      passing++;
      const strong = emphasis >= 0 ? label[i] === emphasis : selected === null || selected[i] === 1;
      level[i] = strong ? FULL : FADED;
    }
  }
  return passing;
}

export interface Counts {
  labels: Float64Array;
  suspected: number;
  never: number;
  movers: number;
  wrong: number;
  shortcut: number;
  forgotten: number;
  noValue: number;
}

/** What each filter would show, over all instances. */
export function counts(columns: Columns, labels: number, forgotten: number): Counts {
  const made = { labels: new Float64Array(labels), suspected: 0, never: 0, movers: 0, wrong: 0, shortcut: 0, forgotten: 0, noValue: 0 };
  const { x, y, label, flags, forgets } = columns;
  for (let i = 0; i < flags.length; i++) {
    const bits = flags[i]!;
    if (bits & FLAG.suspected) made.suspected++;
    if (bits & FLAG.never) made.never++;
    if (bits & FLAG.mover) made.movers++;
    if (bits & FLAG.wrong) made.wrong++;
    if (bits & FLAG.shortcut) made.shortcut++;
    if (forgets[i]! >= forgotten) made.forgotten++;
    if (x[i] === NONE16 || y[i] === NONE16) made.noValue++;
    const code = label[i]!;
    if (code < labels) made.labels[code]!++;
  }
  return made;
}
