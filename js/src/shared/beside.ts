// A view that is open in a pane beside the notebook takes one line in its cell. All of it is decided here: whether a pane has
// appeared only the page knows, and it knows it also while the kernel is busy, after a reload, and in every host.

import { button, h, say, show } from "./dom";

export interface Beside {
  /** the view's name, by which its pane is found */
  id: string;
  /** when a pane was asked for last, in seconds; 0 for never */
  asked: number;
  /** what to say where none appears */
  how: string;
}

const PANE = ".jupyterlab-sidecar";
const WAIT = 2000;
/** A wish older than this, in seconds, is of another visit to the page. */
const OLD = 10;

/**
 * Follow whether a view is open beside, and say so.
 *
 * @param line where the one line stands
 * @param read the newest wish
 * @returns what is to be called when the wish changes
 */
export function followBeside(root: HTMLElement, line: HTMLElement, read: () => Beside | null, signal: AbortSignal): () => void {
  const said = h("span", { class: "xaiw-said" });
  const act = button("", "xaiw-press", () => pressed());
  line.append(said, " ", act);
  line.classList.add("xaiw-beside");
  line.setAttribute("role", "status");
  const announce = (): void => void window.dispatchEvent(new Event("xaiw-pane"));
  if (root.closest(PANE)) {
    show(line, false);
    root.dataset["pane"] = read()?.id ?? "";
    announce();
    signal.addEventListener("abort", () => {
      delete root.dataset["pane"];
      setTimeout(announce);
    });
    return () => undefined;
  }
  let waits = Math.abs(Date.now() / 1000 - (read()?.asked ?? 0)) < OLD;
  let missed = false;
  let here = false; // shown in its cell as well
  let timer = 0;
  let look = 0; // a pane is closed without a word to the view in it
  const draw = (): void => {
    const beside = read();
    const open = !!beside?.id && document.querySelector(`${PANE} [data-pane="${CSS.escape(beside.id)}"]`) !== null;
    if (open) waits = missed = false;
    else here = false;
    clearTimeout(look);
    if (open) look = window.setTimeout(draw, 1000);
    root.classList.toggle("xaiw-elsewhere", (open && !here) || waits);
    show(line, open || waits || missed);
    say(said, open ? "Shown beside the notebook." : waits ? "Opening beside the notebook\u2026" : missed ? (beside?.how ?? "") : "");
    show(act, open || missed);
    say(act, open ? (here ? "only there" : "here, too") : "dismiss");
  };
  const pressed = (): void => {
    if (missed) missed = false;
    else here = !here;
    draw();
  };
  const wait = (): void => {
    clearTimeout(timer);
    if (waits) timer = window.setTimeout(() => ((missed = waits), (waits = false), draw()), WAIT);
    draw();
  };
  window.addEventListener("xaiw-pane", draw, { signal });
  signal.addEventListener("abort", () => [timer, look].forEach(clearTimeout));
  wait();
  return () => {
    waits = true;
    missed = false;
    wait();
  };
}
