// Pointer and keyboard on the history: the wheel zooms the rows, dragging moves, Shift and dragging selects.

import type { App } from "../app";
import type { Heat } from "./heatmap";

export class HeatGestures {
  private start: { x: number; y: number; select: boolean } | null = null;
  private last = 0;
  private moved = false;

  constructor(
    private readonly surface: HTMLElement,
    private readonly heat: Heat,
    private readonly app: App,
    private readonly lasso: () => boolean,
    private readonly hint: (text: string) => void,
    signal: AbortSignal,
  ) {
    surface.addEventListener("pointerdown", (event) => this.down(event), { signal });
    surface.addEventListener("pointermove", (event) => this.move(event), { signal });
    surface.addEventListener("pointerup", (event) => this.up(event), { signal });
    surface.addEventListener("pointercancel", () => (this.start = null), { signal });
    surface.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
    surface.addEventListener("keydown", (event) => this.key(event), { signal });
  }

  private get ready(): boolean {
    return this.app.meta?.view === "history" && this.heat.total > 0;
  }

  private at(event: MouseEvent): { x: number; y: number } {
    const box = this.surface.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0 || !this.ready || event.target instanceof HTMLButtonElement) return;
    this.surface.focus({ preventScroll: true });
    this.surface.setPointerCapture(event.pointerId);
    const { x, y } = this.at(event);
    this.start = { x, y, select: event.shiftKey || this.lasso() };
    this.last = y;
    this.moved = false;
  }

  private move(event: PointerEvent): void {
    if (!this.ready) return;
    const { x, y } = this.at(event);
    this.heat.point(x, y);
    if (!this.start) return;
    if (!this.moved && Math.abs(y - this.start.y) < 4) return;
    this.moved = true;
    if (this.start.select) return;
    const rows = ((this.last - y) / this.heat.area.height) * (this.heat.row1 - this.heat.row0);
    const whole = Math.trunc(rows);
    if (whole === 0) return;
    this.heat.rows(this.heat.row0 + whole, this.heat.row1 + whole);
    this.last = y;
  }

  private up(event: PointerEvent): void {
    const start = this.start;
    this.start = null;
    if (!start || !this.ready) return;
    const { x, y } = this.at(event);
    const { area } = this.heat;
    if (x < area.left - 80 || y < area.top - 4 || y > area.top + area.height + 4) return;
    if (this.moved && !start.select) return;
    const [row0, row1] = this.heat.rowsAt(this.moved ? start.y : y, y);
    this.app.link.send({ kind: "select_sorted", row0, row1 });
  }

  private wheel(event: WheelEvent): void {
    if (!this.ready) return;
    if (!this.surface.matches(":focus-within") && !event.ctrlKey && !event.metaKey) {
      this.hint("Click the picture first to zoom with the wheel, or hold Ctrl");
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const { area } = this.heat;
    const share = Math.min(1, Math.max(0, (this.at(event).y - area.top) / area.height));
    this.heat.zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0025)), share);
  }

  private key(event: KeyboardEvent): void {
    if (!this.ready || event.target !== this.surface) return;
    const acts: Record<string, () => void> = {
      ArrowUp: () => this.heat.pan(-0.1),
      ArrowDown: () => this.heat.pan(0.1),
      PageUp: () => this.heat.pan(-0.9),
      PageDown: () => this.heat.pan(0.9),
      "+": () => this.heat.zoom(2, 0.5),
      "=": () => this.heat.zoom(2, 0.5),
      "-": () => this.heat.zoom(0.5, 0.5),
      Home: () => this.heat.rows(0, this.heat.total),
      "0": () => this.heat.rows(0, this.heat.total),
      Enter: () => this.app.link.send({ kind: "select_sorted", row0: this.heat.row0, row1: this.heat.row1 }),
      Escape: () => this.app.select(new Int32Array(0)),
    };
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }
}
