"""What does it look at: saliency of the selected samples, on a copy of the weights."""

from __future__ import annotations

import functools
import math
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import ipywidgets
import numpy as np

from xai_widgets._metrics import percent
from xai_widgets.attribution import methods
from xai_widgets.figures import palette
from xai_widgets.live import AttributionService, Publisher
from xai_widgets.samples import as_samples
from xai_widgets.tracking import CheckItem
from xai_widgets.widgets.saliency.kinds import look_of
from xai_widgets.widgets.saliency.mask_pictures import (
    Cells,
    caption,
    first_caption,
    row_pictures,
    widest_gap,
)
from xai_widgets.widgets.saliency.requests import ASKING, Asking, checked_columns, sliders_of
from xai_widgets.widgets.saliency.rows import SampleRows
from xai_widgets.widgets.saliency.texts import (
    BASELINES,
    COLORMAPS,
    SIZES,
    advised,
    empty_state,
    head_words,
    problem_state,
    progress_strip,
    target_key,
    tool_words,
    weights_name,
)
from xai_widgets.widgets.view.formatting import index_text
from xai_widgets.widgets.view.front import Message
from xai_widgets.widgets.view.menus import one_of
from xai_widgets.widgets.view.selection import Index, Selection
from xai_widgets.widgets.view.thumbnails import must_wait

_AFFORDABLE: Final = 60_000


