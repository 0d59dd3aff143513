// The colours points have: per label, or along a colour map. Python sends the label colours, so that they are those of every view.

import type { LabelSpec, Meta } from "../data/protocol";
import { packed, packedComputed, type Theme } from "../../shared/theme";
import { VIRIDIS } from "./viridis";

/** The table a code is looked up in; the last entry is for codes without a colour. */
export function colorTable(meta: Meta, labels: readonly LabelSpec[], theme: Theme): Uint32Array {
  const none = packedComputed(theme.quiet, theme.surface);
  if (!meta.color) return Uint32Array.from([...labels.map((label) => packed(theme.dark ? label.dark : label.light)), none]);
  return Uint32Array.from([...scaleTable(theme.dark), none]);
}

/** 255 colours of a sequential map; the end nearest to the background is left out. */
export function scaleTable(dark: boolean): number[] {
  const [first, last] = dark ? [40, 255] : [0, 225];
  return Array.from({ length: 255 }, (_, k) => at(first + ((last - first) * k) / 254));
}

function at(position: number): number {
  const [k, part] = [Math.min(Math.floor(position), 254), position - Math.min(Math.floor(position), 254)];
  const mix = (c: number): number => Math.round(VIRIDIS[3 * k + c]! * (1 - part) + VIRIDIS[3 * k + 3 + c]! * part);
  return (mix(2) << 16) | (mix(1) << 8) | mix(0);
}

export const cssOf = (color: number): string => `rgb(${color & 255}, ${(color >> 8) & 255}, ${(color >> 16) & 255})`;
