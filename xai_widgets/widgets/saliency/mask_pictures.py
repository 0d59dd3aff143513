"""From the engine's columns to pictures and words; numpy only, no widget."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from xai_widgets._metrics import number, percent, probability
from xai_widgets.attribution import methods, overlay
from xai_widgets.attribution.settings import Settings
from xai_widgets.figures import palette
from xai_widgets.widgets.saliency.kinds import Look
from xai_widgets.widgets.view.formatting import clean, index_text

Picture = npt.NDArray[np.uint8]
Run = list[str]
#: the cells of a row that are no masks, with what stands under them
PICTURES: Final[Mapping[str, str]] = {"input": "Input", "overlay": "Overlay"}


@dataclass(frozen=True)
class Cells:
    """The pictures of a row, from left to right.

    Attributes
    ----------
    keys : tuple of str
        "input", "overlay" and the columns of masks chosen, as `attribution.methods.columns` has them.
    shown : tuple of str
        Those of them that are switched on and have something to draw.
    """

    keys: tuple[str, ...]
    shown: tuple[str, ...]

    @classmethod
    def of(cls, columns: tuple[str, ...], smoothing: int, integrating: int) -> Cells:
        """Return the cells of these columns; 0 draws or 0 steps switch off those that need some."""
        settings = Settings.of({"smoothing": smoothing, "integrating": integrating})
        masks = (key for key in columns if methods.column(key, settings) is not None)
        return cls((*PICTURES, *columns), (*PICTURES, *masks))

    def drawable(self, look: Look, pictured: bool) -> Cells:
        """Leave out what has nothing to draw: the overlay of a table or a signal, the input that is no picture."""
        left_out = set() if look.laid_over else {"overlay"}
        if not pictured:
            left_out |= set(PICTURES)
        return replace(self, shown=tuple(key for key in self.shown if key not in left_out))

    @property
    def best(self) -> str:
        """The column that is laid over the input; "" where every one is switched off."""
        masks = [key for key in self.shown if key not in PICTURES]
        return methods.best_column(masks) if masks else ""

    @property
    def titles(self) -> list[str]:
        """What stands under each cell."""
        known = methods.columns()
        return [PICTURES.get(key) or clean(known.get(key, key), 24) for key in self.keys]

    def names(self, index: int | str) -> list[str]:
        """Name each cell of an instance for screen readers."""
        said = {"input": "input", "overlay": "input with the mask laid over it"}
        named = zip(self.keys, self.titles, strict=True)
        return [
            f"{said.get(key) or f'{title} mask'} of {index_text(index)}{'' if key in self.shown else ', off'}"
            for key, title in named
        ]


def is_signed(colormap: str) -> bool:
    """Tell whether a colour map has its zero in the middle, so that the sign is shown."""
    return colormap.removesuffix("_r") == "blue-orange"


def row_pictures(
    columns: Any, row: int, shown: Picture | None, colormap: str, look: Look
) -> dict[str, Picture]:
    """Make the pictures of one sample.

    Parameters
    ----------
    columns
        `SaliencyColumns`, finished or so far.
    row
        Which sample of it.
    shown
        The sample to look at, (H, W, 3) uint8, or None.
    colormap
        A name of `figures.palette.colormap`; "blue-orange" shows the sign.
    look
        How masks of this kind of input are shown.

    Returns
    -------
    dict
        Column name to (H, W, 3) uint8; columns that are not there yet are left out.
    """
    made: dict[str, Picture] = {} if shown is None else {"input": shown}
    for name, attribution in columns.columns.items():
        mask = _mask(attribution.masks_at(signed=is_signed(colormap)), row, look)
        made[name] = palette.paint(mask, colormap)
    if shown is not None and columns.columns:
        best = _mask(columns.columns[methods.best_column(columns.columns)].masks_at(), row, look)
        if look.laid_over:
            made["overlay"] = overlay(
                shown, best, palette.colormap("inferno" if is_signed(colormap) else colormap)
            )
    return made


def _mask(masks: Any, row: int, look: Look) -> npt.NDArray[np.float32]:
    """Find the mask of a sample as it is painted: of several inputs the first that is a picture."""
    several = masks if isinstance(masks, tuple) else (masks,)
    chosen = next((m for m in several if m.ndim == 3), several[0])
    return look.mask(np.asarray(chosen[row], np.float32))


def caption(
    columns: Any, row: int, index: int | str, label: int, name_of: Callable[[int], str], loss: float | None
) -> list[list[Run]]:
    """Say what a sample is and what the network says: runs of [text, style]."""
    said: list[list[Run]] = [[[index_text(index), "strong"]]]
    if label != -1:
        said.append([["true ", ""], [clean(name_of(label), 40), "strong"]])
    predicted = int(columns.prediction[row])
    if predicted >= 0:
        sure = float(columns.probability[row])
        style = "warm" if label not in (-1, predicted) else "strong"
        said.append(
            [
                ["predicted ", ""],
                [clean(name_of(predicted), 40), style],
                [f" {probability(sure)}", ""],
            ]
        )
    if columns.value is not None:
        said.append([["says ", ""], [number(float(columns.value[row])), "strong"]])
    target = int(columns.target[row])
    if target >= 0 and target != predicted:
        said.append([["explains ", ""], [clean(name_of(target), 40), "strong"]])
    if loss is not None and math.isfinite(loss):
        said.append([[f"loss {number(loss)}", "quiet"]])
    return said


def first_caption(
    index: int | str, label: int, predicted: Any, name_of: Callable[[int], str], loss: float | None
) -> list[list[Run]]:
    """Say what is known of a sample before the network is asked: its last recorded prediction, if there is one."""
    said: list[list[Run]] = [[[index_text(index), "strong"]]]
    if label != -1:
        said.append([["true ", ""], [clean(name_of(label), 40), "strong"]])
    if isinstance(predicted, int):
        style = "warm" if label not in (-1, predicted) else "strong"
        said.append([["last predicted ", ""], [clean(name_of(predicted), 40), style]])
    if loss is not None and math.isfinite(loss):
        said.append([[f"loss {number(loss)}", "quiet"]])
    return said


#: up to which error, relative to the attribution, masks are called so
_WORDS: Final = ((0.05, "exact"), (0.2, "fair"))


def trust(columns: Any) -> tuple[str, str]:
    """Say how far the masks may be off, over all samples shown.

    Returns
    -------
    tuple of str
        A word ("exact" up to 5 %, "fair" up to 20 %, else "rough"), and the numbers behind it: "completeness gap 1.8 %,
        standard error 6 %". Both are "" where nothing is known.
    """
    gaps = _gaps(columns)
    errors = np.asarray(columns.standard_error, np.float64)
    known = errors[np.isfinite(errors) & (errors >= 0)]
    said = [f"completeness gap {percent(max(gaps))}"] if gaps else []
    worst = max(gaps, default=0.0)
    if len(known) and known.max() > 0:
        said.append(f"standard error {percent(float(known.max()))}")
        worst = max(worst, float(known.max()))
    word = next((word for most, word in _WORDS if worst <= most), "rough")
    return (word, ", ".join(said)) if said else ("", "")


def _gaps(columns: Any) -> list[float]:
    return [gap for gap in (relative_gap(columns, row) for row in range(len(columns))) if math.isfinite(gap)]


def widest_gap(columns: Any) -> float:
    """Return the largest completeness gap of all samples, as a share; NaN where none is known."""
    return max(_gaps(columns), default=math.nan)


def relative_gap(columns: Any, row: int) -> float:
    """Return the completeness gap as a share of what the integrated attribution adds up to; NaN where unknown."""
    gap = float(np.asarray(columns.completeness_gap)[row])
    part = columns.integrated
    if part is None or not math.isfinite(gap):
        return math.nan
    total = abs(float(part.total[row]))
    return gap / total if total > 0 else math.nan