class SaliencyPanel(Asking):
    """What does it look at? Saliency of the selected samples, computed on a copy of the weights while training goes on.

    Columns: the input, the best mask over it, and the masks of ``columns``: raw, smoothed, integrated and both (SmInt) by
    default. 0 draws or 0 steps switch off those that need some; colours recompute nothing.

    Parameters
    ----------
    model : torch.nn.Module or keras.Model
        The model; only copied, between two training steps, never touched.
    samples : object
        Anything `xai_widgets.samples.as_samples` takes: arrays, a torch or Hugging Face data set, tf.data, Samples.
    tracker : Tracker, optional
        Says when training is between two steps, and the true labels and names.
    smoothing : int, default 25
        Noise draws, 0 to 1,000.
    integrating : int, default 100
        Steps of the path, 0 to 1,000.
    noise : float, default 0.15
        Standard deviation of the noise, as a share of the input's range, 0 to 1.
    baseline : str, default "uniform"
        Where the path starts: "uniform", "gaussian", "zeros", "black", "white", "blur", "maximum_distance".
    target : int, "predicted", "true" or None, optional
        What is explained; the predicted class by default.
    columns : sequence of str, optional
        The columns of masks, from left to right, of `xai_widgets.attribution.methods.columns()`: "raw", "smoothed",
        "integrated", "smint", or any registered method such as "gradcam" or "occlusion". The first four by default; a trait.
    colormap : str, default "inferno"
        A name of ``figures.palette.colormap``; "blue-orange" shows the sign.
    indices : iterable of int or str, default ()
        Selected from the start.
    rows : int, default 4
        Most samples shown at once, 1 to 12.
    following : bool, default True
        New pictures after every epoch; otherwise it stays on the weights it has.
    model_fn : callable, optional
        Builds a fresh model of the same architecture, for models that cannot be copied.
    share : float, default 0.06
        Bound for the part by which training's steps may take longer while something is computed.
    engine_options : dict, optional
        For :class:`xai_widgets.AttributionEngine`.
    title : str, default "What does it look at?"
        The head line.
    **options
        For `as_samples`: ``layout``, ``mean``, ``std``, ``labels``, ``label_names``, ...
    """

    def __init__(
        self,
        model: Any,
        samples: Any,
        tracker: Any = None,
        smoothing: int = 25,
        integrating: int = 100,
        *,
        noise: float = 0.15,
        baseline: str = "uniform",
        target: Any = None,
        columns: Sequence[str] | None = None,
        colormap: str = "inferno",
        indices: Iterable[Index] = (),
        rows: int = 4,
        following: bool = True,
        model_fn: Callable[[], Any] | None = None,
        share: float = 0.06,
        engine_options: dict[str, Any] | None = None,
        title: str = "What does it look at?",
        publisher: Publisher | None = None,
        selection: Selection | None = None,
        **options: Any,
    ) -> None:
        if not 1 <= rows <= 12:
            raise ValueError(f"rows should be 1 to 12 samples shown at once, got {rows}")
        palette.colormap(colormap)
        chosen = checked_columns(methods.default_columns() if columns is None else columns)
        held = as_samples(samples, **options)
        super().__init__(tracker, publisher, selection)
        self.columns = chosen
        self.samples = held
        self.service = AttributionService(
            model,
            self.samples,
            tracker=tracker,
            model_fn=model_fn,
            share=share,
            engine_options=engine_options,
        )
        self.smoothing, self.integrating, self.noise = smoothing, integrating, noise
        self.baseline, self.target, self.colormap, self.following = baseline, target, colormap, following
        self._made, self._gap = 0, math.nan  # pictures made, and the completeness gap of the last ones
        if hasattr(tracker, "add_claims"):
            tracker.add_claims("saliency", functools.partial(_claims_of, weakref.ref(self)))
        self._title, self._rows = title, SampleRows(rows, self.publisher.together)
        self._sliders = sliders_of(self)
        self._open([ipywidgets.Box(list(self._sliders.values())), self._rows.box], "xaiw-saliency")
        self.children[0].children[1].add_class("xaiw-controls")
        self._hold(*self._sliders.values())
        for name, slider in self._sliders.items():
            slider.observe(functools.partial(self._slid, name), "value")
        # only now: whoever hears of the selection may ask at once, from the publisher's thread
        if indices:
            self.selection.change(indices=indices, explained=indices, source=self)
        self.selected = self.selection.explained
        self.observe(self._ask_soon, list(ASKING))
        self.observe(self._ask_soon, "following")
        self.observe(self._compare_switched, "comparing")
        self.observe(self._recolored, "colormap")
        self.observe(self.redraw, "size")
        self.observe(self._chosen, "selected")
        self._ask_soon()

    # showing

    def _show_known(self) -> bool:
        if must_wait(self.samples, self.tracker):
            return False
        pictures = self.samples.pictures(self._asked)
        known: tuple[Any, ...] = () if self.tracker is None else self.tracker.predictions(self._asked)
        cells = self._cells()
        with self._rows.easel.held():
            for row, index in enumerate(self._asked):
                label = self._label_of(index)
                said = first_caption(
                    index, -1 if label is None else label, known[row] if known else None,
                    self._name_of, self._loss_of(index),
                )  # fmt: skip
                self._rows.show(row, said, cells.names(index), cells, {"input": pictures[row]}, keep=False)
        return True

    def _arrived(self, serial: int, result: Any) -> int:
        if serial != self._serial:
            return 0  # an answer to an older question
        costly = self._cost(result) > _AFFORDABLE
        first = self._result is None
        self._result, self._failed = result, None
        self._rows.stale(False)
        if result.done:
            self._made += len(result.columns)
            self._gap = widest_gap(result.columns)
        sent = self._show_pictures(keep=not first) if first or result.done or not costly else 0
        if self.comparing and self._reference_job is None and not self._closed:
            self._ask_soon()  # now there are weights to set aside
        self._show_state()
        return sent

    def claims(self) -> list[CheckItem]:
        """Say what pictures were made and whether the weights were left alone, for ``tracker.check()``."""
        if not self._made or self._closed:
            return []
        made = "one picture" if self._made == 1 else f"{self._made:,} pictures"
        gap = f", gap {percent(self._gap)}" if math.isfinite(self._gap) else ""
        items = [CheckItem("ok", f"saliency: {made} made{gap}")]
        untouched = self.service.weights_untouched
        if untouched:
            items.append(CheckItem("ok", "weights untouched"))
        elif untouched is False:
            why = "they changed while they were copied, since training went on"
            items.append(CheckItem("open", f"weights untouched: not proved, {why}"))
        return items

    def _reference_arrived(self, serial: int, result: Any) -> int:
        if serial != self._serial or not self.comparing:
            return 0
        shown = self._reference is not None and not result.done and self._cost(result) > _AFFORDABLE
        self._reference = result
        sent = 0 if shown else self._show_pictures(keep=True)
        self._show_state()
        return sent

    def _cost(self, result: Any) -> int:
        pictures = result.pictures or []
        return sum(12 * picture.shape[0] * picture.shape[1] for picture in pictures)

    def _show_pictures(self, *, keep: bool) -> int:
        if self._result is None:
            return 0
        with self._rows.easel.held():
            return self._draw_pictures(keep=keep)

    def _draw_pictures(self, *, keep: bool) -> int:
        results, sent = self._compared(), 0
        look = look_of(self.samples.kind)
        for place, result in enumerate(results):
            pictures = result.pictures if result.pictures is not None else self._drawings(result)
            cells = self._cells().drawable(look, pictures is not None)
            for row, index in enumerate(result.batch.index):
                label = int(result.batch.labels[row])
                loss = self._loss_of(index) if result is self._result else None  # it is of the newest weights
                said = caption(result.columns, row, index, label, self._name_of, loss)
                if len(results) > 1:
                    said.insert(1, [[weights_name(result.weights), "strong"]])
                sent += self._rows.show(
                    row * len(results) + place,
                    said,
                    cells.names(index),
                    cells,
                    row_pictures(
                        result.columns,
                        row,
                        pictures[row] if pictures is not None else None,
                        self.colormap,
                        look,
                    ),
                    keep=keep,
                )
        return sent

    def _cells(self) -> Cells:
        return Cells.of(self.columns, self.smoothing, self.integrating)

    def _compared(self) -> list[Any]:
        """Return what is shown of every sample: the newest pictures, under those they are compared with."""
        both = self.comparing and self._reference is not None
        return [self._reference, self._result] if both else [self._result]

    def _drawings(self, result: Any) -> Any:
        """Draw samples that are no pictures, unless reading them would move a random stream of the run."""
        if getattr(self.samples, "draws_random", False):
            return None
        return self.samples.pictures(result.batch.index)

    def _show_state(self) -> None:
        asked = self.selection.explained
        state = self.service.state
        running = self._running()
        fresh = self._result is not None
        empty: dict[str, str] | None
        if self._failed is not None:
            empty = None if fresh else problem_state(self._failed)
        else:
            page = (*self._asked, *self._missing)
            known = len(self.samples) if self.samples.indices is not None else None
            shown = fresh or self._previewed
            empty = empty_state(page if asked else (), self._missing, known, state, stale=shown)
        self._rows.resize(self.size)
        previewed = len(self._asked) if self._previewed and self._failed is None else 0
        self._rows.only(len(self._asked) * len(self._compared()) if fresh else previewed)
        self.front.put(
            head={"title": self._title, "words": self._words(asked)},
            tools=tool_words(
                self.baseline, self.target, self.colormap, self.size, self._targets(), self.columns
            ),
            empty=empty,
            summary=self.summary(),
        )
        self._show_strip()
        if running and state != "computing":
            self.publisher.touch(self)  # the state changes without an event: look again

    def _strip(self) -> dict[str, Any]:
        running = self._running()
        if self._failed is not None or not self._asked or not (running or self._result or self._cancelled):
            return super()._strip()
        result = self._result
        return progress_strip(
            None if result is None else result.columns,
            running=running,
            waiting=self.service.state == "waiting for a safe point",
            cancelled=self._cancelled,
            notes=() if result is None else result.notes,
            missing=self._missing,
        )

    def _words(self, asked: tuple[Index, ...]) -> list[dict[str, Any]]:
        return head_words(
            None if self._result is None else self._result.weights,
            status="idle" if self.tracker is None else self.tracker.status,
            following=self.following,
            paused=self.paused,
            tracked=self.tracker is not None,
            compared=self.service.pinned if self.comparing else None,
            more=(self._first, len(self._asked) + len(self._missing), len(asked)),
        )

    def _went_wrong(self, serial: int, problem: BaseException) -> None:
        if serial != self._serial:
            return
        problem = advised(problem, self.samples)
        self._failed = problem
        self._rows.stale(False)
        self.show_problem(problem)
        self._show_state()

    def draw(self) -> int:
        """Refresh the words: state, weights, losses. The pictures come with their results."""
        if self._closed or not self.children:
            return 0
        return self._draw() + self._life.still.refresh_sometimes()

    def _draw(self) -> int:
        self._show_state()
        return 0

    # words

    def _name_of(self, label: int) -> str:
        name = str(label) if self.tracker is None else self.tracker.name_of(label)
        return str(self.samples.name_of(label)) if name == str(label) else str(name)

    def _targets(self) -> list[tuple[Any, str]]:
        if self.tracker is not None and self.tracker.labels:
            return [(label, self._name_of(label)) for label in self.tracker.labels if isinstance(label, int)]
        return sorted(self.samples.label_names.items())

    def _loss_of(self, index: Index) -> float | None:
        for mode in () if self.tracker is None else self.tracker.modes:
            if "loss" in self.tracker.metrics(mode) and self.tracker.label_of(index, mode) is not None:
                values = self.tracker.instance_series([index], "loss", mode=mode).values[0]
                seen = values[np.isfinite(values)]
                if len(seen):
                    return float(seen[-1])
        return None

    def summary(self) -> str:
        """Say in one line what is shown."""
        if not self._asked:
            return "saliency of nothing: no instance is selected"
        return f"saliency of {', '.join(index_text(index) for index in self._asked)}"

    def figure(self, dark: bool = False) -> Any:
        """Make the same grid without a browser; it needs a result."""
        from xai_widgets import figures

        if self._result is None:
            raise ValueError("nothing is computed yet; select an instance, and wait for its pictures")
        result = self._result
        return figures.saliency_grid(
            result.columns,
            result.pictures if result.pictures is not None else self.samples,
            index=list(result.batch.index),
            labels=[None if label == -1 else int(label) for label in result.batch.labels],
            label_names=dict(self._targets()),
            colormap=self.colormap,
            signed=self.colormap == "blue-orange",
            weights=str(result.weights),
            dark=dark,
        )

    # what the browser and the user say

    def _appeared(self, message: Message) -> None:
        easel = self._rows.easel
        easel.ratio = max(easel.ratio, message.ratio) if not message.fresh else message.ratio
        if message.fresh:
            easel.renew()

    def _chose(self, name: str, value: str) -> None:
        if name == "follow":
            wanted = one_of(value, ("follow", "stay", "compare"))
            if wanted == "compare":
                self.compare()
            else:
                self.following, self.comparing = wanted == "follow", False
        elif name == "baseline":
            self.baseline = one_of(value, [*BASELINES, self.baseline])
        elif name == "colormap":
            self.colormap = one_of(value, [*COLORMAPS, self.colormap])
        elif name == "columns":
            self._switch_column(one_of(value, [*methods.columns(), *self.columns]))
        elif name == "size":
            self.size = one_of(value, SIZES)
        elif name == "target":
            targets = {target_key(label): label for label, _ in self._targets()}
            targets |= {"predicted": None, "true": "true", target_key(self.target): self.target}
            self.target = targets[one_of(value, targets)]
        else:
            super()._chose(name, value)

    def _pressed(self, action: str) -> None:
        if action == "cancel":
            self._cancelled = self._running()
            self._cancel_job()
            self._rows.stale(False)
            self._show_state()
        elif action == "pin":
            self.compare()
        elif action == "again":
            self._result = None if not self.following else self._result
            self._ask()
        elif action in ("earlier", "later"):
            step = self._rows.most if action == "later" else -self._rows.most
            self._first = max(0, self._first + step)
            self._ask()
        else:
            super()._pressed(action)

    def _slid(self, name: str, change: Any) -> None:
        setattr(self, name, change["new"])

    def _recolored(self, change: Any) -> None:
        palette.colormap(change["new"])
        task = functools.partial(self._safely, self._recolor)
        self.publisher.submit(("recolor", id(self)), task)

    def _recolor(self) -> int:
        sent = self._show_pictures(keep=False)
        self._show_state()
        return sent

    def _chosen(self, change: Any) -> None:
        self.selection.change(explained=change["new"], source=self)

    def _selection_changed(self, selection: Selection, changed: frozenset[str], source: object) -> None:
        if "explained" in changed:
            self.selected = selection.explained
            self._first = 0
            self._ask_soon()

    def _pause_switched(self, change: Any) -> None:
        if not change["new"] or self._follower is not None:
            self._ask_soon()

    def _close_parts(self) -> None:
        self._cancel_job()
        self.service.close()
        self._rows.easel.close()


def _claims_of(panel: weakref.ref[SaliencyPanel]) -> list[CheckItem]:
    """Ask a panel for its claims, as long as there is one: a tracker keeps none alive."""
    known = panel()
    return [] if known is None else known.claims()
