// The line above a sample's pictures: which one, what it is, what the network says. Also gives the
// pictures their titles, and their names for screen readers.

import type { RenderProps } from "@anywidget/types";

/** [text, style] with style one of "", "strong", "warm", "quiet" */
type Run = [string, string];

interface CaptionState {
  parts: Run[][];
  names: string[];
  /** what stands under each picture */
  titles: string[];
}

function part(runs: Run[]): HTMLElement {
  const element = document.createElement("span");
  for (const [text, style] of runs) {
    const run = document.createElement(style === "strong" || style === "warm" ? "b" : "span");
    run.textContent = text;
    if (style === "warm") run.className = "xaiw-warm";
    if (style === "quiet") element.className = "xaiw-loss";
    element.append(run);
  }
  return element;
}

function render({ model, el }: RenderProps<CaptionState>): () => void {
  const draw = (): void => el.replaceChildren(...model.get("parts").map(part));
  const name = (): void => {
    const canvases = el.closest(".xaiw-sample")?.querySelectorAll("canvas") ?? [];
    canvases.forEach((canvas, place) => {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", model.get("names")[place] ?? "");
      canvas.closest(".xaiw-cell")?.setAttribute("data-title", model.get("titles")[place] ?? "");
      // ipycanvas makes each a stop of the Tab key, and lets no key out of it again
      canvas.removeAttribute("tabindex");
    });
  };
  // canvases come and go beside this line: a reload replaces them
  const watch = new MutationObserver(name);
  const start = (): void => {
    const row = el.closest(".xaiw-sample");
    if (row) watch.observe(row, { childList: true, subtree: true });
    name();
  };
  draw();
  const timer = setTimeout(start, 100);
  model.on("change:parts", draw);
  model.on("change:names", name);
  model.on("change:titles", name);
  return () => {
    clearTimeout(timer);
    watch.disconnect();
    model.off("change:parts", draw);
    model.off("change:names", name);
    model.off("change:titles", name);
  };
}

export default { render };
