"""What a network looks at: pictures, overlays and masks side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets._metrics import number, percent, probability
from xai_widgets.figures import palette
from xai_widgets.figures.drawing.canvas import BODY, SMALL, TITLE, Sheet
from xai_widgets.figures.drawing.inputs import names_by_value, picture_of
from xai_widgets.figures.picture import StaticFigure
from xai_widgets.figures.text import shown_index, shown_text

TITLES = {
    "input": "Input",
    "overlay": "Overlay",
}
_WORDS, _GAP, _TOP = 190.0, 7.0, 88.0
_MOST_TALL = 12


@dataclass(frozen=True)
class Column:
    """One column of masks: (B, H, W) in [0, 1]; ``sizes`` are the same without the sign, for the overlay."""

    key: str
    title: str
    masks: NDArray[np.float32]
    sizes: NDArray[np.float32]


def saliency_grid(
    columns: Any,
    pictures: Any,
    *,
    index: Sequence[Any] | None = None,
    labels: Any = None,
    label_names: Any = None,
    show: Sequence[str] | None = None,
    colormap: str | None = None,
    signed: bool = False,
    percentile: float = 99.0,
    weights: str = "",
    title: str = "What does it look at?",
    tile: float | None = None,
    dark: bool = False,
) -> StaticFigure:
    """Draw samples row by row: label and prediction, input, overlay and the masks.

    Parameters
    ----------
    columns : SaliencyColumns, Attribution, sequence of Attribution, or dict of masks
        From ``engine.saliency_columns`` or ``engine.attribute``, for B samples; a dict maps a title to masks (B, H, W)
        in [0, 1].
    pictures : Samples, numpy.ndarray or sequence
        The inputs to look at: uint8 (B, H, W, 3), B such pictures, or something with ``pictures(indices)``.
    index : sequence of int or str, optional
        The index values of the B samples; needed with Samples.
    labels : sequence, optional
        The true label of each; from Samples where they know it.
    label_names : {value: name}, {name: value} or list, optional
        From Samples by default.
    show : sequence of str, optional
        The columns to draw and their order, of "input", "overlay" and the keys of ``columns`` ("raw", "smoothed",
        "integrated", "smint", a method's name, or the dict's titles); all there are by default.
    colormap : str, optional
        "inferno" by default, "blue-orange" for signed masks; any name of ``palette.colormap``.
    signed : bool, default False
        Show positive and negative contributions apart.
    percentile : float, default 99
        From this percentile of a mask on it is shown full.
    weights : str, optional
        Which weights these are, such as "step 640".
    title : str
        What stands at the top.
    tile : float, optional
        Side of a picture in CSS pixels; 96, or 56 beyond twelve samples. Small pictures are enlarged by a whole number.
    dark : bool, default False
        Dark theme.

    Returns
    -------
    StaticFigure

    Raises
    ------
    ValueError
        If there are no samples, the numbers of pictures, masks and labels differ, or a column does not exist.
    TypeError
        If ``columns`` is of no kind named above.
    """
    from xai_widgets.attribution.methods import best_column

    result, masks = _columns_of(columns, signed, percentile)
    shots = _pictures_of(pictures, index, len(masks[0].masks))
    true = _labels_of(pictures, index, labels, len(shots))
    names = names_by_value(label_names) or names_by_value(getattr(pictures, "label_names", None))
    map_name = colormap or ("blue-orange" if signed else "inferno")
    palette.colormap(map_name)  # an unknown name is said before anything is drawn
    keys = _keys(masks, show)
    side = _side(tile or (96.0 if len(shots) <= _MOST_TALL else 56.0), shots)
    row_height = max(side + _GAP, 62.0)
    width = max(15 + _WORDS + len(keys) * (side + _GAP) + 8, 420)
    sheet = Sheet(width, _TOP + row_height * len(shots) + 34, dark=dark)
    theme = sheet.theme
    subtitle = _subtitle(result, len(shots), weights)
    sheet.text(15, 21, title, size=TITLE, weight="bold", max_width=width - 30)
    sheet.text(15, 41, subtitle, size=BODY, color=theme.muted, max_width=width - 30)
    by_key = {column.key: column for column in masks}
    best = best_column(by_key)
    for at, key in enumerate(keys):
        x = 15 + _WORDS + at * (side + _GAP)
        name = by_key[key].title if key in by_key else TITLES[key]
        sheet.text(x, _TOP - 13, name, size=SMALL, color=theme.muted, max_width=side)
        for row, shot in enumerate(shots):
            pixels = _pixels(key, by_key, by_key[best], shot, row, map_name, signed)
            _place(sheet, x, _TOP + row * row_height, side, pixels)
    for row in range(len(shots)):
        lines = _words(result, row, None if index is None else index[row], true[row], names, theme)
        for at, (text, color, weight) in enumerate(lines):
            y = _TOP + row * row_height + 8 + 16.5 * at
            sheet.text(
                15,
                y,
                text,
                size=BODY if at == 0 else SMALL + 0.5,
                color=color,
                weight=weight,
                max_width=_WORDS - 8,
            )
    _key_to_colors(sheet, map_name, signed, percentile)
    return sheet.finished(
        f"{title} {subtitle}: {', '.join(by_key[k].title if k in by_key else TITLES[k] for k in keys)}"
    )


def _columns_of(given: Any, signed: bool, percentile: float) -> tuple[Any, list[Column]]:
    """Return the result that knows predictions and errors (or None), and the columns of masks."""
    if isinstance(given, Mapping):
        masks = {k: _checked_masks(v) for k, v in given.items()}
        columns = [
            Column(str(k), shown_text(k, 20), m, np.abs(2 * m - 1) if signed else m) for k, m in masks.items()
        ]
        result = None
    elif hasattr(given, "smint"):
        from xai_widgets.attribution.methods import default_columns

        there = {key: one for key in default_columns() if (one := getattr(given, key, None)) is not None}
        columns = [_column(k, _title(k), a, signed, percentile) for k, a in (given.columns or there).items()]
        result = given
    else:
        many = [given] if hasattr(given, "masks_at") else list(given) if isinstance(given, Sequence) else []
        if not many or not all(hasattr(a, "masks_at") for a in many):
            raise TypeError(
                f"expected SaliencyColumns, an Attribution, several of them or a dict of masks, got {type(given).__name__}"
            )
        columns = [_column(a.method, _title(a.method), a, signed, percentile) for a in many]
        result = many[-1]
    if not columns or not len(columns[0].masks):
        raise ValueError("there are no masks to draw: every column is switched off, or there are no samples")
    if len({len(column.masks) for column in columns}) > 1:
        raise ValueError(f"the columns hold different numbers of samples: {[len(c.masks) for c in columns]}")
    return result, columns


def _title(key: str) -> str:
    from xai_widgets.attribution.methods import columns

    return columns().get(key) or shown_text(key, 20)


def _column(key: str, title: str, attribution: Any, signed: bool, percentile: float) -> Column:
    masks = _masks(attribution, signed, percentile)
    return Column(key, title, masks, _masks(attribution, False, percentile) if signed else masks)


def _masks(attribution: Any, signed: bool, percentile: float) -> NDArray[np.float32]:
    masks = attribution.masks_at(percentile, signed)
    return _checked_masks(masks[0] if isinstance(masks, tuple) else masks)


def _checked_masks(masks: Any) -> NDArray[np.float32]:
    array = np.asarray(masks, np.float32)
    if array.ndim == 2:  # signals: a strip, one row high
        array = array[:, None, :]
    if array.ndim != 3:
        raise ValueError(f"masks should have shape (B, H, W), got {array.shape}")
    return array


def _pictures_of(pictures: Any, index: Sequence[Any] | None, count: int) -> list[NDArray[np.uint8]]:
    if hasattr(pictures, "pictures"):
        if index is None:
            raise ValueError(
                "pass index=[...], the index values of the samples, to take pictures out of Samples"
            )
        shots = [np.asarray(p) for p in pictures.pictures(list(index))]
    else:
        shots = [checked for p in pictures if (checked := picture_of({0: p}, 0)) is not None]
    if len(shots) != count or (index is not None and len(index) != count):
        there = f"{len(shots)} pictures" + ("" if index is None else f" and {len(index)} index values")
        raise ValueError(f"{there} for masks of {count} samples; give one each")
    return shots


def _labels_of(pictures: Any, index: Sequence[Any] | None, labels: Any, count: int) -> list[Any]:
    if labels is None and index is not None and hasattr(pictures, "labels"):
        labels = [None if v == -1 else int(v) for v in pictures.labels(list(index))]
    if labels is None:
        return [None] * count
    found = [v.item() if hasattr(v, "item") else v for v in labels]
    if len(found) != count:
        raise ValueError(f"{len(found)} labels for {count} samples; give one each")
    return found


def _keys(columns: list[Column], show: Sequence[str] | None) -> list[str]:
    there = ["input", "overlay", *(column.key for column in columns)]
    if show is None:
        return there
    unknown = [key for key in show if key not in there]
    if unknown or not len(show):
        raise ValueError(
            f"show should name some of {', '.join(there)}, got {', '.join(map(repr, show)) or 'nothing'}"
        )
    return list(show)


def _pixels(
    key: str,
    by_key: dict[str, Column],
    best: Column,
    shot: NDArray[np.uint8],
    row: int,
    map_name: str,
    signed: bool,
) -> NDArray[np.uint8]:
    if key == "input":
        return shot
    if key == "overlay":
        from xai_widgets.attribution.masks import overlay

        # what argues against a class is looked at as well: a sign would hide where that is
        return overlay(shot, best.sizes[row], palette.colormap("inferno" if signed else map_name))
    return palette.paint(by_key[key].masks[row], map_name)


def _side(tile: float, shots: list[NDArray[np.uint8]]) -> float:
    """Enlarge small pictures by a whole number, so that all their pixels are the same size."""
    largest = max(max(shot.shape[:2]) for shot in shots)
    return float(tile // largest * largest) if largest <= tile else float(tile)


def _place(sheet: Sheet, x: float, y: float, side: float, pixels: NDArray[np.uint8]) -> None:
    rows, columns = pixels.shape[:2]
    if rows == 1:  # a strip for a signal
        sheet.image(x, y + side / 4, side, side / 2, pixels)
        return
    scale = side / max(rows, columns)
    sheet.image(
        x + (side - columns * scale) / 2, y + (side - rows * scale) / 2, columns * scale, rows * scale, pixels
    )


def _words(
    result: Any, row: int, index: Any, true: Any, names: dict[Any, str], theme: palette.Theme
) -> list[tuple[str, str, str]]:
    """Say what this sample is, what was predicted and how far the maps can be trusted."""
    lines = [(shown_index(index) if index is not None else f"sample {row + 1}", theme.text, "bold")]
    if true is not None:
        lines.append((f"true {names.get(true, shown_text(true, 24))}", theme.text, "normal"))
    if result is None:
        return lines
    predicted, chance = int(result.prediction[row]), float(result.probability[row])
    if predicted >= 0:
        wrong = true is not None and true != predicted
        sure = f" {written}" if (written := probability(chance)) else ""
        name = names.get(predicted, str(predicted))
        lines.append(
            (f"predicted {name}{sure}", theme.hardest if wrong else theme.text, "bold" if wrong else "normal")
        )
    if result.value is not None:
        lines.append((f"says {number(float(result.value[row]))}", theme.text, "bold"))
    target = int(result.target[row])
    if target >= 0 and target != predicted:
        lines.append((f"explains {names.get(target, str(target))}", theme.muted, "normal"))
    gap, error = _relative_gap(result, row), float(np.asarray(result.standard_error)[row])
    trust = [f"gap {percent(gap)}"] if np.isfinite(gap) else []
    trust += [f"error {percent(error)}"] if np.isfinite(error) and error > 0 else []
    if trust:
        lines.append((", ".join(trust), theme.muted, "normal"))
    return lines


def _relative_gap(result: Any, row: int) -> float:
    """Return the completeness gap as a share of what the integrated attribution adds up to."""
    part = getattr(result, "integrated", result)
    gap = float(np.asarray(result.completeness_gap)[row])
    values = getattr(part, "values", None)
    if values is None or not np.isfinite(gap):
        return float("nan")
    many = values if isinstance(values, tuple) else (values,)
    total = abs(sum(float(np.asarray(v)[row].sum(dtype=np.float64)) for v in many))
    return gap / total if total > 0 else float("nan")


def _subtitle(result: Any, count: int, weights: str) -> str:
    words = [f"{count:,} sample{'' if count == 1 else 's'}"]
    if result is not None:
        done, total = int(result.evaluations), int(result.evaluations_total)
        part = f"{done:,}" if result.done or done >= total else f"{done:,} of {total:,}"
        words.append(f"{part} gradient evaluations each")
    if weights:
        words.append(f"weights of {shown_text(weights)}")
    return ", ".join(words)


def _key_to_colors(sheet: Sheet, map_name: str, signed: bool, percentile: float) -> None:
    y = sheet.height - 20
    ends = (
        ("against", "for the explained class")
        if signed
        else ("least", f"most ({percentile:g}th percentile of each mask)")
    )
    left = 15 + sheet.text(15, y + 4, ends[0], size=SMALL, color=sheet.theme.muted) + 7
    sheet.image(left, y, 72, 8, palette.colormap(map_name)[None, :, :].repeat(2, axis=0))
    sheet.text(
        left + 79, y + 4, ends[1], size=SMALL, color=sheet.theme.muted, max_width=sheet.width - left - 90
    )
