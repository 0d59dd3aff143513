// The instance map as an anywidget module.

import type { Model } from "./map/data/link";
import { Page } from "./map/page";

interface Context {
  model: Model;
  el: HTMLElement;
}

function render({ model, el }: Context): () => void {
  const page = new Page(model, el);
  // a handle for tests and for looking inside from the console
  Object.assign(page.root, { instanceMap: page });
  return () => page.close();
}

export default { render };
