// The pictures a page has, and how large one is drawn. They come once, in messages of their own, and are kept here.

import { h } from "../shared/dom";
import type { Pictures } from "./state";

/** Pictures of at most so many pixels are enlarged without smoothing: pixels stay pixels. */
const SHARP = 170;
/** More than Python takes a page to have. */
const KEPT = { large: 24, small: 600 };

/** The size a picture is drawn in a square box: small ones enlarged, by a whole number where that fills it, large ones as they fit. */
export function enlarged(width: number, height: number, box: number): { width: number; height: number; sharp: boolean } {
  const longest = Math.max(width, height, 1);
  const sharp = longest <= SHARP;
  const fits = box / longest;
  const times = !sharp ? Math.min(1, fits) : fits < 3 ? fits : Math.floor(fits);
  return { width: Math.round(width * times), height: Math.round(height * times), sharp };
}

export class Album {
  private readonly held = { large: new Map<string, string>(), small: new Map<string, string>() };

  take(pictures: Pictures): void {
    for (const size of ["large", "small"] as const) {
      const held = this.held[size];
      for (const [key, address] of Object.entries(pictures[size])) {
        held.delete(key);
        held.set(key, address);
      }
      while (held.size > KEPT[size]) held.delete(held.keys().next().value as string);
    }
  }

  /** The address of a picture; "" where there is none, undefined while it is not here. A small one stands in for a large one. */
  get(key: string, size: "large" | "small"): string | undefined {
    return this.held[size].get(key) ?? (size === "large" ? this.held.small.get(key) : undefined);
  }
}

/** Only pictures that Python made. */
export const trusted = (address: string): boolean => /^data:image\/(png|jpeg);base64,[A-Za-z0-9+/=]*$/.test(address);

/** An image that sizes itself once it is read. */
export function picture(address: string, box: number, alt: string): HTMLImageElement {
  const image = h("img", { alt, draggable: "false" });
  image.addEventListener("load", () => {
    const { width, height, sharp } = enlarged(image.naturalWidth, image.naturalHeight, box);
    image.style.width = `${width}px`;
    image.style.height = `${height}px`;
    image.classList.toggle("xaiw-sharp", sharp);
  });
  if (trusted(address)) image.src = address;
  return image;
}
