// A name for each place in which a dashboard is shown, over all windows. A reload keeps it, so that Python does not count
// what is gone; two views in one page, and a window that was duplicated, have names of their own.

const KEPT = "xai_widgets.tab";

interface Page {
  name: string;
  taken: Set<number>;
}

declare global {
  interface Window {
    /** what the views of a page share: each widget loads its module by itself */
    xaiWidgetsPage?: Page;
  }
}

function page(): Page {
  if (window.xaiWidgetsPage) return window.xaiWidgetsPage;
  let name = Math.random().toString(36).slice(2, 12);
  try {
    name = sessionStorage.getItem(KEPT) ?? name;
    // a duplicated window has a copy of all that is stored: the name is stored only from one page to the next
    sessionStorage.removeItem(KEPT);
    window.addEventListener("pagehide", () => sessionStorage.setItem(KEPT, name));
    window.addEventListener("pageshow", () => sessionStorage.removeItem(KEPT));
  } catch (error) {
    console.debug("xai_widgets: a page's name is not kept over a reload:", error); // some hosts give no storage
  }
  return (window.xaiWidgetsPage = { name, taken: new Set() });
}

/** Take the lowest free name of this page until the view ends. */
export function takePlace(signal: AbortSignal): string {
  const { name, taken } = page();
  let number = 0;
  while (taken.has(number)) number++;
  taken.add(number);
  signal.addEventListener("abort", () => taken.delete(number));
  return `${name}-${number}`;
}
