// Pointer and keyboard on the plot. Everything here works without the kernel.

import type { App } from "../app";
import { type Combine, step } from "../data/pick";
import { pan, zoom } from "../data/scale";
import type { Scatter } from "./scatter";
import { valueAt } from "./axes";

export type Tool = "move" | "lasso";

const CLICK = 4; // a pointer that moved less has clicked
const REACH = 10; // how near a click or the pointer must come, in pixels

export class Gestures {
  tool: Tool = "move";
  private start: { x: number; y: number; id: number } | null = null;
  private last = { x: 0, y: 0 };
  private drawing = false;
  private moved = false;
  private hoverFrame = 0;

  constructor(
    private readonly surface: HTMLElement,
    private readonly plot: Scatter,
    private readonly app: App,
    private readonly hint: (text: string) => void,
    signal: AbortSignal,
  ) {
    const on = <K extends keyof HTMLElementEventMap>(kind: K, act: (event: HTMLElementEventMap[K]) => void, passive = true): void =>
      surface.addEventListener(kind, act, { signal, passive });
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", () => this.cancel());
    on("pointerleave", () => this.leave());
    on("dblclick", () => this.ready() && this.plot.show(this.plot.limits));
    on("wheel", (event) => this.wheel(event), false);
    on("keydown", (event) => this.key(event), false);
  }

  private ready(): boolean {
    return this.app.meta?.view === "map" && this.app.state.n > 0;
  }

  private at(event: MouseEvent): { x: number; y: number } {
    const box = this.surface.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0 || !this.ready() || event.target instanceof HTMLButtonElement) return;
    this.surface.focus({ preventScroll: true });
    this.surface.setPointerCapture(event.pointerId);
    this.start = { ...this.at(event), id: event.pointerId };
    this.last = this.start;
    this.moved = false;
    this.drawing = this.tool === "lasso" || event.shiftKey;
    this.plot.lasso = this.drawing ? [this.start.x, this.start.y] : [];
  }

  private move(event: PointerEvent): void {
    if (!this.ready()) return;
    const at = this.at(event);
    if (!this.start) {
      this.last = at;
      if (!this.hoverFrame) this.hoverFrame = requestAnimationFrame(() => this.hover());
      return;
    }
    if (!this.moved && Math.hypot(at.x - this.start.x, at.y - this.start.y) < CLICK) return;
    this.moved = true;
    this.app.setHover(-1);
    if (this.drawing) {
      this.plot.lasso.push(at.x, at.y);
      this.plot.mark();
    } else {
      const { area, window, limits } = this.plot;
      this.plot.show(pan(window, (this.last.x - at.x) / area.width, (at.y - this.last.y) / area.height, limits), true);
    }
    this.last = at;
  }

  private hover(): void {
    this.hoverFrame = 0;
    if (!this.ready() || this.start) return;
    this.app.setHover(this.plot.pick(this.last.x, this.last.y, REACH));
  }

  private up(event: PointerEvent): void {
    if (!this.start || event.pointerId !== this.start.id) return;
    const { moved, drawing } = this;
    const polygon = this.plot.lasso;
    this.cancel();
    if (!moved) this.click(event);
    else if (drawing && polygon.length >= 6) {
      this.app.select(this.plot.rowsInside(polygon), event.ctrlKey || event.metaKey ? "add" : event.altKey ? "remove" : "replace");
      this.plot.keepLasso(polygon);
      this.plot.mark();
    }
  }

  private click(event: PointerEvent): void {
    const { x, y } = this.at(event);
    const row = this.plot.pick(x, y, REACH);
    const more = event.ctrlKey || event.metaKey || event.shiftKey;
    if (row >= 0) {
      this.app.setFocus(row);
      this.app.select(Int32Array.of(row), more ? (this.app.mask?.[row] ? "remove" : "add") : "replace");
    } else if (!more && this.app.selected.length > 0) this.app.select(new Int32Array(0));
  }

  private cancel(): void {
    this.start = null;
    this.drawing = false;
    this.plot.lasso = [];
  }

  private leave(): void {
    cancelAnimationFrame(this.hoverFrame);
    this.hoverFrame = 0;
    if (!this.start) this.app.setHover(-1);
  }

  /** The wheel scrolls the page until the map is clicked; with Ctrl it always zooms. */
  private wheel(event: WheelEvent): void {
    if (!this.ready()) return;
    const active = this.surface.matches(":focus-within");
    if (!active && !event.ctrlKey && !event.metaKey) {
      this.hint("Click the map first to zoom with the wheel, or hold Ctrl");
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const { area, window, limits } = this.plot;
    const { x, y } = this.at(event);
    const point = valueAt(window, area, x, y);
    this.plot.show(zoom(window, Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0018)), point.x, point.y, limits), true);
  }

  zoomBy(factor: number): void {
    if (!this.ready()) return;
    const { x0, x1, y0, y1 } = this.plot.window;
    this.plot.show(zoom(this.plot.window, factor, (x0 + x1) / 2, (y0 + y1) / 2, this.plot.limits));
  }

  private key(event: KeyboardEvent): void {
    if (!this.ready() || event.target !== this.surface) return;
    if (!this.act(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** What a key does; false where it is not ours. */
  private act(event: KeyboardEvent): boolean {
    const direction = ARROWS[event.key];
    if (direction) {
      if (event.shiftKey) this.plot.show(pan(this.plot.window, direction[0] * 0.15, -direction[1] * 0.15, this.plot.limits), true);
      else this.stepTo(direction);
      return true;
    }
    if (event.ctrlKey || event.metaKey) return event.key.toLowerCase() === "a" ? this.all() : false;
    if (event.key === "+" || event.key === "=") this.zoomBy(1.5);
    else if (event.key === "-") this.zoomBy(1 / 1.5);
    else if (event.key === "0" || event.key === "Home") this.plot.show(this.plot.limits);
    else if (event.key === "Enter" || event.key === " ") this.choose(event.shiftKey);
    else if (event.key === "Escape") this.escape();
    else return false;
    return true;
  }

  private all(): boolean {
    this.app.select(this.app.passingRows);
    return true;
  }

  private choose(more: boolean): void {
    const row = this.app.focus;
    if (row < 0) return this.stepTo([1, 0]);
    const how: Combine = this.app.mask?.[row] ? "remove" : more ? "add" : "replace";
    this.app.select(Int32Array.of(row), how);
  }

  private escape(): void {
    if (this.start) this.cancel();
    else if (this.app.selected.length > 0) this.app.select(new Int32Array(0));
    this.app.setFocus(-1);
    this.plot.mark();
  }

  private stepTo([dx, dy]: readonly [number, number]): void {
    const { columns } = this.app.state;
    const { area, pixels } = this.plot;
    const row =
      this.app.focus >= 0
        ? step(columns.x, columns.y, this.app.level, pixels, this.app.focus, dx, dy)
        : this.plot.pick(area.left + area.width / 2, area.top + area.height / 2, 1e4);
    if (row >= 0) this.app.setFocus(row);
  }
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
