// What a window remembers over a reload of its page: how far it was zoomed. Only for as long as the tab is open.

import type { Window } from "./scale";

/** The part of the map that was shown, and of which axes. */
export interface Zoom {
  axes: string;
  window: Window;
}

/** The rows of the history that were shown, and in which order they were. */
export interface Rows {
  order: string;
  row0: number;
  row1: number;
}

type View = "map" | "history";

const EDGES = ["x0", "x1", "y0", "y1"] as const;
const place = (view: View, stream: string): string => `xai_widgets.${view}.${stream}`;

/** Some hosts give no storage, or a full one: then a reload shows everything. */
function storage(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

function keep(view: View, stream: string, what: Zoom | Rows | null): void {
  try {
    if (what === null) storage()?.removeItem(place(view, stream));
    else storage()?.setItem(place(view, stream), JSON.stringify(what));
  } catch (error) {
    console.debug("instance map: the zoom is not kept over a reload:", error);
  }
}

const kept = (view: View, stream: string): string => storage()?.getItem(place(view, stream)) ?? "null";

function parsed<T>(text: string): Partial<T> | null {
  try {
    return JSON.parse(text) as Partial<T> | null;
  } catch {
    return null;
  }
}

export const rememberZoom = (stream: string, zoom: Zoom | null): void => keep("map", stream, zoom);

/** The zoom kept for these axes, or null; what is in the storage is checked like any input. */
export const recallZoom = (stream: string, axes: string, limits: Window): Window | null => readZoom(kept("map", stream), axes, limits);

export function readZoom(text: string, axes: string, limits: Window): Window | null {
  const zoom = parsed<Zoom>(text);
  const found = zoom?.window;
  if (zoom?.axes !== axes || !found || !EDGES.every((edge) => Number.isFinite(found[edge]))) return null;
  const { x0, x1, y0, y1 } = found;
  const fits = x0 < x1 && y0 < y1 && x0 >= limits.x0 && x1 <= limits.x1 && y0 >= limits.y0 && y1 <= limits.y1;
  return fits ? { x0, x1, y0, y1 } : null;
}

export const rememberRows = (stream: string, rows: Rows | null): void => keep("history", stream, rows);

/** The rows kept for this order, or null; how many there are in all is not known yet. */
export const recallRows = (stream: string, order: string): Rows | null => readRows(kept("history", stream), order);

export function readRows(text: string, order: string): Rows | null {
  const rows = parsed<Rows>(text);
  const { row0, row1 } = rows ?? {};
  if (rows?.order !== order || !Number.isSafeInteger(row0) || !Number.isSafeInteger(row1)) return null;
  return row0! >= 0 && row0! < row1! ? { order, row0: row0!, row1: row1! } : null;
}
