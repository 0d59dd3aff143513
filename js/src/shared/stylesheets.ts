// What may change a page's colours.

const sheet = (node: Node): boolean => node instanceof HTMLStyleElement || (node instanceof HTMLLinkElement && node.rel === "stylesheet");

/** Whether a style sheet came or went: while a kernel works JupyterLab changes the icon in the head at every message. */
export function sheetsChanged(changes: MutationRecord[]): boolean {
  return changes.some((change) => [...change.addedNodes, ...change.removedNodes].some(sheet));
}
