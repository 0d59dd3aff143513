// The review as an anywidget module.

import type { RenderProps } from "@anywidget/types";
import { Desk } from "./review/desk";
import type { DeskState } from "./review/state";

function render({ model, el }: RenderProps<DeskState>): () => void {
  const desk = new Desk(model, el);
  return () => desk.close();
}

export default { render };
