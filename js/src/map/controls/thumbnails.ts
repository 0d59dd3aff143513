// Thumbnails and predictions of single instances, fetched when something wants to show them, in small batches, and kept.

import type { App, Change, Part } from "../app";
import { bytesOf } from "../data/codec";
import { LIMITS } from "../data/protocol";

export interface Card {
  index: string;
  prediction: string;
  image: HTMLCanvasElement | null;
}

const KEEP = 2000;
const BATCH = 24;
/** Milliseconds between two questions for newer predictions: each one interrupts the training. */
const AGEING = 4000;

export class Pictures implements Part {
  private readonly cards = new Map<number, Card>();
  /** Rows whose prediction is of an earlier epoch. */
  private stale = new Set<number>();
  private readonly wanted = new Set<number>();
  private readonly asked = new Set<number>();
  private timer = 0;
  private ageing = 0;
  private aged = -Infinity;
  private stream = "";
  /** Called when cards have come. */
  readonly arrived: (() => void)[] = [];

  constructor(private readonly app: App) {}

  update(changes: ReadonlySet<Change>): void {
    if (changes.has("labels") && this.stream !== this.app.state.stream) {
      this.cards.clear();
      this.asked.clear();
      this.stream = this.app.state.stream;
    }
    if (changes.has("data") && !this.ageing) {
      const wait = this.aged + AGEING - performance.now();
      if (wait <= 0) this.age();
      else this.ageing = window.setTimeout(() => (this.age(), this.arrived.forEach((tell) => tell())), wait);
    }
  }

  private age(): void {
    this.ageing = 0;
    this.aged = performance.now();
    this.stale = new Set(this.cards.keys());
  }

  /** What is known of a row; asks for it where it is not known. */
  get(row: number): Card | null {
    const card = this.cards.get(row) ?? null;
    if ((!card || this.stale.has(row)) && !this.asked.has(row)) {
      this.wanted.add(row);
      if (!this.timer) this.timer = window.setTimeout(() => this.flush(), 30);
    }
    return card;
  }

  private flush(): void {
    this.timer = 0;
    const rows = [...this.wanted].slice(-LIMITS.thumbs);
    this.wanted.clear();
    for (let i = 0; i < rows.length; i += BATCH) void this.fetch(rows.slice(i, i + BATCH));
  }

  private async fetch(rows: number[]): Promise<void> {
    rows.forEach((row) => this.asked.add(row));
    const stream = this.stream;
    const pictures = this.app.meta?.samples === true && rows.some((row) => !this.cards.get(row)?.image);
    const answer = await this.app.link.ask("thumbs", (id) => ({ kind: "thumbs", id, rows, pictures }), { replace: false });
    rows.forEach((row) => this.asked.delete(row));
    if (!answer || stream !== this.stream) return;
    answer.message.items.forEach((item, i) => {
      const image = item.width > 0 ? picture(bytesOf(answer.buffers[i]), item.width, item.height) : null;
      const known = this.cards.get(item.row);
      this.cards.delete(item.row);
      this.cards.set(item.row, { index: item.index, prediction: item.prediction, image: image ?? known?.image ?? null });
      this.stale.delete(item.row);
    });
    for (const row of this.cards.keys()) {
      if (this.cards.size <= KEEP) break;
      this.cards.delete(row);
    }
    this.arrived.forEach((tell) => tell());
  }

  close(): void {
    clearTimeout(this.timer);
    clearTimeout(this.ageing);
  }
}

/** RGB bytes as a canvas of the same size, to be enlarged without smoothing. */
function picture(bytes: Uint8Array, width: number, height: number): HTMLCanvasElement | null {
  if (bytes.byteLength !== 3 * width * height) return null;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let i = 0, k = 0; i < bytes.length; i += 3, k += 4) {
    image.data[k] = bytes[i]!;
    image.data[k + 1] = bytes[i + 1]!;
    image.data[k + 2] = bytes[i + 2]!;
    image.data[k + 3] = 255;
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}

/** Draw a card's picture into a canvas of the page, whole and with its pixels kept. */
export function paint(target: HTMLCanvasElement, image: HTMLCanvasElement, side: number): void {
  const ratio = devicePixelRatio;
  const scale = Math.min(side / image.width, side / image.height);
  target.width = Math.round(image.width * scale * ratio);
  target.height = Math.round(image.height * scale * ratio);
  target.style.width = `${image.width * scale}px`;
  target.style.height = `${image.height * scale}px`;
  const context = target.getContext("2d");
  if (!context) return;
  context.imageSmoothingEnabled = image.width > target.width;
  context.drawImage(image, 0, 0, target.width, target.height);
}
