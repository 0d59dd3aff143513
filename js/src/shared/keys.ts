// Keys that a view needs although its host has a use for them.

const HOST = "data-lm-suppress-shortcuts";

/**
 * Leave keys to what has the focus in a view. In a selected cell JupyterLab and Notebook take arrows for moves between headings
 * and cells, and letters for cutting or adding cells, so that no slider, row or tab would hear of them; all others stay the host's.
 *
 * Which ones are the view's is asked of `mine`: by default arrows alone. The host looks for the mark on what has the focus
 * first, so that one on the view's root would come too late.
 */
export function keepKeys(root: HTMLElement, signal: AbortSignal, mine: (event: KeyboardEvent) => boolean = isArrow): void {
  const hear = (event: KeyboardEvent): void => {
    const { target } = event;
    if (!(target instanceof Element) || !root.contains(target) || target.hasAttribute(HOST) || !mine(event)) return;
    target.setAttribute(HOST, "true"); // the host asks while it hears this very event, after us
    setTimeout(() => target.removeAttribute(HOST));
  };
  window.addEventListener("keydown", hear, { capture: true, signal });
}

function isArrow(event: KeyboardEvent): boolean {
  return event.key.startsWith("Arrow") && !(event.ctrlKey || event.altKey || event.metaKey || event.shiftKey);
}
