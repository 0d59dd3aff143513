// What a window remembers over a reload of its page: how far it was zoomed. Only for as long as the tab is open.

import type { Window } from "./scale";

export interface Zoom {
  axes: string;
  window: Window;
}

const EDGES = ["x0", "x1", "y0", "y1"] as const;
const place = (stream: string): string => `xai_widgets.map.${stream}`;

/** Some hosts give no storage, or a full one: then a reload shows everything. */
function storage(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

export function remember(stream: string, zoom: Zoom | null): void {
  try {
    if (zoom === null) storage()?.removeItem(place(stream));
    else storage()?.setItem(place(stream), JSON.stringify(zoom));
  } catch (error) {
    console.debug("instance map: the zoom is not kept over a reload:", error);
  }
}

/** The zoom kept for these axes, or null; what is in the storage is checked like any input. */
export function recall(stream: string, axes: string, limits: Window): Window | null {
  return readZoom(storage()?.getItem(place(stream)) ?? "null", axes, limits);
}

export function readZoom(text: string, axes: string, limits: Window): Window | null {
  let kept: Partial<Zoom> | null;
  try {
    kept = JSON.parse(text) as Partial<Zoom> | null;
  } catch {
    return null;
  }
  const found = kept?.window;
  if (kept?.axes !== axes || !found || !EDGES.every((edge) => Number.isFinite(found[edge]))) return null;
  const { x0, x1, y0, y1 } = found;
  const fits = x0 < x1 && y0 < y1 && x0 >= limits.x0 && x1 <= limits.x1 && y0 >= limits.y0 && y1 <= limits.y1;
  return fits ? { x0, x1, y0, y1 } : null;
}
