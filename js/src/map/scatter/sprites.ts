// Coverage of the small shapes points are drawn with, antialiased and at quarter-pixel positions. Pure.

/** A shape per label beside its colour, in this order; the legend shows the same. */
export const SHAPES = ["disc", "square", "diamond", "triangle", "wedge", "plus", "cross"] as const;
export type Shape = (typeof SHAPES)[number];

export const shapeOf = (label: number): Shape => SHAPES[label % SHAPES.length]!;

/** The same shapes as paths around the origin, for the legend. */
export const OUTLINES: Readonly<Record<Shape, string>> = {
  disc: "M-1 0a1 1 0 1 0 2 0a1 1 0 1 0 -2 0z",
  square: "M-.88 -.88H.88V.88H-.88z",
  diamond: "M0 -1.25L1.25 0L0 1.25L-1.25 0z",
  triangle: "M0 -1.1L1.18 .8H-1.18z",
  wedge: "M0 1.1L1.18 -.8H-1.18z",
  plus: "M-.4 -1.15H.4V-.4H1.15V.4H.4V1.15H-.4V.4H-1.15V-.4H-.4z",
  cross: "M0 -.56L.44 -1H1V-.44L.56 0L1 .44V1H.44L0 .56L-.44 1H-1V.44L-.56 0L-1 -.44V-1H-.44z",
};

export const PHASES = 4;
const SUB = 4;

export interface Kernel {
  /** Side of the square in pixels; its centre is at pixel `reach`. */
  side: number;
  reach: number;
  /** PHASES * PHASES masks of side * side bytes, the phase of x first. */
  masks: Uint8Array[];
  /** The same without the empty pixels: line, column and coverage, packed as 0x00LLCCVV. */
  spots: Int32Array[];
}

/** Whether a point (in units of the radius, y downwards) belongs to a shape. All shapes have about the disc's area. */
export function covers(shape: Shape, x: number, y: number): boolean {
  const ax = Math.abs(x);
  const ay = Math.abs(y);
  switch (shape) {
    case "disc":
      return x * x + y * y <= 1;
    case "square":
      return ax <= 0.88 && ay <= 0.88;
    case "diamond":
      return ax + ay <= 1.25;
    case "triangle":
      return y <= 0.8 && y >= -1.1 && ax <= (y + 1.1) * 0.62;
    case "wedge":
      return y >= -0.8 && y <= 1.1 && ax <= (1.1 - y) * 0.62;
    case "plus":
      return (ax <= 0.4 && ay <= 1.15) || (ay <= 0.4 && ax <= 1.15);
    case "cross":
      return (Math.abs(x - y) <= 0.56 || Math.abs(x + y) <= 0.56) && ax <= 1 && ay <= 1;
  }
}

function mask(shape: Shape, radius: number, reach: number, fx: number, fy: number): Uint8Array {
  const side = 2 * reach + 1;
  const made = new Uint8Array(side * side);
  for (let py = 0; py < side; py++) {
    for (let px = 0; px < side; px++) {
      let hit = 0;
      for (let s = 0; s < SUB * SUB; s++) {
        const x = px - reach + ((s % SUB) + 0.5) / SUB - 0.5 - fx;
        const y = py - reach + (Math.floor(s / SUB) + 0.5) / SUB - 0.5 - fy;
        if (covers(shape, x / radius, y / radius)) hit++;
      }
      made[py * side + px] = Math.round((hit / (SUB * SUB)) * 255);
    }
  }
  return made;
}

function spotsOf(made: Uint8Array, side: number): Int32Array {
  const found: number[] = [];
  made.forEach((cover, i) => cover > 0 && found.push((Math.floor(i / side) << 16) | (i % side << 8) | cover));
  return Int32Array.from(found);
}

const cache = new Map<string, Kernel>();

/** The masks of a shape at a radius in device pixels; made once. */
export function kernel(shape: Shape, radius: number): Kernel {
  const key = `${shape} ${radius.toFixed(2)}`;
  const known = cache.get(key);
  if (known) return known;
  const reach = Math.ceil(radius * 1.25 + 0.5);
  const masks: Uint8Array[] = [];
  for (let fy = 0; fy < PHASES; fy++) {
    for (let fx = 0; fx < PHASES; fx++) {
      masks.push(mask(shape, radius, reach, (fx + 0.5) / PHASES - 0.5, (fy + 0.5) / PHASES - 0.5));
    }
  }
  const side = 2 * reach + 1;
  const made = { side, reach, masks, spots: masks.map((one) => spotsOf(one, side)) };
  if (cache.size > 256) cache.clear();
  cache.set(key, made);
  return made;
}
