// The line above a sample's pictures: which one, what it is, what the network says. Also names the pictures for screen readers.

import type { RenderProps } from "@anywidget/types";

/** [text, style] with style one of "", "strong", "quiet" */
type Part = [string, string];

interface CaptionState {
  parts: Part[];
  names: string[];
}

function render({ model, el }: RenderProps<CaptionState>): () => void {
  const draw = (): void => {
    el.replaceChildren(
      ...model.get("parts").map(([text, style]) => {
        const part = document.createElement(style === "strong" ? "b" : "span");
        if (style === "quiet") part.className = "xaiw-loss";
        part.textContent = text;
        return part;
      }),
    );
  };
  const name = (): void => {
    const canvases = el.closest(".xaiw-sample")?.querySelectorAll("canvas") ?? [];
    canvases.forEach((canvas, place) => {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", model.get("names")[place] ?? "");
    });
  };
  draw();
  const later = (): void => void setTimeout(name, 300);
  later();
  model.on("change:parts", draw);
  model.on("change:names", later);
  return () => {
    model.off("change:parts", draw);
    model.off("change:names", later);
  };
}

export default { render };
